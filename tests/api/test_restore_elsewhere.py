"""A restore plan into another project: who may have one, what it is made from, and what it refuses."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from democloud.client import Client
from opencbr.democloud.identity.roles import grant
from opencbr.democloud.network.networks import make_network
from opencbr.democloud.network.security_groups import default_group
from opencbr.model.ids import new_id

from .api_server import ApiServer
from .protected_cloud import refused
from .test_foreign_ids import in_the_cloud, nothing_is_made, private
from .test_restore_plans import asked, change, hide, restore_doc, row
from .test_sign_in import signed

Json = dict[str, Any]
SEALED = "server.OS-EXT-SRV-ATTR:user_data"


@contextmanager
def role(cbr: ApiServer, name: str, account: str = "demo", on: str = "other") -> Iterator[None]:
    """Let the user of an account have a role on the project of another one."""
    state, target = cbr.cloud.backend.state, cbr.project(on)
    user = str(cbr.cloud.account(account)["user_id"])
    with state.change():
        found = state.find("role", name=name)
        assert found is not None
        grant(state, user, found["id"], scope="project", target=target)
    try:
        yield
    finally:
        with state.change():
            state.drop("grant", f"project:{target}:{user}:{found['id']}:False")


class Keystone:
    """Its own calls, as its administrator makes them; what was given is taken back at the end of the stack."""

    def __init__(self, cbr: ApiServer, stack: ExitStack, file: Path) -> None:
        file.write_text(yaml.safe_dump(cbr.cloud.clouds_yaml()))
        self._admin, self._stack = Client("admin", str(file)), stack
        self._cbr = cbr
        self.user = str(cbr.cloud.account("demo")["user_id"])

    def group(self) -> str:
        """Make a group that the user of `demo` is in."""
        made = str(self._done("POST", "/groups", {"group": {"name": "operators"}}).json()["group"]["id"])
        self._stack.callback(self._done, "DELETE", f"/groups/{made}")
        self._done("PUT", f"/groups/{made}/users/{self.user}")
        return made

    def gives(self, name: str, holder: str, on: str, more: str = "") -> None:
        """Give a role: `holder` is `users/…` or `groups/…`, `on` is `projects/…` or `domains/…`."""
        (role,) = self._admin.get("identity", f"/roles?name={name}")["roles"]
        path = f"/{on}/{holder}/roles/{role['id']}{more}"
        self._done("PUT", path)
        self._stack.callback(self._admin.call, "DELETE", "identity", path)

    def leaves(self, group: str) -> None:
        """Take the user out of a group."""
        self._done("DELETE", f"/groups/{group}/users/{self.user}")

    def _done(self, method: str, path: str, body: Json | None = None) -> requests.Response:
        answer = self._admin.call(method, "identity", path, body)
        assert answer.ok, answer.text
        return answer


@pytest.fixture
def keystone(cbr: ApiServer, tmp_path: Path) -> Iterator[Keystone]:
    with ExitStack() as stack:
        yield Keystone(cbr, stack, tmp_path / "clouds.yaml")


@pytest.fixture(name="backup_id", scope="module")
def _backup_id(cbr: ApiServer) -> str:
    return cbr.protected().id


def planned(cbr: ApiServer, backup_id: str, account: str = "demo", **mapping: Any) -> Json:
    answer = asked(cbr, backup_id, account, project_id=cbr.project("other"), **mapping)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()["restore_plan"]
    return found


def chosen(plan: Json, **changes: Any) -> Json:
    """The mapping of a plan with all that it asks for: networks and groups are made again."""
    mapping: Json = plan["mapping"]
    named = [choice["member"].partition(".") for choice in plan["choices"]]
    groups = [
        {"security_group_id": key, "target": "new"} for what, _, key in named if what == "security_groups"
    ]
    floating = [
        {"floating_ip_id": key, "address": "drop"} for what, _, key in named if what == "floating_ips"
    ]
    ports = [{**port, "network": "new"} for port in mapping["ports"]]
    more = {"security_groups": mapping["security_groups"] + groups, "floating_ips": floating, "ports": ports}
    found = mapping | more | {"user_data": "drop", "server_group": "drop"} | changes
    return {name: value for name, value in found.items() if name != "project_id"}


def ready(cbr: ApiServer, backup_id: str, account: str = "demo", **changes: Any) -> Json:
    return planned(cbr, backup_id, account, **chosen(planned(cbr, backup_id, account), **changes))


def test_a_project_in_which_the_caller_has_no_role_is_nowhere(cbr: ApiServer, backup_id: str):
    told = []
    for project in (cbr.project("other"), new_id(cbr.clock.now()), "no-project"):
        with nothing_is_made(cbr):
            answer = asked(cbr, backup_id, project_id=project)
        refused(answer, 404, "6302", project)
        told.append(answer.json()["error_msg"].replace(project, ""))
    assert len(set(told)) == 1


def test_a_project_in_which_the_caller_may_not_restore_says_so(cbr: ApiServer, backup_id: str):
    with role(cbr, "reader"), nothing_is_made(cbr):
        refused(asked(cbr, backup_id, project_id=cbr.project("other")), 403, "8600", "cbr:backups:restore")


@pytest.mark.parametrize("way", ["a group's", "an inherited", "a group's inherited"])
def test_a_role_that_the_caller_does_not_hold_itself_counts(
    cbr: ApiServer, keystone: Keystone, backup_id: str, way: str
):
    """Keystone tells effective assignments: a group's role on the project, and the domain's for all its projects."""
    other = cbr.project("other")
    refused(asked(cbr, backup_id, project_id=other), 404, "6302", other)
    group = keystone.group() if "group" in way else ""
    holder = f"groups/{group}" if group else f"users/{keystone.user}"
    inherits = "inherited" in way
    where = "OS-INHERIT/domains/default" if inherits else f"projects/{other}"
    more = "/inherited_to_projects" if inherits else ""
    keystone.gives("reader", holder, where, more)
    with nothing_is_made(cbr):
        refused(asked(cbr, backup_id, project_id=other), 403, "8600", "cbr:backups:restore")
    keystone.gives("member", holder, where, more)
    plan = ready(cbr, backup_id)
    assert (plan["status"], plan["mapping"]["project_id"]) == ("ready", other), plan["problems"]
    if group:
        keystone.leaves(group)
        for method, path in (("GET", ""), ("POST", "/restore")):
            with nothing_is_made(cbr):
                refused(cbr.call(method, f"restore-plans/{plan['id']}{path}"), 404, "6302")


def test_a_project_that_is_disabled_is_nowhere(cbr: ApiServer, backup_id: str):
    other = cbr.project("other")
    with role(cbr, "member"):
        change(cbr, "project", other, enabled=False)
        try:
            refused(asked(cbr, backup_id, project_id=other), 404, "6302")
        finally:
            change(cbr, "project", other, enabled=True)
        assert planned(cbr, backup_id)["status"] == "incomplete"


def test_the_project_of_the_backup_may_be_named_too(cbr: ApiServer, backup_id: str):
    answer = asked(cbr, backup_id, project_id=cbr.project())
    assert answer.status_code == 200, answer.text
    plan = answer.json()["restore_plan"]
    assert plan["mapping"]["project_id"] == cbr.project()
    assert not any("is made in project" in notice for notice in plan["notices"])


def test_a_credential_that_is_bound_to_its_project_opens_no_other(cbr: ApiServer, backup_id: str):
    user = cbr.cloud.account("demo")["user_id"]
    headers = {"X-Auth-Token": cbr.fresh_token()}
    body = {"application_credential": {"name": "bound", "secret": "s3cret"}}
    url = f"{cbr.cloud.auth_url}/users/{user}/application_credentials"
    made = requests.post(url, json=body, headers=headers, timeout=10)
    assert made.status_code == 201, made.text
    credential = {"id": made.json()["application_credential"]["id"], "secret": "s3cret"}
    methods = {"methods": ["application_credential"], "application_credential": credential}
    auth = {"auth": {"identity": methods}}
    token = requests.post(f"{cbr.cloud.auth_url}/auth/tokens", json=auth, timeout=10).headers[
        "X-Subject-Token"
    ]
    wanted = {"restore_plan": {"as": "new_server", "mapping": {"project_id": cbr.project("other")}}}
    with role(cbr, "member"):
        path = f"/v3/{cbr.project()}/backups/{backup_id}/restore-plans"
        answer = cbr.call("POST", path, wanted, account=None, headers={"X-Auth-Token": token})
    refused(answer, 404, "6302", "not bound to its own project")


def test_an_access_key_opens_what_its_user_may(cbr: ApiServer, backup_id: str):
    path = f"/v3/{cbr.project()}/backups/{backup_id}/restore-plans"
    body = {"restore_plan": {"as": "new_server", "mapping": {"project_id": cbr.project("other")}}}

    def ask() -> Any:
        key, text = cbr.cloud.access_key("demo"), json.dumps(body).encode()
        return signed(cbr, key, path, project=cbr.project(), method="POST", body=text)

    refused(ask(), 404, "6302")
    with role(cbr, "member"):
        assert ask().status_code == 200


def test_the_right_is_asked_for_again_when_a_plan_is_shown_and_applied(cbr: ApiServer, backup_id: str):
    with role(cbr, "member"):
        plan = ready(cbr, backup_id)
        assert plan["status"] == "ready", (plan["problems"], plan["choices"])
        assert plan["mapping"]["project_id"] == cbr.project("other")
        shown = cbr.call("GET", f"restore-plans/{plan['id']}")
        assert shown.json()["restore_plan"] == plan
    calls = (("GET", ""), ("POST", "/restore"))
    for method, more in calls:
        with nothing_is_made(cbr):
            refused(cbr.call(method, f"restore-plans/{plan['id']}{more}"), 404, "6302")
    with role(cbr, "reader"):
        for method, more in calls:
            with nothing_is_made(cbr):
                refused(cbr.call(method, f"restore-plans/{plan['id']}{more}"), 403, "8600")
    refused(cbr.call("GET", f"restore-plans/{plan['id']}", account="other"), 404, "6302")


def test_what_is_sealed_goes_there_with_the_right_to_see_it_alone(cbr: ApiServer, backup_id: str):
    with role(cbr, "member"), role(cbr, "member", "demo-admin"):
        plan = ready(cbr, backup_id, user_data="run")
        assert plan["status"] == "refused"
        (problem,) = plan["problems"]
        assert (problem["document"], problem["field"]) == ("server", SEALED)
        assert "user_data: drop" in problem["sentence"]
        assert row(plan, SEALED, "server@")["fate"] == "refused"
        plan = ready(cbr, backup_id, "demo-admin", user_data="run")
        assert plan["status"] == "ready", plan["problems"]
        assert "correct-horse" not in json.dumps(plan)
        # Applied by somebody who may not see it, the plan says another thing.
        answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    refused(answer, 409, "9900", "is sealed")


def test_the_plan_is_made_from_what_that_project_has(cbr: ApiServer, backup_id: str):
    backend, other = cbr.cloud.backend, cbr.project("other")
    theirs = in_the_cloud(lambda cbr, project: make_network(cbr.cloud.backend, project, "theirs"))(cbr)
    flavor = private("flavor")(cbr)
    with backend.state.change():
        default_group(backend, other)
        ours = make_network(backend, cbr.project(), "ours")["id"]
    with role(cbr, "member"):
        plan = ready(cbr, backup_id)
        assert row(plan, "server.tenant_id", "server@")["target"] == other
        assert any(f"is made in project {other}" in notice for notice in plan["notices"])
        first, *more = chosen(plan)["ports"]
        for network, status in ((theirs, 200), (ours, 404)):
            ports = [{**first, "network": "map", "network_id": network}, *more]
            answer = asked(cbr, backup_id, project_id=other, **chosen(plan) | {"ports": ports})
            assert answer.status_code == status, answer.text
        assert ready(cbr, backup_id, flavor_id=flavor)["status"] == "ready"
        change(cbr, "flavor", flavor, projects=[cbr.project()])
        refused(asked(cbr, backup_id, project_id=other, flavor_id=flavor), 404, "6302")


@pytest.mark.parametrize("owner", ["other", "demo"])
def test_both_projects_need_room_for_the_disks(cbr: ApiServer, backup_id: str, owner: str):
    restore_doc(cbr, "quota", {"id": cbr.project(owner), "volumes": 2})
    try:
        with role(cbr, "member"):
            plan = ready(cbr, backup_id)
    finally:
        hide(cbr, "quota", cbr.project(owner))
    assert plan["status"] == "refused"
    (problem,) = plan["problems"]
    assert problem["field"] == "volume/volumes"
    assert ("before they are handed over" in problem["sentence"]) is (owner == "demo")
    assert "of 2 volumes" in problem["sentence"]


def test_one_disk_as_a_new_volume_goes_into_no_other_project(cbr: ApiServer, backup_id: str):
    mapping = {"project_id": cbr.project("other")}
    body = {"restore_plan": {"as": "new_volume", "mapping": mapping}}
    with role(cbr, "member"), nothing_is_made(cbr):
        refused(cbr.call("POST", f"backups/{backup_id}/restore-plans", body), 400, "9900", "project_id")
