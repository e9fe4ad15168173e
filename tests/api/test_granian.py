"""What HTTP servers do differently, proven under the one that this ships with."""

import http.client
import json
import socket

import pytest
import requests

from opencbr.api.routes import ROUTES
from opencbr.records.offline_verification import verify_export

from .api_server import ApiServer
from .test_bad_input import fill, one_shape
from .test_sign_in import signed


def test_versions_and_lists(cbr: ApiServer):
    assert cbr.call("GET", "/", account=None).status_code == 300
    assert cbr.call("GET", "backups").status_code == 200


def test_signed_requests(cbr: ApiServer):
    key, project = cbr.cloud.access_key("demo"), cbr.project()
    backup = cbr.backup(cbr.vault())
    answer = signed(cbr, key, f"/v3/{project}/backups", project=project)
    assert answer.status_code == 200, answer.text
    path, body = f"/v3/{project}/backups/{backup.id}", '{"backup":{"name":"文 signed"}}'.encode()
    answer = signed(cbr, key, path, project=project, method="PUT", body=body)
    assert answer.json()["backup"]["name"] == "文 signed"
    for odd in (
        "/v3/%7Bproject_id%7D/backups",
        f"/v3/{project}/backups/a%20b",
        f"/v3/{project}/backups/%E6%96%87",
    ):
        answer = signed(cbr, key, odd, project=project)
        assert answer.status_code in (400, 404), answer.text


NOWHERE, SIGN_IN, DONE = (404, "APIGW.0101"), (401, "APIGW.0301"), (200, None)
NO_BACKUP = (404, "BackupService.6200")
ODD_PATHS: dict[str, tuple[tuple[int, str | None], tuple[int, str | None]]] = {
    # path: what a stranger is told, what the project's user is told
    "*": (NOWHERE, NOWHERE),
    "//": (NOWHERE, NOWHERE),
    "//v3": (NOWHERE, NOWHERE),
    "/V3": (NOWHERE, NOWHERE),
    "/%ff": (NOWHERE, NOWHERE),
    "/v3/x": (NOWHERE, NOWHERE),
    "/nonsense?%ff": (NOWHERE, NOWHERE),
    "/healthz/": (NOWHERE, NOWHERE),
    # Nothing is tidied up: no slash is dropped, no dots are followed.
    "//v3/{project}/backups": (NOWHERE, NOWHERE),
    "/v3//{project}/backups": (NOWHERE, NOWHERE),
    "/v3/{project}//backups": (NOWHERE, NOWHERE),
    "/v3//backups": (NOWHERE, NOWHERE),
    "/v3/{project}/backups/": (NOWHERE, NOWHERE),
    "/v3/{project}/./backups": (NOWHERE, NOWHERE),
    "/v3/{project}/x/../backups": (NOWHERE, NOWHERE),
    "/v3/{project}/backups;x=1": (NOWHERE, NOWHERE),
    # Operations of a project that cannot be one: the stranger is asked who they are first.
    "/v3/%2e%2e/backups": (SIGN_IN, NOWHERE),
    "/v3/%00/backups": (SIGN_IN, NOWHERE),
    "/v3/%ff/backups": (SIGN_IN, NOWHERE),
    "/v3/%E6%96%87/backups": (SIGN_IN, NOWHERE),
    # What is encoded without need is the same path, also its slashes (PEP 3333 hands the path over decoded).
    "/v3/{encoded}/backups": (SIGN_IN, DONE),
    "/v3/{project}/back%75ps": (SIGN_IN, DONE),
    "/v3%2F{project}/backups": (SIGN_IN, DONE),
    "/v3/{project}%2fbackups": (SIGN_IN, DONE),
    "/v3/{project}/backups/x%2Fx": (NOWHERE, NOWHERE),
    "/v3/{project}/backups/x%2Fmetadata": (SIGN_IN, NO_BACKUP),
    "/v3/{project}/backups/%00": (SIGN_IN, NO_BACKUP),
    "/v3/{project}/backups/%zz": (SIGN_IN, NO_BACKUP),
    "/v3/{project}/backups/%": (SIGN_IN, NO_BACKUP),
    "/v3/{project}/backups/%2e%2e": (SIGN_IN, NO_BACKUP),
}


@pytest.mark.matrix
@pytest.mark.parametrize("path", ODD_PATHS)
@pytest.mark.parametrize("signed_in", [False, True], ids=["stranger", "user"])
def test_odd_paths(cbr: ApiServer, path: str, signed_in: bool):
    project = cbr.project()
    # Nothing between the test and the server may tidy the path up: requests does.
    target = path.format(project=project, encoded="".join(f"%{ord(one):02x}" for one in project))
    answer = untouched(cbr, "GET", target, cbr.token() if signed_in else None)
    status, code = ODD_PATHS[path][signed_in]
    assert (answer.status_code, answer.json().get("error_code")) == (status, code), answer.text
    if code is not None:
        one_shape(answer, status)
    assert "Location" not in answer.headers


