"""The same application under the server it ships with: what HTTP servers do differently is proven here."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from .house import House
from .test_bad_input import one_shape
from .test_sign_in import signed


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module", name="granian")
def _granian(house: House) -> Iterator[House]:
    port = _free_port()
    program = Path(__file__).with_name("granian_process.py")
    command = [sys.executable, str(program), house.database.url, str(house.folder), str(port)]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while True:
            try:
                requests.get(f"{url}/healthz", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < end, "the server does not answer"
                time.sleep(0.05)
        yield replace(house, url=url)
    finally:
        process.terminate()
        process.wait(30)


def test_versions_and_lists(granian: House):
    assert granian.call("GET", "/", account=None).status_code == 300
    assert granian.call("GET", "backups").status_code == 200


def test_signed_requests(granian: House):
    key, project = granian.cloud.access_key("demo"), granian.project()
    backup = granian.backup(granian.vault())
    answer = signed(granian, key, f"/v3/{project}/backups", project=project)
    assert answer.status_code == 200, answer.text
    path, body = f"/v3/{project}/backups/{backup.id}", '{"backup":{"name":"文 signed"}}'.encode()
    answer = signed(granian, key, path, project=project, method="PUT", body=body)
    assert answer.json()["backup"]["name"] == "文 signed"
    for odd in (
        "/v3/%7Bproject_id%7D/backups",
        f"/v3/{project}/backups/a%20b",
        f"/v3/{project}/backups/%E6%96%87",
    ):
        answer = signed(granian, key, odd, project=project)
        assert answer.status_code in (400, 404), answer.text


@pytest.mark.parametrize(
    "path", ["/%ff", "/v3/x", "//", "/v3/p/backups/", "/v3/%2e%2e/backups", "/nonsense?%ff"]
)
def test_odd_paths(granian: House, path):
    answer = granian.call("GET", path, account=None)
    if path != "//":
        one_shape(answer, 404, 401)
    assert "Location" not in answer.headers


def test_ten_megabytes_get_an_answer(granian: House):
    data = b'{"padding":"' + b"a" * 10_000_000 + b'"}'
    answer = granian.call("POST", "vaults", data=data, headers={"Content-Type": "application/json"})
    one_shape(answer, 413)


def test_a_body_in_chunks(granian: House):
    backup = granian.backup(granian.vault())
    headers = {"Content-Type": "application/json"}
    parts = iter([b'{"backup":', b'{"name":', b'"chunks"}}'])
    answer = granian.call("PUT", f"backups/{backup.id}", data=parts, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["backup"]["name"] == "chunks"
    long = (b"a" * 65_536 for _ in range(40))
    one_shape(granian.call("PUT", f"backups/{backup.id}", data=long, headers=headers), 413)


def test_a_body_without_a_content_type(granian: House):
    backup = granian.backup(granian.vault())
    answer = granian.call("PUT", f"backups/{backup.id}", data=b'{"backup":{"name":"bare"}}')
    assert answer.status_code == 200, answer.text


def test_one_connection_serves_errors_and_answers_in_turn(granian: House):
    connection = http.client.HTTPConnection(granian.url.removeprefix("http://"), timeout=10)
    headers = {"X-Auth-Token": granian.token(), "Content-Type": "application/json"}
    list_path = f"/v3/{granian.project()}/backups?limit=1"
    for method, path, body, expected in (
        ("GET", list_path, None, 200),
        ("PUT", f"/v3/{granian.project()}/backups/x", b"{", 400),
        ("GET", "/nonsense", None, 404),
        ("HEAD", list_path, None, 200),
        ("POST", list_path, b'{"unread":"body"}', 405),
        ("DELETE", f"/v3/{granian.project()}/backups/x", None, 404),
        ("GET", list_path, None, 200),
    ):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == expected, text
        assert answer.headers["X-Request-Id"]
    connection.close()


def test_a_long_query_reaches_the_application_and_a_longer_one_is_refused_before(granian: House):
    wanted = "&".join(f"name={number:x}" for number in range(6_000))
    answer = granian.call("GET", f"backups?{wanted[:60_000]}")
    assert (answer.status_code, answer.json()["count"]) == (200, 0)
    # Beyond 64 KiB the server answers for itself, without a body: the one shape ends where our code ends.
    assert granian.call("GET", f"backups?name={'a' * 66_000}").status_code == 414
    assert granian.call("GET", "backups", headers={"X-Padding": "a" * 1_000_000}).status_code == 431


def test_nothing_comes_with_204(granian: House):
    backup = granian.backup(granian.vault())
    answer = granian.call("DELETE", f"backups/{backup.id}")
    assert (answer.status_code, answer.content) == (204, b"")
