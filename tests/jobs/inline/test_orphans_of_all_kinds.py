"""Every kind of thing that jobs make is looked for by its name and by the ledger, and removed before what it stands on."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest

from opencbr.cloud import made_things
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.image.images import make_image
from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.jobs.upstream.janitor import clean
from opencbr.jobs.upstream.kinds import KINDS, REMOVAL_ORDER, removal_rank
from opencbr.jobs.upstream.names import prefix, properties
from opencbr.jobs.upstream.objects import planned
from opencbr.store import ledger, operation_logs
from support.inline_job import job_context
from support.job_env import JobEnv

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJtCVBvcGVuY2JyLXRlc3Qta2V5LW9ubHktZm9y"
_WORK = 60.0
"""Seconds in which the embedded cloud ends what it has begun."""

Name = Callable[[str], str]
Made = dict[tuple[str, str], str]
"""Kind and key -> id."""


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    with place.cloud_kept():
        # Neutron makes the default group of a project when it is first asked for it.
        place.cloud.project(place.project_id).networks.find("security_group", "default")
        made_things.of_neutron("security_group")(place.cloud.reader(), "")
        yield job_context(place)
    place.clear()


def test_every_kind_has_one_place_in_the_order_of_removal():
    places = Counter(chain.from_iterable(REMOVAL_ORDER))
    assert places == Counter(KINDS.keys()), "a new kind gets its place in REMOVAL_ORDER"


def test_whatever_bears_our_name_and_is_in_no_ledger_is_found_and_removed(place: JobEnv, ctx: JobContext):
    before = place.things()
    made = make_one_of_each(place, ctx, lambda kind: f"{prefix(ctx.installation)}lost-{kind}")
    make_one_of_each(
        place, ctx, lambda kind: f"opencbr-deadbeef-lost-{kind}", only={"port", "network", "keypair"}
    )
    stock = take_stock(place.database, place.cloud)
    assert {(one.kind, one.id) for one in stock.orphans} == {(kind, id_) for (kind, _), id_ in made.items()}
    assert {one.why for one in stock.orphans} == {"it is not in the ledger"}
    assert {one.project_id for one in stock.orphans if one.kind != "keypair"} == {place.project_id}
    cleaned = clean(ctx, stock.orphans)
    assert [one for one in cleaned if one.problem] == []
    ranks = [removal_rank(one.orphan.kind) for one in cleaned]
    assert ranks == sorted(ranks)
    assert take_stock(place.database, place.cloud).orphans == ()
    left = {kind: len(ids - before[kind]) for kind, ids in place.things().items()}
    assert {kind: number for kind, number in left.items() if number} == {
        "port": 1,
        "network": 1,
        "keypair": 1,
    }, "another installation's are left alone"


def test_what_a_job_left_under_the_names_of_a_record_is_found_by_its_id_and_removed(
    place: JobEnv, ctx: JobContext
):
    before = place.things()
    operation = place.request_backup(place.bind("web1"))
    made = make_one_of_each(place, ctx, lambda kind: f"the tenant's {kind}")
    with place.database.write() as conn:
        for (kind, key), id_ in made.items():
            name, volume = f"the tenant's {kind}{key}", made["volume", ""]
            entry = planned(ctx, operation, kind, key, name=name, volume_id=volume)
            ledger.plan(conn, entry)
            ledger.made(conn, entry.id, id_, now=ctx.clock.now())
    assert take_stock(place.database, place.cloud).orphans == (), "the job is at work"
    with place.database.write() as conn:
        operation_logs.finish(conn, operation.id, "failed", "9910", "a test", now=ctx.clock.now())
        ledger.leave(conn, operation.id)
    found = take_stock(place.database, place.cloud).orphans
    asked_for = {key: id_ for key, id_ in made.items() if not KINDS[key[0]].lasting}
    assert {(one.kind, one.id) for one in found} == {(kind, id_) for (kind, _), id_ in asked_for.items()}
    assert {one.why for one in found} == {"the job that made it has ended"}
    remove_leftovers(ctx)
    assert place.ledger() == []
    assert place.things() == before
    assert place.upstream("snapshot") == place.upstream("backup") == []


def test_a_cloud_without_trunks_and_a_project_that_is_gone_hide_nothing(place: JobEnv, ctx: JobContext):
    name = f"{prefix(ctx.installation)}lost-port"
    make_one_of_each(place, ctx, lambda _: name, only={"network", "port"})
    place.demo.faults.inject(service="network", path="/trunks", status=404, times=0)
    assert made_things.of_neutron("trunk")(place.cloud.reader(), "") == []
    operation = place.request_backup(place.bind("web1"))
    with place.database.write() as conn:
        entry = planned(ctx, operation, "server", "x")
        ledger.plan(conn, entry)
        ledger.made(conn, entry.id, "5d5b1b9c-0000-4000-8000-000000000000", now=ctx.clock.now())
        operation_logs.finish(conn, operation.id, "failed", "9910", "a test", now=ctx.clock.now())
    place.demo.faults.inject(service="compute", path="/servers/5d5b1b9c", status=403, times=0)
    assert {one.kind for one in take_stock(place.database, place.cloud).orphans} == {"network", "port"}


def make_one_of_each(env: JobEnv, ctx: JobContext, name: Name, only: set[str] | None = None) -> Made:
    """Make one thing of each kind in the tenant's project, standing on one another wherever they can.

    A new kind: make one here, on whatever refuses to go before it.
    """
    made: Made = {}
    project, state = env.cloud.project(env.project_id), env.demo.backend.state
    servers = project.servers

    def settled(kind: str, id_: str, key: str = "") -> str:
        made[kind, key] = id_
        ctx.clock.sleep(_WORK)
        return id_

    def neutron(kind: str, fields: dict[str, Any], key: str = "") -> str:
        return settled(kind, str(project.networks.create(kind, name(kind) + key, fields)["id"]), key)

    def key_pair() -> None:
        servers.import_key(name("keypair"), _KEY, "ssh")
        settled("keypair", name("keypair"))

    network = neutron("network", {})
    if only:
        neutron("port", {"network_id": network})
        if "keypair" in only:
            key_pair()
        return made
    key_pair()
    neutron("subnet", {"network_id": network, "cidr": "10.77.0.0/24", "ip_version": 4})
    group = neutron("security_group", {})
    port = neutron("port", {"network_id": network, "security_groups": [group]})
    neutron("trunk", {"port_id": port})
    router = neutron("router", {})
    inside = {"network_id": network, "port_security_enabled": False, "security_groups": []}
    project.networks.plug_router(router, neutron("port", inside, "-inside"))
    with state.change():
        public = state.find("network", name="public")
        flavor = state.all("flavor")[0]
        group_id = new_uuid()
        group_doc = {
            "id": group_id,
            "name": name("server_group"),
            "project_id": env.project_id,
            "user_id": "u",
        }
        state.put("server-group", group_doc | {"policy": "affinity", "rules": {}, "members": []})
        image_name, of_ours = name("image"), properties(prefix(ctx.installation))
        image = make_image(
            env.demo.backend, env.project_id, image_name, size=1, visibility="private", **of_ours
        )
    settled("server_group", group_id)
    settled("image", image["id"])
    assert public is not None
    neutron("floatingip", {"floating_network_id": public["id"]})
    volume = settled("volume", project.create_volume(name("volume"), 1).id)
    snapshot = settled("snapshot", project.create_snapshot(volume, name("snapshot")).id)
    settled("backup", project.create_backup(volume, snapshot, name("backup")).id)
    disk = {"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
    fields = {
        "flavorRef": flavor["id"],
        "networks": [{"port": port}],
        "block_device_mapping_v2": [disk],
    }
    settled("server", servers.create(name("server"), fields, {"group": group_id}))
    assert {kind for kind, _ in made} == KINDS.keys(), "make one of the new kind too"
    return made
