"""Servers of the embedded cloud with everything that a record can hold, and what the API answers about their backups."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.api_server import ApiServer, open_server
from opencbr.console.backup.answers import Answers
from opencbr.democloud import DemoCloud, Timing
from opencbr.democloud.compute.attachments import attach
from opencbr.democloud.network.floating_ips import associate, make_floating
from opencbr.democloud.network.networks import make_network
from opencbr.democloud.network.ports import bind_port, make_port
from opencbr.democloud.network.routers import make_router
from opencbr.democloud.network.routes import add_standard_attributes
from opencbr.democloud.network.security_groups import make_group, make_rule
from opencbr.democloud.network.subnets import make_subnet
from opencbr.democloud.seed.servers import make_disk, make_server
from opencbr.model.backup import Backup
from support.databases import SQLITE, Databases

MARKUP = (
    '<script class=canary>alert("x")</script><img class=canary src=x onerror=alert(1)>'
    '<a class=canary href="javascript:alert(2)">a</a><svg class=canary onload=alert(3)><iframe class=canary src=//x>'
)
"""Elements that no page may have: each bears a class by which it is found, whatever a browser makes of it."""
HOSTILE = f"{MARKUP}&amp;\x07\x1b[31m\u202egnp.exe\u200f]]>"
SHOWN = f"{MARKUP}&amp;\\x07\\x1b[31m\\u202egnp.exe\\u200f]]>"
"""How it reads on a page."""
LONG = "n\u00e4me-" * 2000
ROOT_IMAGE = "1a6e0000-0000-4000-8000-000000000001"
"""The image that a backup has made of a root disk that is no volume."""
PLACES: set[str] = set()
"""The fields that somebody's canary was written into."""


def canary(place: str) -> str:
    """Return HOSTILE with the field that it is written into, so that each is asked for by itself where it is shown."""
    PLACES.add(place)
    return f"{HOSTILE}[{place}]"


@contextmanager
def rich_server(folder: Path, databases: Databases, **more: Any) -> Iterator[ApiServer]:
    """Start a server beside an embedded cloud that has the servers `rich` and HOSTILE; `more` is `open_server`'s."""
    with (
        DemoCloud(folder / "cloud", timing=Timing.by_polls(2)) as cloud,
        databases.fresh(SQLITE, folder) as url,
        open_server(folder, cloud, url, **more) as cbr,
    ):
        make_rich(cbr)
        make_hostile(cbr)
        yield cbr


def answers_of(cbr: ApiServer, backup_id: str, account: str = "demo") -> Answers:
    """Ask the API all that a backup's page is made from; what it refuses is None."""
    replies = {
        path: cbr.call("GET", f"backups/{backup_id}{path}", account=account)
        for path in ("", "/metadata", "/record", "/record/report")
    }
    good = {path: reply if reply.status_code == 200 else None for path, reply in replies.items()}
    shown, metadata, record, report = good.values()
    assert shown is not None, replies[""].text
    return Answers(
        backup=shown.json()["backup"],
        metadata=metadata.content if metadata else None,
        record=record.json() if record else None,
        report=report.json() if report else None,
    )


