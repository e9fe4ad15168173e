"""schemathesis writes requests from the OpenAPI document, good and bad; none may end in a 5xx.

Twice: as the document is, where ids are of nothing; and with ids of things that are there, so that operations are
carried out too. What schemathesis derives from the bounds of each parameter is in test_openapi_bounds.py.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from opencbr.api.openapi import document
from opencbr.api.route import Route
from opencbr.api.routes import ROUTES
from opencbr.model.backup import Backup

from .api_server import ApiServer
from .declared_errors import check_declared
from .protected_cloud import new_disk, new_server, new_vault, restored, server_ref
from .test_policies import new_policy

DOCUMENT = json.loads(msgspec.json.encode(document(ROUTES)))
schema = schemathesis.openapi.from_dict(DOCUMENT)
calmly = settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
accounts = pytest.mark.parametrize(
    "account", ["demo", pytest.param("demo-admin", marks=pytest.mark.thorough)]
)
each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation.name)

REQUEST_LINE = 60_000
"""Characters of a request line that every server passes on (test_granian has the exact side)."""


@pytest.fixture(scope="module", name="protected")
def _protected(cbr: ApiServer) -> Backup:
    """A backup with a record."""
    return cbr.protected("web1")


@dataclass
class Things:
    """What one request names: a word stands for the same thing wherever it is drawn."""

    cbr: ApiServer
    protected: Backup
    made: dict[str, str] = field(default_factory=dict)

    def id_of(self, word: str) -> str:
        if word not in self.made:
            self.made[word] = THERE[word](self)
        return self.made[word]

    def backup(self, account: str = "demo", **changes: Any) -> Backup:
        return self.cbr.backup(self.cbr.vault(account), **changes)

    def vault(self) -> str:
        """A vault with a server."""
        one = new_server(self.cbr)
        self.made["server-in-the-vault"] = one["id"]
        return str(new_vault(self.cbr, server_ref(one))["id"])

    def plan(self) -> str:
        """A plan with nothing left to choose, of a server without ports."""
        path = f"backups/{self.cbr.protected('café-文').id}/restore-plans"
        answer = self.cbr.call("POST", path, {"restore_plan": {"as": "new_server"}})
        assert answer.json()["restore_plan"]["status"] == "ready", answer.text
        return str(answer.json()["restore_plan"]["id"])

    def drill(self) -> str:
        body = {"drill": {"backup_id": self.backup().id}}
        return str(self.cbr.call("POST", "drills", body).json()["drill"]["id"])

    def key_of_the_vault(self) -> str:
        """The key of a tag."""
        path = f"vault/{self.id_of('vault-that-is-there')}/tags"
        assert self.cbr.call("POST", path, {"tag": {"key": "stage"}}).status_code == 204
        return "stage"

    def policy(self) -> str:
        """The project's newest policy: it has 32 at most."""
        found = self.cbr.call("GET", "policies?limit=1").json()["policies"]
        return str(found[0]["id"] if found else new_policy(self.cbr)["id"])

    def bound_policy(self) -> str:
        """The policy of the vault that is there."""
        policy, vault = self.id_of("policy-that-is-there"), self.id_of("vault-that-is-there")
        answer = self.cbr.call("POST", f"vaults/{vault}/associatepolicy", {"policy_id": policy})
        assert answer.status_code == 200, answer.text
        return policy

    def server_in_the_vault(self) -> str:
        self.id_of("vault-that-is-there")
        return self.made["server-in-the-vault"]


# One word each: what stands in a path is drawn percent-encoded.
THERE: dict[str, Callable[[Things], str]] = {
    "vault-that-is-there": Things.vault,
    "vault-that-is-empty": lambda things: str(new_vault(things.cbr)["id"]),
    "server-in-the-vault": Things.server_in_the_vault,
    "key-of-the-vault": Things.key_of_the_vault,
    "server-that-is-there": lambda things: str(new_server(things.cbr)["id"]),
    "disk-that-is-there": lambda things: str(new_disk(things.cbr)["id"]),
    "backup-with-a-record": lambda things: things.protected.id,
    "backup-that-failed": lambda things: things.backup(status="error").id,
    "backup-that-failed-too": lambda things: things.backup(status="error").id,
    "backup-in-motion": lambda things: things.backup(status="protecting").id,
    "backup-of-the-other-project": lambda things: things.backup("other").id,
    "checkpoint-that-is-there": lambda things: things.backup(status="error").checkpoint_id,
    "log-that-is-there": lambda things: things.cbr.log().id,
    "plan-that-is-there": Things.plan,
    "restore-that-is-there": lambda things: restored(things.cbr, new_server(things.cbr)).id,
    "drill-that-is-there": Things.drill,
    "policy-that-is-there": Things.policy,
    "policy-of-the-vault": Things.bound_policy,
}
RESOURCES = ["server-in-the-vault", "server-that-is-there", "disk-that-is-there"]
WORDS = {
    "vault_id": ["vault-that-is-there"],
    "destination_vault_id": ["vault-that-is-empty"],
    "backup_id": [word for word in THERE if word.startswith("backup-")],
    "checkpoint_id": ["checkpoint-that-is-there"],
    "operation_log_id": ["log-that-is-there"],
    "plan_id": ["plan-that-is-there"],
    "restore_job_id": ["restore-that-is-there"],
    "drill_id": ["drill-that-is-there"],
    "policy_id": ["policy-that-is-there", "policy-of-the-vault"],
    **dict.fromkeys(("instance_id", "resource_id", "resources", "id"), RESOURCES),
    "resource_ids": ["server-in-the-vault"],
    "key": ["key-of-the-vault"],
    "marker": ["backup-that-failed", "vault-that-is-there", "log-that-is-there"],
    "type": ["OS::Nova::Server", "OS::Cinder::Volume"],
    "protectable_type": ["server", "disk"],
    "object_type": ["server", "disk"],
    "protect_type": ["backup"],
    "consistent_level": ["crash_consistent"],
    "expect_expiration_date": ["2099-01-31", "2000-01-31"],
    "time_zone": ["UTC+08:00", "nowhere"],
}
"""What is drawn for a member or parameter of this name; of nonsense the other test has enough."""


