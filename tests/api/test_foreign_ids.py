"""An id of another project in every place where a request for a restore takes one: it is nowhere, and nothing is made.

The foreign thing is of the kind that the place takes, and in the state that it would be taken in; `test_wrong_ids` walks all
other places of ids.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opencbr.democloud.network.networks import make_network
from opencbr.democloud.network.security_groups import make_group
from opencbr.model.ids import new_id

from .api_server import ApiServer
from .protected_cloud import children_of, new_disk, new_server, refused, restorable
from .test_restore_plans import all_new, asked, change, of_the_cloud, planned
from .test_wrong_ids import disk, plan_of, rows, server

Json = dict[str, Any]
Make = Callable[[ApiServer], str]
"""Makes a thing that the caller's project is not shown, and gives its id."""
Request = tuple[str, str, Json | None]
Ask = Callable[[ApiServer, str], Request]
"""Gives method, path and body of a request that is right but for this id."""


def in_the_cloud(make: Callable[[ApiServer, str], Json]) -> Make:
    """Make a thing in the cloud, as its state has it; `make` gets the other project."""

    def made(cbr: ApiServer) -> str:
        with cbr.cloud.backend.state.change():
            return str(make(cbr, cbr.project("other"))["id"])

    return made


def private(kind: str) -> Make:
    """Make a flavor or volume type that only the other project may use, like one that everybody may."""

    def make(cbr: ApiServer, project: str) -> Json:
        state = cbr.cloud.backend.state
        model = state.all(kind)[0]
        own = {"id": new_id(cbr.clock.now()), "name": "private", "is_public": False, "projects": [project]}
        return state.put(kind, model | own, project="")

    return in_the_cloud(make)


def group(cbr: ApiServer, project: str) -> Json:
    own = {"id": new_id(cbr.clock.now()), "project_id": project, "user_id": "somebody", "name": "somebody's"}
    return cbr.cloud.backend.state.put(
        "server-group", own | {"policy": "affinity", "rules": {}, "members": []}
    )


def restoring(choose: Callable[[str, str, str], Json], *, of_a_disk: bool = False) -> Ask:
    """Restore in place; `choose` gives the request from a disk's volume and backup, and the id."""

    def ask(cbr: ApiServer, wanted: str) -> Request:
        made = restorable(cbr, new_disk(cbr) if of_a_disk else new_server(cbr))
        ((volume, backup),) = children_of(cbr, made).items() or ((made.resource_id, made.id),)
        return "POST", f"backups/{made.id}/restore", {"restore": choose(volume, backup, wanted)}

    return ask


def planning(choose: Callable[[Json, str], Json]) -> Ask:
    """Plan a restore; `choose` changes members of a mapping with which the plan would be ready."""

    def ask(cbr: ApiServer, wanted: str) -> Request:
        backup = cbr.protected()
        plan = planned(cbr, backup.id)
        mapping = all_new(plan)
        mapping |= choose(mapping | {"plan": plan}, wanted)
        body = {"restore_plan": {"as": "new_server", "mapping": mapping}}
        return "POST", f"backups/{backup.id}/restore-plans", body

    return ask


def planning_a_checkpoint(choose: Callable[[Json, str], Json]) -> Ask:
    """Plan a restore of a checkpoint of two servers; `choose` gives what is in the mapping from the one that was filled in."""

    def ask(cbr: ApiServer, wanted: str) -> Request:
        first = cbr.protected()
        cbr.protected("web1", checkpoint_id=first.checkpoint_id)
        path = f"checkpoints/{first.checkpoint_id}/restore-plans"
        plan = cbr.call("POST", path, {"restore_plan": {}}).json()["restore_plan"]
        return "POST", path, {"restore_plan": {"mapping": choose(plan["mapping"] | {"plan": plan}, wanted)}}

    return ask


def one_of(mapping: Json, kind: str) -> str:
    """Give the id of the thing of a kind that both servers have."""
    return next(
        str(row["value"])
        for row in mapping["plan"]["rows"]
        if (row["document"].partition("/")[0], row["field"]) == (kind, f"{kind}.id")
    )


def another_router(mapping: Json, wanted: str) -> Json:
    return {"routers": [{"router_id": one_of(mapping, "router"), "target": wanted}]}


def planning_a_volume(choose: Callable[[str], Json]) -> Ask:
    """Plan a restore of one disk as a new volume; `choose` gives what else is in the mapping."""

    def ask(cbr: ApiServer, wanted: str) -> Request:
        backup = cbr.protected()
        mapping = {"volume_id": of_the_cloud(cbr, "volume", "db1-data")["id"]} | choose(wanted)
        body = {"restore_plan": {"as": "new_volume", "mapping": mapping}}
        return "POST", f"backups/{backup.id}/restore-plans", body

    return ask


def planning_in_place(choose: Callable[[str, str], Json]) -> Ask:
    """Plan a restore in place; `choose` gives the mapping from a disk's volume and the id."""

    def ask(cbr: ApiServer, wanted: str) -> Request:
        backup = cbr.protected()
        volume = of_the_cloud(cbr, "volume", "db1-data")["id"]
        body = {"restore_plan": {"as": "in_place", "mapping": choose(volume, wanted)}}
        return "POST", f"backups/{backup.id}/restore-plans", body

    return ask