def make_rich(cbr: ApiServer) -> None:
    """Make the server `rich`: four ports, two of them on one network, a trunk, three groups, an address group, two floating
    IPs of which one forwards, four disks of which one goes with the server, and a router without a floating IP.
    """
    backend, owner = cbr.cloud.backend, cbr.cloud.account("demo")
    project = owner["project_id"]
    with backend.state.change():
        state = backend.state
        public = state.find("network", name="public")
        disks = [make_disk(backend, owner, f"rich-{n}", 1, boot=n == 0) for n in range(3)]
        server = make_server(backend, owner, "rich", image=None, disks=disks, tags=["a"], metadata={"k": "v"})
        gone = make_disk(backend, owner, "rich-scratch", 2)
        attach(backend, server, gone, "/dev/sdd", delete_on_termination=True, tag=None)

        front = make_network(backend, project, "rich-front")
        subnets = [make_subnet(backend, front, f"rich-front-{n}", f"10.{n}.0.0/24") for n in (20, 21)]
        back = make_network(backend, project, "rich-back")
        inner = make_subnet(backend, back, "rich-back-v4", "10.22.0.0/24")
        vlan = make_network(backend, project, "rich-vlan")
        make_subnet(backend, vlan, "rich-vlan-v4", "10.23.0.0/24")
        make_router(backend, project, "rich-router", public, subnets)
        make_router(backend, project, "rich-inner-router", public, [inner])

        office = {"id": "0ff1ce00-0000-4000-8000-000000000000", "name": "office", "description": ""}
        office["addresses"] = ["198.51.100.0/24"]
        state.put("address-group", add_standard_attributes(backend, project, office))
        web, database, jump = (
            make_group(backend, project, name, "") for name in ("web", "database-2", "jump")
        )
        make_rule(
            backend, web, protocol="tcp", port_range_min=80, port_range_max=443, description="the world"
        )
        make_rule(backend, web, protocol="icmp", port_range_min=8, port_range_max=0)
        make_rule(backend, web, protocol="udp", remote_address_group_id=office["id"])
        make_rule(backend, database, protocol="tcp", remote_group_id=jump["id"])
        make_rule(backend, database, remote_group_id=database["id"], ethertype="IPv6")

        both = [web["id"], database["id"]]
        ports = [
            make_port(backend, project, front, groups=both, name="rich-a", address="10.20.0.7"),
            make_port(backend, project, front, groups=[web["id"]], name="rich-b"),
            make_port(backend, project, back, groups=[database["id"]], name=""),
            make_port(backend, project, back, groups=["none"], name="rich-open"),
        ]
        pair = {"ip_address": "10.22.0.250", "mac_address": "fa:16:3e:00:99:99"}
        ports[3] |= {"security_groups": [], "port_security_enabled": False, "allowed_address_pairs": [pair]}
        for number, port in enumerate(ports, 1):
            bind_port(backend, port, server["id"], number)
        subports = [
            make_port(backend, project, vlan, groups=[web["id"]], name=f"rich-sub-{n}") for n in (1, 2)
        ]
        rows = [
            {"port_id": sub["id"], "segmentation_type": "vlan", "segmentation_id": 100 + n}
            for n, sub in enumerate(subports)
        ]
        trunk: dict[str, Any] = {
            "id": "72756e6b-0000-4000-8000-000000000000",
            "name": "t",
            "port_id": ports[1]["id"],
        }
        trunk |= {"status": "ACTIVE", "admin_state_up": True, "sub_ports": rows}
        state.put("trunk", add_standard_attributes(backend, project, trunk))

        associate(backend, make_floating(backend, project, public), ports[0])
        shared = make_floating(backend, project, public)
        forward = {
            "id": "f0f0f0f0-0000-4000-8000-000000000000",
            "floatingip_id": shared["id"],
            "project_id": project,
        }
        forward |= {"external_port": 2222, "internal_port": 22, "protocol": "tcp", "description": ""}
        forward |= {"internal_port_id": ports[0]["id"], "internal_ip_address": "10.20.0.7"}
        state.put("port-forwarding", forward)


_WRITTEN: dict[str, Callable[[str], Any]] = {
    "description": lambda kind: canary(f"{kind}.description"),
    "tags": lambda kind: [canary(f"{kind}.tag")],
    "metadata": lambda kind: {canary(f"{kind}.metadata name"): canary(f"{kind}.metadata value")},
}
"""What a thing of the cloud may say, by its kind."""


def make_hostile(cbr: ApiServer) -> None:
    """Make the server HOSTILE, whose owner writes markup, control characters and very long texts wherever words go."""
    backend, owner = cbr.cloud.backend, cbr.cloud.account("demo")
    project = owner["project_id"]
    with backend.state.change():
        state = backend.state
        disk = make_disk(backend, owner, canary("disk.name"), 1, boot=True)
        labels = {
            canary("server.metadata name"): canary("server.metadata value"),
            "long": LONG,
            "mask": "(masked secret 0123456789abcdef)",
        }
        words: dict[str, Any] = {
            "description": canary("server.description") + "\nsecond line",
            "tags": [canary("server.tag"), LONG],
        }
        name = canary("server.name")
        server = make_server(backend, owner, name, image=None, disks=[disk], metadata=labels, **words)
        network = make_network(backend, project, LONG)
        subnet = make_subnet(backend, network, canary("subnet.name"), "10.66.0.0/24")
        router = make_router(
            backend, project, canary("router.name"), state.find("network", name="public"), [subnet]
        )
        group = make_group(backend, project, canary("security-group.name"), "")
        make_rule(backend, group, protocol="tcp", description=canary("rule.description"))
        port = make_port(backend, project, network, groups=[group["id"]], name=canary("port.name"))
        bind_port(backend, port, server["id"], 1)
        floating = make_floating(backend, project, state.find("network", name="public"))
        associate(backend, floating, port)
        for kind, one in {
            "volume": disk,
            "network": network,
            "subnet": subnet,
            "router": router,
            "security-group": group,
            "port": port,
            "floatingip": floating,
        }.items():
            said = state.get(kind, one["id"])
            assert said is not None, kind
            state.put(kind, said | {name: of(kind) for name, of in _WRITTEN.items() if name in said})


def hostile_backup(cbr: ApiServer) -> Backup:
    """Back the server HOSTILE up, in a vault and a backup that are described likewise."""
    tag = (canary("vault.tag name"), canary("vault.tag value"))
    vault = cbr.vault(
        name=canary("vault.name"), description=canary("vault.description"), tags=(tag, ("long", LONG))
    )
    backup = cbr.protected(
        canary("server.name"),
        vault=vault,
        name=canary("backup.name"),
        description=canary("backup.description"),
    )
    cbr.log(
        vault_id=vault.id,
        vault_name=canary("log.vault"),
        resource_id=backup.resource_id,
        resource_name=canary("log.resource"),
        backup_id=backup.id,
        backup_name=canary("log.backup"),
        status="failed",
        error_code="9910",
        error_message=canary("log.error"),
        details={canary("log.detail name"): canary("log.detail value")},
        step=canary("log.step"),
    )
    return backup