def untouched(cbr: ApiServer, method: str, target: str, token: str | None) -> requests.Response:
    """Send exactly this request target; the answer is read to the end of the connection, so that no byte escapes."""
    host = cbr.url.removeprefix("http://")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"X-Auth-Token: {token}"] if token else []
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=30) as plug:
        plug.sendall("\r\n".join([*lines, "", ""]).encode())
        said = b"".join(iter(lambda: plug.recv(65_536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    status, _, fields = head.decode().partition("\r\n")
    answer = requests.Response()
    answer.status_code, answer._content = int(status.split()[1]), body
    answer.headers.update(line.split(": ", 1) for line in fields.split("\r\n"))
    return answer


def test_ten_megabytes_get_an_answer(cbr: ApiServer):
    data = b'{"padding":"' + b"a" * 10_000_000 + b'"}'
    answer = cbr.call("POST", "vaults", data=data, headers={"Content-Type": "application/json"})
    one_shape(answer, 413)


def offered(path: str) -> list[str]:
    """The methods of a route's path as the route table has them."""
    methods = {route.operation.method for route in ROUTES if route.operation.path == path}
    return sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set()))


@pytest.mark.parametrize("path", sorted({route.operation.path for route in ROUTES}))
def test_a_path_names_its_methods(cbr: ApiServer, path: str):
    target, allowed = fill(cbr, path), ", ".join(offered(path))
    for method in ("TRACE", "PATCH", "NONSENSE"):
        answer = untouched(cbr, method, target, None)
        assert allowed in one_shape(answer, 405)
        assert answer.headers["Allow"] == allowed
    answer = untouched(cbr, "OPTIONS", target, None)
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (200, allowed, b"")


def test_head_has_the_length_of_the_body_and_no_body(cbr: ApiServer):
    backup, token = cbr.protected("web1"), cbr.token()
    below = f"/v3/{cbr.project()}/backups"
    paths = ("/", "/healthz", "/nonsense", f"{below}?limit=1", f"{below}/{backup.id}/metadata", f"{below}/x")
    for path in paths:
        got, head = (untouched(cbr, method, path, token) for method in ("GET", "HEAD"))
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert int(head.headers["Content-Length"]) == len(got.content) > 0
        assert head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("account", ["demo", "demo-admin"])
def test_metadata_comes_whole(cbr: ApiServer, account):
    backup = cbr.protected()
    shown = cbr.call("GET", f"backups/{backup.id}/metadata", account=account)
    assert shown.status_code == 200
    assert shown.headers["Content-Type"] == "application/json"
    server = json.loads(shown.json()["server"])["server"]
    assert server["id"] == backup.resource_id
    is_masked = server["OS-EXT-SRV-ATTR:user_data"].startswith("(masked secret")
    assert is_masked == (account == "demo")
    record = cbr.call("GET", f"backups/{backup.id}/record", account=account)
    assert verify_export(record.json(), cbr.records.public_key) == []
    unfinished = cbr.backup(cbr.vault(), status="protecting")
    one_shape(cbr.call("GET", f"backups/{unfinished.id}/metadata"), 400)


def test_a_body_in_chunks(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    headers = {"Content-Type": "application/json"}
    parts = iter([b'{"backup":', b'{"name":', b'"chunks"}}'])
    answer = cbr.call("PUT", f"backups/{backup.id}", data=parts, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["backup"]["name"] == "chunks"
    long = (b"a" * 65_536 for _ in range(40))
    one_shape(cbr.call("PUT", f"backups/{backup.id}", data=long, headers=headers), 413)


def test_a_body_without_a_content_type(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    answer = cbr.call("PUT", f"backups/{backup.id}", data=b'{"backup":{"name":"bare"}}')
    assert answer.status_code == 200, answer.text


def test_one_connection_serves_errors_and_answers_in_turn(cbr: ApiServer):
    connection = http.client.HTTPConnection(cbr.url.removeprefix("http://"), timeout=10)
    headers = {"X-Auth-Token": cbr.token(), "Content-Type": "application/json"}
    list_path = f"/v3/{cbr.project()}/backups?limit=1"
    for method, path, body, expected in (
        ("GET", list_path, None, 200),
        ("PUT", f"/v3/{cbr.project()}/backups/x", b"{", 400),
        ("GET", "/nonsense", None, 404),
        ("HEAD", list_path, None, 200),
        ("POST", list_path, b'{"unread":"body"}', 405),
        ("DELETE", f"/v3/{cbr.project()}/backups/x", None, 404),
        ("GET", list_path, None, 200),
    ):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == expected, text
        assert answer.headers["X-Request-Id"]
    connection.close()


def test_a_long_query_reaches_the_application_and_a_longer_one_is_refused_before(cbr: ApiServer):
    wanted = "&".join(f"name={number:0100x}" for number in range(500))
    answer = cbr.call("GET", f"backups?{wanted}")
    assert (answer.status_code, answer.json()["count"]) == (200, 0)
    # Beyond 64 KiB the server answers for itself, without a body: the one shape ends where our code ends.
    assert cbr.call("GET", f"backups?name={'a' * 66_000}").status_code == 414
    assert cbr.call("GET", "backups", headers={"X-Padding": "a" * 1_000_000}).status_code == 431


def test_nothing_comes_with_204(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    answer = cbr.call("DELETE", f"backups/{backup.id}")
    assert (answer.status_code, answer.content) == (204, b"")