def each(member: str, **changes: Any) -> Callable[[Json, str], Json]:
    """Change the last entry of a list in the mapping; `{id}` stands for the id."""

    def choose(mapping: Json, wanted: str) -> Json:
        *others, last = mapping[member]
        named = {name: wanted if value == "{id}" else value for name, value in changes.items()}
        return {member: [*others, last | named]}

    return choose


def ready_plan(cbr: ApiServer) -> str:
    """Make a plan of the other project that it could apply."""
    return plan_of("other", "foreign1")(cbr)


def router(cbr: ApiServer, project: str) -> Json:
    state = cbr.cloud.backend.state
    return state.put(
        "router",
        state.all("router")[0] | {"id": new_id(cbr.clock.now()), "project_id": project, "tenant_id": project},
    )


ROUTER = in_the_cloud(router)
NETWORK = in_the_cloud(lambda cbr, project: make_network(cbr.cloud.backend, project, "somebody's"))
PLACES: dict[str, tuple[Make, Ask, str]] = {
    "RestoreBackup, backup": (
        lambda cbr: cbr.protected("foreign1", "other").id,
        lambda _cbr, wanted: ("POST", f"backups/{wanted}/restore", {"restore": {}}),
        "6200",
    ),
    "RestoreBackup, server_id": (server("other"), restoring(lambda _v, _b, one: {"server_id": one}), "7100"),
    "RestoreBackup, server_id with mappings": (
        server("other"),
        restoring(
            lambda volume, backup, one: {
                "server_id": one,
                "mappings": [{"backup_id": backup, "volume_id": volume}],
            }
        ),
        "7100",
    ),
    "RestoreBackup, resource_id of a server": (
        server("other"),
        restoring(lambda _v, _b, one: {"resource_id": one}),
        "7100",
    ),
    "RestoreBackup, volume_id": (
        disk("other"),
        restoring(lambda _v, _b, one: {"volume_id": one}, of_a_disk=True),
        "7000",
    ),
    "RestoreBackup, resource_id of a disk": (
        disk("other"),
        restoring(lambda _v, _b, one: {"resource_id": one}, of_a_disk=True),
        "7000",
    ),
    "RestoreBackup, volume of a mapping": (
        disk("other"),
        restoring(lambda _v, backup, one: {"mappings": [{"backup_id": backup, "volume_id": one}]}),
        "7000",
    ),
    "RestoreBackup, volume of a disk's mapping": (
        disk("other"),
        restoring(
            lambda _v, backup, one: {"mappings": [{"backup_id": backup, "volume_id": one}]}, of_a_disk=True
        ),
        "7000",
    ),
    "RestoreBackup, volume of a mapping, on a server": (
        lambda cbr: str(new_server(cbr, "other")["disks"][0]),
        restoring(lambda _v, backup, one: {"mappings": [{"backup_id": backup, "volume_id": one}]}),
        "7000",
    ),
    "RestoreBackup, backup of a mapping": (
        lambda cbr: next(iter(children_of(cbr, cbr.protected("foreign1", "other"), "other").values())),
        restoring(lambda volume, _b, one: {"mappings": [{"backup_id": one, "volume_id": volume}]}),
        "6200",
    ),
    "CreateRestorePlan, backup": (
        lambda cbr: cbr.protected("foreign1", "other").id,
        lambda _cbr, wanted: (
            "POST",
            f"backups/{wanted}/restore-plans",
            {"restore_plan": {"as": "new_server"}},
        ),
        "6200",
    ),
    "CreateRestorePlan, project": (
        lambda cbr: cbr.project("other"),
        planning(lambda _m, one: {"project_id": one}),
        "6302",
    ),
    "CreateRestorePlan, flavor": (private("flavor"), planning(lambda _m, one: {"flavor_id": one}), "6302"),
    "CreateRestorePlan, server group": (
        in_the_cloud(group),
        planning(lambda _m, one: {"server_group": one}),
        "6302",
    ),
    "CreateRestorePlan, network": (
        NETWORK,
        planning(each("ports", network="map", network_id="{id}")),
        "6302",
    ),
    "CreateRestorePlan, network that is not mapped to": (
        NETWORK,
        planning(each("ports", network="keep", network_id="{id}")),
        "6302",
    ),
    "CreateRestorePlan, security group": (
        in_the_cloud(lambda cbr, project: make_group(cbr.cloud.backend, project, "somebody's", "")),
        planning(each("security_groups", target="{id}")),
        "6302",
    ),
    "CreateRestorePlan, router": (ROUTER, planning(another_router), "6302"),
    "CreateRestorePlan, volume type": (
        private("volume-type"),
        planning(each("volumes", volume_type_id="{id}")),
        "6302",
    ),
    "CreateRestorePlan, server in place": (
        server("other"),
        planning_in_place(lambda _volume, one: {"server_id": one}),
        "6302",
    ),
    "CreateRestorePlan, volume in place": (
        disk("other"),
        planning_in_place(lambda volume, one: {"disks": [{"volume_id": volume, "target": one}]}),
        "6302",
    ),
    "CreateRestorePlan, server that gets a new volume": (
        server("other"),
        planning_a_volume(lambda one: {"server_id": one}),
        "6302",
    ),
    "CreateCheckpointRestorePlan, checkpoint": (
        lambda cbr: cbr.protected("foreign1", "other").checkpoint_id,
        lambda _cbr, wanted: ("POST", f"checkpoints/{wanted}/restore-plans", {"restore_plan": {}}),
        "6217",
    ),
    "CreateCheckpointRestorePlan, project": (
        lambda cbr: cbr.project("other"),
        planning_a_checkpoint(lambda _plan, one: {"project_id": one}),
        "6302",
    ),
    "CreateCheckpointRestorePlan, network of all ports": (
        NETWORK,
        planning_a_checkpoint(
            lambda plan, one: {"networks": [{"network_id": one_of(plan, "network"), "target": one}]}
        ),
        "6302",
    ),
    "CreateCheckpointRestorePlan, network of a port": (
        NETWORK,
        planning_a_checkpoint(each("ports", network="map", network_id="{id}")),
        "6302",
    ),
    "CreateCheckpointRestorePlan, router": (
        ROUTER,
        planning_a_checkpoint(another_router),
        "6302",
    ),
    "CreateCheckpointRestorePlan, flavor of a backup": (
        private("flavor"),
        planning_a_checkpoint(each("backups", flavor_id="{id}")),
        "6302",
    ),
    "CreateCheckpointRestorePlan, server group of a backup": (
        in_the_cloud(group),
        planning_a_checkpoint(each("backups", server_group="{id}")),
        "6302",
    ),
    "CreateCheckpointRestorePlan, security group": (
        in_the_cloud(lambda cbr, project: make_group(cbr.cloud.backend, project, "somebody's", "")),
        planning_a_checkpoint(each("security_groups", target="{id}")),
        "6302",
    ),
    "CreateCheckpointRestorePlan, volume type": (
        private("volume-type"),
        planning_a_checkpoint(each("volumes", volume_type_id="{id}")),
        "6302",
    ),
    "ShowRestorePlan": (ready_plan, lambda _cbr, wanted: ("GET", f"restore-plans/{wanted}", None), "6302"),
    "ApplyRestorePlan": (
        ready_plan,
        lambda _cbr, wanted: ("POST", f"restore-plans/{wanted}/restore", None),
        "6302",
    ),
    "ShowOpLog": (
        lambda cbr: cbr.log("other").id,
        lambda _cbr, wanted: ("GET", f"operation-logs/{wanted}", None),
        "6500",
    ),
}


