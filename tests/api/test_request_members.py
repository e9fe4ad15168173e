"""What the contract lets a client send is taken, refused by name, or stands here with the reason why it means nothing."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opencbr.api.openapi import document
from opencbr.api.routes import ROUTES

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, server_ref
from .test_policies import new_policy, room

CONTRACT = Path(__file__).parents[2] / "src/opencbr/contract/operations.json"

WITHOUT_MEANING = {
    "CreateVault vault.billing.period_type": "of pre-paid vaults, which are refused as a whole",
    "CreateVault vault.billing.period_num": "of pre-paid vaults",
    "CreateVault vault.billing.is_auto_renew": "of pre-paid vaults; clients send it with post_paid too (contract 10.2, T17)",
    "CreateVault vault.billing.is_auto_pay": "of pre-paid vaults; clients send it with post_paid too",
    "CreateVault vault.billing.console_url": "where the vendor's shop leads back to",
}
ADVANCED = re.compile(r"(Create|Update)Policy policy\.operation_definition\.advanced_retention_rules\..+")
"""Of the advanced rules, which are refused as a whole."""


@pytest.fixture(name="without_policies")
def _without_policies(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def members(schema: dict[str, Any], schemas: dict[str, Any], path: str = "") -> set[str]:
    """Every member that a body may have, by its path; the items of a list have the list's own."""
    found: set[str] = set()
    for part in (schema, *schema.get("anyOf", ())):
        here = schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        for name, inner in here.get("properties", {}).items():
            found |= {f"{path}{name}"} | members(inner, schemas, f"{path}{name}.")
        if "items" in here:
            found |= members(here["items"], schemas, path)
    return found


def test_every_member_that_the_contract_knows_is_known_here():
    published = {op["operation"]: op["body"] for op in json.loads(CONTRACT.read_text())}
    ours = document(ROUTES)
    schemas = ours["components"]["schemas"]
    walked, dropped = 0, set()
    for path in ours["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            if not published.get(name) or "requestBody" not in operation:
                continue
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            wanted = members(published[name], {})
            walked += len(wanted)
            dropped |= {f"{name} {member}" for member in wanted - members(body, schemas)}
    assert walked > 50
    assert {one for one in dropped if not ADVANCED.fullmatch(one)} == WITHOUT_MEANING.keys()


QUERIES_WITHOUT_MEANING = {
    "ListBackups dec": "of dedicated clouds, which there are none of (contract 2)",
    "ListBackups show_replication": "shows copies in other regions, which there are none of",
}
NARROWED = {
    "limit": "1",
    "offset": "1",
    "sort": "name:upwards",
    "own_type": "shared",
    "used_percent": "100",
    "incremental": "maybe",
    "dec": "true",
    "show_replication": "true",
    "start_time": "2199-01-01T00:00:00Z",
    "end_time": "2001-01-01T00:00:00Z",
}
"""A value that leaves something out or is refused; of all other parameters a name that nothing has does."""


@pytest.mark.usefixtures("without_policies")
def test_every_parameter_of_a_query_that_the_contract_knows_narrows_a_list_or_is_refused_by_name(
    cbr: ApiServer,
):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    for _ in range(2):
        new_vault(cbr, server_ref(new_server(cbr)))
        cbr.log(resource_id=cbr.backup(cbr.vault()).resource_id)
        new_policy(cbr)
    ours = {
        operation["operationId"]: path
        for path, methods in document(ROUTES)["paths"].items()
        for operation in methods.values()
    }
    walked, ignored = 0, set()
    for op in json.loads(CONTRACT.read_text()):
        if not op["query"] or op["operation"] not in ours:
            continue
        path = op["path"].partition("{project_id}/")[2].replace("{protectable_type}", "disk")
        whole = cbr.call("GET", path)
        assert whole.status_code == 200, whole.text
        for name in op["query"]["properties"]:
            walked += 1
            answer = cbr.call("GET", f"{path}?{name}={NARROWED.get(name, vault['id'][::-1])}")
            if answer.status_code == 400:
                assert name in answer.json()["error_msg"], answer.text
            elif rows(answer) == rows(whole):
                ignored.add(f"{op['operation']} {name}")
    assert walked > 50
    assert ignored == QUERIES_WITHOUT_MEANING.keys()


def rows(answer: Any) -> list[Any]:
    (found,) = [value for value in answer.json().values() if isinstance(value, list)]  # trap T11
    return list(found)
