"""Sign-in over HTTP: tokens and access keys against a real Keystone's behaviour, and whose project it is."""

from datetime import timedelta

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from opencbr.democloud.identity import tokens

from .house import House


def signed(house: House, key: tuple[str, str], path: str, *, project: str, method="GET", body=b"", date=None):
    """Send a request signed by the vendor's signer."""
    headers = {"Content-Type": "application/json", "X-Project-Id": project, "User-Agent": "sdk"}
    if date is not None:
        headers["X-Sdk-Date"] = date
    request = SdkRequest(
        method=method,
        schema="http",
        host=house.url.removeprefix("http://"),
        resource_path=path,
        query_params=[("limit", 1)],
        header_params=headers,
        body=body,
    )
    ready = Signer(BasicCredentials(ak=key[0], sk=key[1], project_id=project)).sign(request)
    return requests.request(
        method,
        house.url + ready.uri,
        headers=ready.header_params,
        data=body,
        timeout=30,
        allow_redirects=False,
    )


def withdraw(house: House, token: str) -> None:
    url, headers = f"{house.cloud.auth_url}/auth/tokens", {"X-Auth-Token": token, "X-Subject-Token": token}
    assert requests.delete(url, headers=headers, timeout=10).status_code == 204


def refused(answer, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["error_code"]) == (status, code), answer.text
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    return str(answer.json()["error_msg"])


def test_a_token_opens_its_own_project(house: House):
    assert house.call("GET", "backups").status_code == 200


def test_no_credentials(house: House):
    answer = house.call("GET", "backups", account=None)
    assert "X-Auth-Token" in refused(answer, 401, "APIGW.0301")
    assert "Keystone" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 20_000, "gAAAAA" + "b" * 180, "tok en", "tökén"])
def test_what_keystone_does_not_know_is_refused(house: House, token):
    answer = house.call("GET", "backups", account=None, headers={"X-Auth-Token": token.encode("latin-1")})
    refused(answer, 401, "APIGW.0301")


def test_an_unscoped_token_is_refused(house: House):
    who = house.cloud.account("demo")
    user = {"name": who["user_name"], "password": who["password"], "domain": {"id": "default"}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": "unscoped"}}
    token = requests.post(f"{house.cloud.auth_url}/auth/tokens", json=body, timeout=10).headers[
        "X-Subject-Token"
    ]
    answer = house.call("GET", "backups", account=None, headers={"X-Auth-Token": token})
    refused(answer, 401, "APIGW.0301")


def test_a_token_is_remembered_for_a_minute_and_no_longer(house: House):
    token = house.fresh_token()
    with_token = {"account": None, "headers": {"X-Auth-Token": token}}
    path = f"/v3/{house.project()}/backups"
    assert house.call("GET", path, **with_token).status_code == 200
    withdraw(house, token)
    house.clock.ahead = timedelta(seconds=30)
    assert house.call("GET", path, **with_token).status_code == 200
    house.clock.ahead = timedelta(seconds=61)
    refused(house.call("GET", path, **with_token), 401, "APIGW.0301")


def test_a_token_is_never_remembered_past_its_own_end(house: House, monkeypatch):
    """It ends forty seconds from now, well within the minute that Keystone's word is remembered for."""
    monkeypatch.setattr(tokens, "LIFETIME", timedelta(seconds=40))
    token = house.fresh_token()
    with_token = {"account": None, "headers": {"X-Auth-Token": token}}
    path = f"/v3/{house.project()}/backups"
    assert house.call("GET", path, **with_token).status_code == 200
    withdraw(house, token)  # Keystone, whose clock is not turned, does not know it any more either
    house.clock.ahead = timedelta(seconds=20)
    assert house.call("GET", path, **with_token).status_code == 200, "it is remembered until then"
    house.clock.ahead = timedelta(seconds=41)
    refused(house.call("GET", path, **with_token), 401, "APIGW.0301")


def test_a_foreign_project_is_forbidden(house: House):
    answer = house.call("GET", f"/v3/{house.project('other')}/backups")
    assert (answer.status_code, answer.json()["error_code"]) == (403, "BackupService.8600")


def test_a_template_in_place_of_the_project_id_is_explained(house: House):
    answer = house.call("GET", "/v3/%7Bproject_id%7D/backups")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.9900")
    assert "project_id" in answer.json()["error_msg"]


def test_an_access_key_opens_its_own_project(house: House):
    key, project = house.cloud.access_key("demo"), house.project()
    answer = signed(house, key, f"/v3/{project}/backups", project=project)
    assert answer.status_code == 200, answer.text
    again = signed(house, key, f"/v3/{project}/backups", project=project)
    assert again.status_code == 200, "equal signatures within a second are normal"


def test_a_signed_body(house: House):
    key, project = house.cloud.access_key("demo"), house.project()
    backup = house.backup(house.vault())
    path = f"/v3/{project}/backups/{backup.id}"
    answer = signed(house, key, path, project=project, method="PUT", body=b'{"backup":{"name":"signed"}}')
    assert answer.status_code == 200, answer.text
    assert answer.json()["backup"]["name"] == "signed"


def test_a_key_never_opens_another_project(house: House):
    key, other = house.cloud.access_key("demo"), house.project("other")
    answer = signed(house, key, f"/v3/{other}/backups", project=other)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "BackupService.8600")


def test_an_unknown_key_and_a_wrong_secret(house: House):
    access, _ = house.cloud.access_key("demo")
    project = house.project()
    for key in (("0" * 32, "secret"), (access, "wrong")):
        refused(signed(house, key, f"/v3/{project}/backups", project=project), 401, "APIGW.0301")


def test_a_clock_that_is_off_is_named(house: House):
    key, project = house.cloud.access_key("demo"), house.project()
    house.clock.ahead = timedelta(minutes=16)
    answer = signed(house, key, f"/v3/{project}/backups", project=project)
    assert "15 minutes" in refused(answer, 401, "APIGW.0303")


def test_the_template_is_explained_to_a_signing_client_too(house: House):
    answer = signed(house, house.cloud.access_key("demo"), "/v3/%7Bproject_id%7D/backups", project="p")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.9900")


def test_keystone_out_of_order_is_our_trouble_not_the_callers(house: House):
    token = house.fresh_token()
    house.cloud.faults.inject(service="identity", path=".*", status=500, times=20)
    try:
        answer = house.call(
            "GET", f"/v3/{house.project()}/backups", account=None, headers={"X-Auth-Token": token}
        )
    finally:
        house.cloud.faults.clear()
    assert (answer.status_code, answer.json()["error_code"]) == (503, "BackupService.9998")
    assert answer.headers["Retry-After"] == "1"
    assert token not in answer.text
