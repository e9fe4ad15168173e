"""Every field of every request, wrong in every way: a 4xx, a catalogue code, a sentence, one shape."""

import json
import re

import pytest
from msgspec import inspect as types

from opencbr.api.routes import ROUTES
from opencbr.model.errors import CATALOGUE
from opencbr.model.ids import new_id

from .api_server import ApiServer
from .bad_values import bad_bodies, bad_queries, valid

SPECIAL = {
    409: "BackupService.9900",
    408: "BackupService.9900",
    413: "BackupService.9900",
    415: "BackupService.9900",
}
with_body = pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.types.body], ids=lambda route: route.operation.name
)
with_query = pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.types.query], ids=lambda route: route.operation.name
)
with_ids = pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.operation.path.count("{") > 1],
    ids=lambda route: route.operation.name,
)


def one_shape(answer, *statuses: int) -> str:
    """Check the shape of an error and return its sentence."""
    assert answer.status_code in (statuses or range(400, 500)), f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert re.fullmatch(r"req-[0-9a-f-]{36}", answer.headers["X-Request-Id"])
    body = answer.json()
    assert answer.headers["X-Openstack-Request-Id"] == answer.headers["X-Request-Id"]
    code, message = body["error_code"], body["error_msg"]
    assert body["message"] == message
    if code.startswith("APIGW."):
        assert body.keys() == {"error_code", "error_msg", "message", "request_id"}
        assert body["request_id"] == answer.headers["X-Request-Id"]
    else:
        assert body.keys() == {"error_code", "error_msg", "message"}
        if answer.status_code in SPECIAL:
            assert code == SPECIAL[answer.status_code]
        else:
            assert CATALOGUE[code.removeprefix("BackupService.")].status == answer.status_code
    assert 15 < len(message) < 700, message
    assert message.endswith("."), message
    assert "Traceback" not in message
    return str(message)


