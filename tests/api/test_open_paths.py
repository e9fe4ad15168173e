"""What is open without sign-in: versions, health, the OpenAPI document; and that the document tells all."""

import json
import re
from datetime import timedelta

import pytest

from opencbr.api.health import Readiness
from opencbr.api.rights import RULES, rule_defaults
from opencbr.api.routes import ROUTES
from opencbr.clock import SystemClock
from support.databases import away

from .api_server import ApiServer, open_server


@pytest.mark.parametrize("path", ["/", "/v3", "/v3/"])
def test_versions(cbr: ApiServer, path):
    answer = cbr.call("GET", path, account=None)
    assert answer.status_code == 300
    assert "Location" not in answer.headers
    assert answer.headers["X-Request-Id"].startswith("req-")
    (version,) = answer.json()["versions"]
    assert (version["id"], version["status"]) == ("v3", "CURRENT")
    assert version["links"] == [{"rel": "self", "href": f"{cbr.url}/v3"}]


@pytest.mark.parametrize("path", ["/", "/healthz", "/v3/p/backups", "/v3/p/backups/b"])
def test_options_name_the_methods(cbr: ApiServer, path):
    answer = cbr.call("OPTIONS", path, account=None)
    assert answer.status_code == 200
    assert {"GET", "HEAD"} <= set(answer.headers["Allow"].split(", "))
    assert answer.headers["X-Request-Id"].startswith("req-")


def test_alive(cbr: ApiServer):
    answer = cbr.call("GET", "/healthz", account=None)
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert cbr.call("HEAD", "/healthz", account=None).status_code == 200


def test_ready_names_each_part(cbr: ApiServer):
    answer = cbr.call("GET", "/readyz", account=None)
    assert answer.status_code == 200, answer.text
    names = ("database", "keystone", "credential", "mover", "worker")
    assert answer.json() == {"status": "ready", "checks": dict.fromkeys(names, "ok")}


def test_not_ready_while_keystone_is_out_of_order(cbr: ApiServer):
    cbr.cloud.faults.inject(service="identity", status=503, times=0)
    try:
        answer = cbr.call("GET", "/readyz", account=None)
    finally:
        cbr.cloud.faults.clear()
    assert answer.status_code == 503
    assert answer.json()["checks"]["keystone"] == "failed"
    assert answer.json()["checks"]["database"] == "ok"
    assert cbr.call("GET", "/healthz", account=None).status_code == 200


def test_probes_do_not_load_the_cloud():
    class Turned(SystemClock):
        ahead = timedelta(0)

        def now(self):
            return (
                super().now().replace(year=2026, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
                + self.ahead
            )

    asked = []
    clock = Turned()
    readiness = Readiness({"mover": lambda: not asked.append(1)}, clock, seconds=2)
    assert [readiness.answers() for _ in range(3)] == [{"mover": True}] * 3
    assert len(asked) == 1
    clock.ahead = timedelta(seconds=2)
    readiness.answers()
    assert len(asked) == 2


def test_a_check_that_raises_is_a_check_that_failed():
    def broken() -> bool:
        raise RuntimeError("no")

    assert Readiness({"mover": broken}, SystemClock()).answers() == {"mover": False}


def document(cbr: ApiServer) -> dict:
    answer = cbr.call("GET", "/openapi.json", account=None)
    assert answer.status_code == 200
    return answer.json()


def test_every_route_is_documented_and_nothing_else(cbr: ApiServer):
    told = {
        (method.upper(), path) for path, operations in document(cbr)["paths"].items() for method in operations
    }
    assert told == {(route.operation.method, route.operation.path) for route in ROUTES}


def test_the_document_is_whole(cbr: ApiServer):
    whole = document(cbr)
    for reference in re.findall(r'"\$ref":\s*"#/components/([^"]+)"', json.dumps(whole)):
        kind, _, name = reference.partition("/")
        assert name in whole["components"][kind]
    for route in ROUTES:
        told = whole["paths"][route.operation.path][route.operation.method.lower()]
        assert told["operationId"] == route.operation.name
        assert told["tags"] == [route.operation.chapter]
        assert str(route.operation.success) in told["responses"]
        assert ("content" in told["responses"][str(route.operation.success)]) == (
            route.types.answer is not None
        )
        assert ("requestBody" in told) == (route.types.body is not None)
        named = {parameter["name"] for parameter in told["parameters"]}
        assert named >= set(re.findall(r"\{(\w+)\}", route.operation.path))


def test_rows_of_the_table_agree_with_each_other():
    operations = [route.operation.name for route in ROUTES]
    assert len(set(operations)) == len(operations)
    assert len({(route.operation.method, route.operation.path) for route in ROUTES}) == len(ROUTES)
    for route in ROUTES:
        # Clients ask what Keystone answers elsewhere before they know a project.
        assert route.operation.in_project == (route.operation.chapter != "Identity")
        assert route.operation.path.startswith("/v3/")
        assert route.right in RULES
        assert (route.operation.success == 204) == (route.types.answer is None), route.operation.name
        assert route.types.body is None or route.operation.method in {"POST", "PUT"}
        # Of those that PUT a pin is set by its path alone.
        assert route.operation.method != "PUT" or (route.types.body is None) == (
            route.operation.name == "PinBackup"
        )
        assert len(route.summary) > 10


def test_every_right_is_documented_and_says_what_it_opens():
    for rule in rule_defaults(ROUTES):
        assert rule.description.endswith(".")
        assert any(operation["path"].startswith("/v3/") for operation in rule.operations), rule.name


def test_a_database_that_is_away_is_a_matter_of_trying_again(tmp_path, demo_cloud, database_url):
    with open_server(tmp_path, demo_cloud, database_url) as cbr:
        token, backup = cbr.token(), cbr.backup(cbr.vault(), status="error")
        calls = [
            ("GET", "backups", None, 200),
            ("PUT", f"backups/{backup.id}", {"backup": {"name": "n"}}, 200),
            ("GET", f"backups/{backup.id}/metadata", None, 400),  # it has failed: no record
        ]
        cbr.database.dispose()  # SQLite would not notice: its open file is still there
        with away(database_url):
            for method, path, body, _ in calls * 2:
                answer = cbr.call(method, path, body)
                assert answer.status_code == 503, answer.text
                assert answer.json()["error_code"] == "BackupService.9910"
                assert answer.headers["Retry-After"] == "1"
                assert token not in answer.text
                assert str(tmp_path) not in answer.text
        for method, path, body, status in calls:
            assert cbr.call(method, path, body).status_code == status