def with_things(part: Any, name: str = "") -> Any:
    """Copy a document with the words of WORDS as the values of each id."""
    if isinstance(part, list):
        return [with_things(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "in" in part and isinstance(part.get("schema"), dict):
        return part | {"schema": with_things(part["schema"], part["name"])}
    if name in WORDS and part.get("type") == "string":
        return {"enum": WORDS[name]}
    if name in WORDS and part.get("type") == "array":
        return part | {"items": with_things(part["items"], name)}
    return {
        key: {one: with_things(kind, one) for one, kind in value.items()}
        if key == "properties"
        else with_things(value)
        for key, value in part.items()
    }


def put_in(part: Any, things: Things) -> Any:
    """Copy what was drawn with the words replaced by ids."""
    if isinstance(part, dict):
        return {key: put_in(value, things) for key, value in part.items()}
    if isinstance(part, list):
        return [put_in(one, things) for one in part]
    return things.id_of(part) if isinstance(part, str) and part in THERE else part


FULL_OF_CHOICES = {
    "CreateVault",
    "AddVaultResource",
    "RestoreBackup",
    "ShowMaskedValue",
    "CreateRestorePlan",
    "CreateCheckpointRestorePlan",
    "CreateDrill",
    "CreatePolicy",
    "BatchCreateAndDeleteVaultTags",
    "UpdatePolicy",
    "AssociateVaultPolicy",
}
"""What is drawn for them always chooses something that is not offered or does not fit: they come as far as to that."""

furnished = schemathesis.openapi.from_dict(with_things(DOCUMENT))


def check(case: Any, cbr: ApiServer, account: str) -> int:
    """Send a request and check its answer; gives the status."""
    case.path_parameters = {**(case.path_parameters or {}), "project_id": cbr.project()}
    answer = case.call(base_url=cbr.url, headers={"X-Auth-Token": cbr.token(account)})
    if answer.status_code in (414, 431):
        # The HTTP server answers for itself when a request line is too long: the application never sees it.
        assert len(answer.request.path_url or "") > REQUEST_LINE, (case.method, case.path)
        return int(answer.status_code)
    assert answer.status_code < 500, f"{case.method} {case.path}: {answer.status_code} {answer.text}"
    check_declared(answer)
    if answer.status_code >= 400:
        assert {"error_code", "error_msg"} <= answer.json().keys()
    assert "x-request-id" in {name.lower() for name in answer.headers}, (case.method, dict(answer.headers))
    return int(answer.status_code)


@accounts
@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@each_route
def test_no_server_error(route: Route, cbr: ApiServer, account: str):
    @calmly
    @given(case=schema[route.operation.path][route.operation.method].as_strategy())
    def walk(case: Any) -> None:
        check(case, cbr, account)

    walk()


@accounts
@pytest.mark.filterwarnings("ignore")
@each_route
def test_no_server_error_among_things_that_are_there(
    route: Route, cbr: ApiServer, protected: Backup, account: str
):
    statuses: list[int] = []

    @calmly
    @given(case=furnished[route.operation.path][route.operation.method].as_strategy())
    def walk(case: Any) -> None:
        things = Things(cbr, protected)
        for place in ("path_parameters", "query", "body"):
            drawn = getattr(case, place)
            if isinstance(drawn, dict):
                setattr(case, place, put_in(drawn, things))
        statuses.append(check(case, cbr, account))

    walk()
    reached = {400} if route.operation.name in FULL_OF_CHOICES else {route.operation.success}
    assert reached & {*statuses}, f"none came past the ids: {statuses}"