def fill(cbr: ApiServer, path: str, **ids: str) -> str:
    """Put ids into a route's path; those not given are unknown ones."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "project_id":
            return cbr.project()
        if name == "protectable_type":
            return ids.get(name, "server")
        return ids.get(name, new_id(cbr.clock.now()))

    return re.sub(r"\{(\w+)\}", value, path)


@with_body
def test_every_field_of_a_body(cbr: ApiServer, route):
    path = fill(cbr, route.operation.path)
    for what, body in bad_bodies(route.types.body):
        answer = cbr.call(route.operation.method, path, body)
        sentence = one_shape(answer, 400)
        assert answer.json()["error_code"] == "BackupService.9900", f"{what}: {answer.text}"
        # The sentence names the place, so that a client knows what to change.
        assert ":" in sentence or "NUL" in sentence, sentence


@pytest.mark.matrix
@with_body
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"nonsense",
        b"\xff\xfe",
        b'{"vault":{"name":"\xff"}}',
        b'{"\\ud800":1}',
        b'{"x":"\\udfff"}',
        b"[" * 100_000,
        b'{"x":' * 100_000,
        b'{"a":1}{"a":1}',
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_json_object(cbr: ApiServer, route, data):
    answer = cbr.call(
        route.operation.method,
        fill(cbr, route.operation.path),
        data=data,
        headers={"Content-Type": "application/json"},
    )
    one_shape(answer, 400)


@pytest.mark.matrix
@with_body
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "a/b; c=application/json"],
)
def test_a_wrong_content_type(cbr: ApiServer, route, kind):
    body = json.dumps(valid(types.type_info(route.types.body)))
    answer = cbr.call(
        route.operation.method, fill(cbr, route.operation.path), data=body, headers={"Content-Type": kind}
    )
    assert "application/json" in one_shape(answer, 415)


@pytest.mark.matrix
@with_body
@pytest.mark.parametrize(
    "kind", ["application/json", "application/json;charset=utf-8", "APPLICATION/JSON ; charset=UTF-8"]
)
def test_the_content_types_that_clients_send(cbr: ApiServer, route, kind):
    body = json.dumps({"nonsense": True})
    answer = cbr.call(
        route.operation.method, fill(cbr, route.operation.path), data=body, headers={"Content-Type": kind}
    )
    assert answer.status_code != 415, answer.text


@pytest.mark.matrix(fast=1)
@with_body
def test_ten_megabytes(cbr: ApiServer, route):
    data = b'{"padding":"' + b"a" * 10_000_000 + b'"}'
    answer = cbr.call(
        route.operation.method,
        fill(cbr, route.operation.path),
        data=data,
        headers={"Content-Type": "application/json"},
    )
    one_shape(answer, 413)


@with_query
def test_every_parameter_of_a_query(cbr: ApiServer, route):
    path = fill(cbr, route.operation.path)
    for query in bad_queries(route.types.query):
        answer = cbr.call(route.operation.method, f"{path}?{query}")
        sentence = one_shape(answer, 400)
        assert answer.json()["error_code"] == "BackupService.9900", f"{query}: {answer.text}"
        assert query.partition("=")[0] in sentence or "UTF-8" in sentence, f"{query}: {sentence}"


def nonsense_pages():
    """Give each list the nonsense for those parameters of paging that it takes."""
    nonsense = {
        "sort": [":asc", "name:up", ",", "nonsense"],
        "marker": ["nonsense", "文"],
    }
    for route in ROUTES:
        taken = (
            {field.encode_name for field in types.type_info(route.types.query).fields}
            if route.types.query
            else set()
        )
        for name in (name for name in nonsense if name in taken):
            for value in nonsense[name]:
                yield pytest.param(route, f"{name}={value}", id=f"{route.operation.name}-{name}={value}")


@pytest.mark.parametrize(("route", "query"), list(nonsense_pages()))
def test_paging_that_is_nonsense(cbr: ApiServer, route, query):
    one_shape(cbr.call(route.operation.method, f"{fill(cbr, route.operation.path)}?{query}"), 400)


@pytest.mark.matrix
@with_ids
@pytest.mark.parametrize(
    "wanted", ["nonsense", "%00", "%ff", "a" * 500, "%2e%2e", "文", "'%20OR%201=1", "%2F", "%0d%0a"]
)
def test_ids_that_are_none(cbr: ApiServer, route, wanted):
    body = valid(types.type_info(route.types.body)) if route.types.body else None
    last = re.findall(r"\{(\w+)\}", route.operation.path)[-1]
    answer = cbr.call(route.operation.method, fill(cbr, route.operation.path, **{last: wanted}), body)
    one_shape(answer, 400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/nonsense",
        "/v3/x",
        "/v2/p/backups",
        "/v3/p/policys",
        "/v3//backups",
        "/%ff",
        "/v3/p/backups/",
        "/v3/p/backups/x/metadata/",
    ],
)
def test_paths_that_lead_nowhere(cbr: ApiServer, path):
    answer = cbr.call("GET", path)
    assert "no such path" in one_shape(answer, 404)
    assert "Location" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "TRACE", "NONSENSE"])
def test_methods_that_a_path_does_not_take(cbr: ApiServer, method):
    answer = cbr.call(method, "backups")
    one_shape(answer, 400, 405)


def test_head_is_get_without_its_body(cbr: ApiServer):
    got = cbr.call("GET", "backups?limit=1")
    head = cbr.call("HEAD", "backups?limit=1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert cbr.call("HEAD", "backups/nonsense").status_code == 404


def test_unknown_members_and_parameters_are_ignored(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    assert (
        cbr.call("PUT", f"backups/{backup.id}", {"backup": {"name": "n", "x": 1}, "y": []}).status_code == 200
    )
    assert cbr.call("GET", f"backups/{backup.id}?nonsense=1").status_code == 200
    assert cbr.call("GET", "backups?nonsense=%00").status_code in (200, 400)


def test_odd_unicode_survives(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    for name in ("\U0001d4b3 😀 é", "e\u0301", "\u202eabc", "\u200b", "ﷺ", "\uffff"):
        answer = cbr.call("PUT", f"backups/{backup.id}", {"backup": {"name": name}})
        assert answer.status_code == 200, answer.text
        assert cbr.call("GET", f"backups/{backup.id}").json()["backup"]["name"] == name