@contextmanager
def nothing_is_made(cbr: ApiServer) -> Iterator[None]:
    """Check that what is within writes nothing: neither here, for one project or the other, nor in the cloud."""
    both = [cbr.project(), cbr.project("other")]
    before, written = [rows(cbr, one) for one in both], writes(cbr)
    yield
    assert [rows(cbr, one) for one in both] == before
    assert writes(cbr) == written


def writes(cbr: ApiServer) -> list[Any]:
    return [one for one in cbr.cloud.calls.find() if one.method != "GET" and one.service != "identity"]


@pytest.mark.parametrize("place", PLACES)
def test_a_foreign_id_is_nowhere_and_nothing_is_made(cbr: ApiServer, place: str):
    make, ask, code = PLACES[place]
    foreign = make(cbr)
    method, path, body = ask(cbr, foreign)
    with nothing_is_made(cbr):
        answer = cbr.call(method, path, body)
    refused(answer, 404, code)
    told = answer.json()["error_msg"].replace(foreign, "")
    method, path, body = ask(cbr, nowhere := new_id(cbr.clock.now()))
    assert cbr.call(method, path, body).json()["error_msg"].replace(nowhere, "") == told


@pytest.mark.parametrize("kind", ["flavor", "volume-type"])
def test_what_the_project_was_let_in_to_can_be_chosen_and_is_nowhere_once_it_was_taken_back(
    cbr: ApiServer, kind: str
):
    """The plan is ready, and it is held against the cloud again when it is applied."""
    one = private(kind)(cbr)
    change(cbr, kind, one, projects=[cbr.project()])
    backup = cbr.protected()
    mapping = all_new(planned(cbr, backup.id))
    chosen = {"flavor_id": one} if kind == "flavor" else each("volumes", volume_type_id="{id}")(mapping, one)
    plan = planned(cbr, backup.id, **mapping | chosen)
    assert plan["status"] == "ready", plan["problems"]
    change(cbr, kind, one, projects=[cbr.project("other")])
    with nothing_is_made(cbr):
        answer = cbr.call("POST", f"restore-plans/{plan['id']}/restore")
    refused(answer, 409, "9900", "There is no such", "Make a new plan")
    refused(asked(cbr, backup.id, **mapping | chosen), 404, "6302")
