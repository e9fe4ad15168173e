"""An order that is committed is answered as one, whatever the cloud's own texts and numbers are."""

import json

import pytest

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, refused, server_ref

HALF = "half \ud800 of a pair"


def test_a_name_that_is_no_unicode_stands_in_the_answers(cbr: ApiServer):
    server = new_server(cbr, name=HALF)
    vault = new_vault(cbr, server_ref(server))
    (bound,) = vault["resources"]
    assert bound["name"] == "half \ufffd of a pair"
    answer = cbr.call("POST", "checkpoints", {"checkpoint": {"vault_id": vault["id"], "parameters": {}}})
    assert answer.status_code == 200, answer.text
    checkpoint = answer.json()["checkpoint"]
    assert checkpoint["vault"]["resources"][0]["name"] == bound["name"]
    assert cbr.call("GET", f"checkpoints/{checkpoint['id']}").json() == {"checkpoint": checkpoint}


def test_what_the_cloud_says_of_a_server_is_shown_whatever_it_is(cbr: ApiServer):
    number = 10**400
    server = new_server(cbr, name=HALF, metadata={"half": HALF, "count": number})
    answer = cbr.call("GET", f"protectables/server/instances/{server['id']}")
    assert answer.status_code == 200, answer.text
    detail = json.loads(answer.text)["instance"]["detail"]
    assert detail["metadata"] == {"half": HALF, "count": number}


@pytest.mark.parametrize("name", [5, ["n"], {"a": 1}, True], ids=str)
def test_a_server_whose_name_is_no_text_is_refused_before_anything_is_written(cbr: ApiServer, name: object):
    server = new_server(cbr)
    vault = new_vault(cbr)
    with cbr.cloud.backend.state.change():
        now = cbr.cloud.backend.state.get("server", server["id"])
        cbr.cloud.backend.state.put("server", now | {"name": name})
    answer = cbr.call("POST", f"vaults/{vault['id']}/addresources", {"resources": [server_ref(server)]})
    with cbr.cloud.backend.state.change():
        cbr.cloud.backend.state.put("server", now)
    refused(answer, 400, "7103", "name of server")
    assert cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]["resources"] == []
