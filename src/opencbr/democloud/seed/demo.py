"""The projects of the demo: three servers in `demo`, one in `other`."""

import base64
import random

from opencbr.democloud.backend import Backend
from opencbr.democloud.compute.keypairs import make_keypair
from opencbr.democloud.identity.projects import make_project
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.network.floating_ips import associate, make_floating
from opencbr.democloud.network.networks import make_network
from opencbr.democloud.network.ports import bind_port, make_port
from opencbr.democloud.network.routers import make_router
from opencbr.democloud.network.security_groups import make_group, make_rule
from opencbr.democloud.network.subnets import make_subnet
from opencbr.democloud.seed.empty import make_account
from opencbr.democloud.seed.servers import make_disk, make_server, tiny_image
from opencbr.democloud.state import Doc

_USER_DATA = """#cloud-config
hostname: db1
write_files:
  - path: /etc/app.env
    content: |
      DB_HOST=10.1.0.20
      DB_PASSWORD=correct-horse-battery-staple
"""


def seed_demo(backend: Backend) -> None:
    """Create the project `demo` with three servers and the project `other` with one."""
    state = backend.state
    demo, other = make_project(state, "demo"), make_project(state, "other")
    user = make_account(backend, "demo", demo, "member")
    make_account(backend, "demo-admin", demo, "admin")
    stranger = make_account(backend, "other", other, "member")
    public = state.find("network", name="public")
    assert public is not None
    net = make_network(backend, demo["id"], "demo-net")
    subnet = make_subnet(backend, net, "demo-v4", "10.1.0.0/24", dns=("192.0.2.53",))
    back = make_network(backend, demo["id"], "demo-back")
    make_subnet(backend, back, "demo-back-v4", "10.2.0.0/24")
    make_router(backend, demo["id"], "demo-router", public, [subnet])
    database = make_group(
        backend, demo["id"], "database", "PostgreSQL from the web servers, ssh from the office"
    )
    make_rule(
        backend,
        database,
        protocol="tcp",
        port_range_min=5432,
        port_range_max=5432,
        remote_ip_prefix="10.1.0.0/24",
        description="",
    )
    make_rule(
        backend,
        database,
        protocol="tcp",
        port_range_min=22,
        port_range_max=22,
        remote_ip_prefix="198.51.100.0/24",
        description="office",
    )
    blob = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + random.Random(11).randbytes(32)).decode()  # noqa: S311
    make_keypair(backend, user["user_id"], "demo-key", f"ssh-ed25519 {blob} demo@example.org")
    _db1(backend, user, net=net, back=back, database=database, public=public)
    _web1(backend, user, net)
    make_server(
        backend, user, "café-文", image=None, disks=[make_disk(backend, user, "café-文-root", 1, boot=True)]
    )
    make_server(
        backend,
        stranger,
        "foreign1",
        image=None,
        disks=[make_disk(backend, stranger, "foreign-root", 1, boot=True)],
    )


def _db1(backend: Backend, user: Doc, *, net: Doc, back: Doc, database: Doc, public: Doc) -> None:
    disks = [make_disk(backend, user, "db1-root", 1, boot=True)]
    disks += [make_disk(backend, user, "db1-data", 1), make_disk(backend, user, "db1-archive", 3)]
    group: Doc = {
        "id": new_uuid(),
        "project_id": user["project_id"],
        "user_id": user["user_id"],
        "name": "databases",
    }
    group |= {"policy": "anti-affinity", "rules": {}}
    server = make_server(
        backend,
        user,
        "db1",
        image=None,
        disks=disks,
        key_name="demo-key",
        metadata={"role": "database", "tier": "gold"},
        tags=["nightly", "postgres"],
        description="PostgreSQL of the shop",
        user_data=base64.b64encode(_USER_DATA.encode()).decode(),
        scheduler_hints={"group": [group["id"]]},
    )
    backend.state.put("server-group", group | {"members": [server["id"]]})
    first = make_port(
        backend, user["project_id"], net, groups=[database["id"]], address="10.1.0.20", name="db1-front"
    )
    bind_port(backend, first, server["id"], 1)
    second = make_port(backend, user["project_id"], back, groups=[database["id"]], name="db1-back")
    bind_port(backend, second, server["id"], 2)
    associate(backend, make_floating(backend, user["project_id"], public), first)


def _web1(backend: Backend, user: Doc, net: Doc) -> None:
    server = make_server(
        backend, user, "web1", image=tiny_image(backend), disks=[make_disk(backend, user, "web1-data", 1)]
    )
    port = make_port(backend, user["project_id"], net, groups=[])
    bind_port(backend, port, server["id"], 1)
    backend.state.put("server", server | {"made_ports": [port["id"]]})
