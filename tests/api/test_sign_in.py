"""Sign-in over HTTP: tokens and access keys against a real Keystone's behaviour, and whose project it is."""

from datetime import timedelta

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from opencbr.democloud.identity import authentication

from .api_server import ApiServer


def signed(
    cbr: ApiServer, key: tuple[str, str], path: str, *, project: str, method="GET", body=b"", date=None
):
    """Send a request signed by the vendor's signer."""
    headers = {"Content-Type": "application/json", "X-Project-Id": project, "User-Agent": "sdk"}
    if date is not None:
        headers["X-Sdk-Date"] = date
    request = SdkRequest(
        method=method,
        schema="http",
        host=cbr.url.removeprefix("http://"),
        resource_path=path,
        query_params=[("limit", 1)],
        header_params=headers,
        body=body,
    )
    ready = Signer(BasicCredentials(ak=key[0], sk=key[1], project_id=project)).sign(request)
    return requests.request(
        method,
        cbr.url + ready.uri,
        headers=ready.header_params,
        data=body,
        timeout=30,
        allow_redirects=False,
    )


def withdraw(cbr: ApiServer, token: str) -> None:
    url, headers = f"{cbr.cloud.auth_url}/auth/tokens", {"X-Auth-Token": token, "X-Subject-Token": token}
    assert requests.delete(url, headers=headers, timeout=10).status_code == 204


def refused(answer, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["error_code"]) == (status, code), answer.text
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    return str(answer.json()["error_msg"])


def test_a_token_opens_its_own_project(cbr: ApiServer):
    assert cbr.call("GET", "backups").status_code == 200


def test_no_credentials(cbr: ApiServer):
    answer = cbr.call("GET", "backups", account=None)
    assert "X-Auth-Token" in refused(answer, 401, "APIGW.0301")
    assert "Keystone" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 20_000, "gAAAAA" + "b" * 180, "tok en", "tökén"])
def test_what_keystone_does_not_know_is_refused(cbr: ApiServer, token):
    answer = cbr.call("GET", "backups", account=None, headers={"X-Auth-Token": token.encode("latin-1")})
    refused(answer, 401, "APIGW.0301")


def test_an_unscoped_token_is_refused(cbr: ApiServer):
    who = cbr.cloud.account("demo")
    user = {"name": who["user_name"], "password": who["password"], "domain": {"id": "default"}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": "unscoped"}}
    token = requests.post(f"{cbr.cloud.auth_url}/auth/tokens", json=body, timeout=10).headers[
        "X-Subject-Token"
    ]
    answer = cbr.call("GET", "backups", account=None, headers={"X-Auth-Token": token})
    refused(answer, 401, "APIGW.0301")


def test_a_token_is_remembered_for_a_minute_and_no_longer(cbr: ApiServer):
    token = cbr.fresh_token()
    with_token = {"account": None, "headers": {"X-Auth-Token": token}}
    path = f"/v3/{cbr.project()}/backups"
    assert cbr.call("GET", path, **with_token).status_code == 200
    withdraw(cbr, token)
    cbr.clock.ahead = timedelta(seconds=30)
    assert cbr.call("GET", path, **with_token).status_code == 200
    cbr.clock.ahead = timedelta(seconds=61)
    refused(cbr.call("GET", path, **with_token), 401, "APIGW.0301")


def test_a_token_is_never_remembered_past_its_own_end(cbr: ApiServer, monkeypatch):
    """It ends forty seconds from now, well within the minute that Keystone's word is remembered for."""
    monkeypatch.setattr(authentication, "LIFETIME", timedelta(seconds=40))
    token = cbr.fresh_token()
    with_token = {"account": None, "headers": {"X-Auth-Token": token}}
    path = f"/v3/{cbr.project()}/backups"
    assert cbr.call("GET", path, **with_token).status_code == 200
    withdraw(cbr, token)  # Keystone, whose clock is not turned, does not know it any more either
    cbr.clock.ahead = timedelta(seconds=20)
    assert cbr.call("GET", path, **with_token).status_code == 200, "it is remembered until then"
    cbr.clock.ahead = timedelta(seconds=41)
    refused(cbr.call("GET", path, **with_token), 401, "APIGW.0301")


def test_a_foreign_project_is_forbidden(cbr: ApiServer):
    answer = cbr.call("GET", f"/v3/{cbr.project('other')}/backups")
    assert (answer.status_code, answer.json()["error_code"]) == (403, "BackupService.8600")


def test_a_template_in_place_of_the_project_id_is_explained(cbr: ApiServer):
    answer = cbr.call("GET", "/v3/%7Bproject_id%7D/backups")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.9900")
    assert "project_id" in answer.json()["error_msg"]


def test_an_access_key_opens_its_own_project(cbr: ApiServer):
    key, project = cbr.cloud.access_key("demo"), cbr.project()
    answer = signed(cbr, key, f"/v3/{project}/backups", project=project)
    assert answer.status_code == 200, answer.text
    again = signed(cbr, key, f"/v3/{project}/backups", project=project)
    assert again.status_code == 200, "equal signatures within a second are normal"


def test_a_signed_body(cbr: ApiServer):
    key, project = cbr.cloud.access_key("demo"), cbr.project()
    backup = cbr.backup(cbr.vault())
    path = f"/v3/{project}/backups/{backup.id}"
    answer = signed(cbr, key, path, project=project, method="PUT", body=b'{"backup":{"name":"signed"}}')
    assert answer.status_code == 200, answer.text
    assert answer.json()["backup"]["name"] == "signed"


def test_a_key_never_opens_another_project(cbr: ApiServer):
    key, other = cbr.cloud.access_key("demo"), cbr.project("other")
    answer = signed(cbr, key, f"/v3/{other}/backups", project=other)
    assert (answer.status_code, answer.json()["error_code"]) == (403, "BackupService.8600")


def test_an_unknown_key_and_a_wrong_secret_are_told_the_same(cbr: ApiServer):
    access, _ = cbr.cloud.access_key("demo")
    path, keys = f"/v3/{cbr.project()}/backups/x", (("0" * 32, "secret"), (access, "wrong"))
    told = [
        {refused(signed(cbr, key, path, project=cbr.project(), **more), 401, "APIGW.0301") for key in keys}
        for more in ({}, {"date": "20260101T000000Z"}, {"method": "PUT", "body": b"{}"})
    ]
    assert all(len(sentences) == 1 for sentences in told), told


def test_a_clock_that_is_off_is_named(cbr: ApiServer):
    key, project = cbr.cloud.access_key("demo"), cbr.project()
    cbr.clock.ahead = timedelta(minutes=16)
    answer = signed(cbr, key, f"/v3/{project}/backups", project=project)
    assert "15 minutes" in refused(answer, 401, "APIGW.0303")


def test_the_template_is_explained_to_a_signing_client_too(cbr: ApiServer):
    answer = signed(cbr, cbr.cloud.access_key("demo"), "/v3/%7Bproject_id%7D/backups", project="p")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BackupService.9900")


def test_keystone_out_of_order_is_our_trouble_not_the_callers(cbr: ApiServer):
    token = cbr.fresh_token()
    cbr.cloud.faults.inject(service="identity", path=".*", status=500, times=20)
    try:
        answer = cbr.call(
            "GET", f"/v3/{cbr.project()}/backups", account=None, headers={"X-Auth-Token": token}
        )
    finally:
        cbr.cloud.faults.clear()
    assert (answer.status_code, answer.json()["error_code"]) == (503, "BackupService.9998")
    assert answer.headers["Retry-After"] == "1"
    assert token not in answer.text
