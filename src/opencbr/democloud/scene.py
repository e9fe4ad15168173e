"""What is in the cloud at its first start: people, offers, and the servers of the demo."""

import base64
import random
import secrets

from opencbr.democloud.compute.attachments import attach
from opencbr.democloud.compute.boot import plug
from opencbr.democloud.compute.keys import make_key
from opencbr.democloud.disks import GIB
from opencbr.democloud.identity.catalog import OWN_SERVICES, make_endpoint, make_service
from opencbr.democloud.identity.keys import make_key as make_access_key
from opencbr.democloud.identity.people import make_project, make_user
from opencbr.democloud.identity.roles import grant, make_role
from opencbr.democloud.image.images import make_image, seal
from opencbr.democloud.network.floating import make_floating, point
from opencbr.democloud.network.groups import make_group, make_rule
from opencbr.democloud.network.networks import make_network, make_router, make_subnet
from opencbr.democloud.network.ports import make_port
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.types import default_type, seed_services
from opencbr.democloud.volume.volumes import image_metadata, make_volume, set_status
from opencbr.democloud.world import World, new_uuid

_USER_DATA = """#cloud-config
hostname: db1
write_files:
  - path: /etc/app.env
    content: |
      DB_HOST=10.1.0.20
      DB_PASSWORD=correct-horse-battery-staple
"""


def _account(world: World, name: str, project: Doc, role: str) -> Doc:
    password = secrets.token_urlsafe(18)
    user = make_user(world.state, name, password, project["id"])
    role_doc = world.state.find("role", name=role)
    assert role_doc is not None
    grant(world.state, user["id"], role_doc["id"], scope="project", target=project["id"])
    doc: Doc = {"id": name, "user_name": name, "password": password, "project_name": project["name"]}
    doc |= {"project_id": project["id"], "user_id": user["id"], "access": secrets.token_hex(16)}
    doc["secret"] = secrets.token_hex(16)
    make_access_key(world.state, user["id"], project["id"], access=doc["access"], secret=doc["secret"])
    return world.state.put("account", doc, project="")


def seed_cloud(world: World) -> None:
    """Make what every cloud has: roles, catalogue, admin, service user, offers and an outer network."""
    state = world.state
    domain: Doc = {"id": "default", "name": "Default", "description": "The default domain", "enabled": True}
    state.put("domain", domain | {"tags": [], "options": {}})
    roles = {name: make_role(state, name) for name in ("admin", "manager", "member", "reader", "service")}
    for name, type_, url in OWN_SERVICES:
        service = make_service(state, name, type_)
        for interface in ("public", "internal", "admin"):
            make_endpoint(state, service["id"], interface, url)
    admins = make_project(state, "admin")
    _account(world, "admin", admins, "admin")
    opencbr = _account(world, "opencbr", make_project(state, "service"), "admin")
    grant(state, opencbr["user_id"], roles["service"]["id"], scope="project", target=opencbr["project_id"])
    inherited = roles["member"]["id"]
    grant(state, opencbr["user_id"], inherited, scope="domain", target="default", inherited=True)
    for name in ("disks", "__DEFAULT__"):
        kind: Doc = {
            "id": new_uuid(),
            "name": name,
            "is_public": True,
            "description": None,
            "extra_specs": {},
        }
        state.put("volume-type", kind, project="")
    seed_services(world, new_uuid())
    for number, binary in enumerate(("nova-scheduler", "nova-conductor", "nova-compute"), 1):
        state.put(
            "nova-service",
            {"id": binary, "binary": binary, "number": number, "state": "up", "uuid": new_uuid()},
        )
    for id_, name, ram, vcpus in (("1", "m1.tiny", 256, 1), ("2", "m1.small", 1024, 2)):
        flavor: Doc = {
            "id": id_,
            "name": name,
            "ram": ram,
            "vcpus": vcpus,
            "disk": 1,
            "swap": 0,
            "ephemeral": 0,
        }
        state.put("flavor", flavor | {"description": None, "extra_specs": {}})
    size = 4 << 20
    image = make_image(
        world, admins["id"], "tiny", size=size, visibility="public", os_distro="none", hw_disk_bus="virtio"
    )
    world.disks.write(image["id"], 0, random.Random(7).randbytes(size))  # noqa: S311 - bytes to back up, no secret
    seal(world, image)
    public = make_network(world, admins["id"], "public", external=True)
    make_subnet(world, public, "public-v4", "203.0.113.0/24")


def seed_demo(world: World) -> None:
    """Make the project `demo` with three servers and the project `other` with one."""
    state = world.state
    demo, other = make_project(state, "demo"), make_project(state, "other")
    user = _account(world, "demo", demo, "member")
    _account(world, "demo-admin", demo, "admin")
    stranger = _account(world, "other", other, "member")
    public = state.find("network", name="public")
    assert public is not None
    net = make_network(world, demo["id"], "demo-net")
    subnet = make_subnet(world, net, "demo-v4", "10.1.0.0/24", dns=("192.0.2.53",))
    back = make_network(world, demo["id"], "demo-back")
    make_subnet(world, back, "demo-back-v4", "10.2.0.0/24")
    make_router(world, demo["id"], "demo-router", public, [subnet])
    database = make_group(
        world, demo["id"], "database", "PostgreSQL from the web servers, ssh from the office"
    )
    make_rule(
        world,
        database,
        protocol="tcp",
        port_range_min=5432,
        port_range_max=5432,
        remote_ip_prefix="10.1.0.0/24",
        description="",
    )
    make_rule(
        world,
        database,
        protocol="tcp",
        port_range_min=22,
        port_range_max=22,
        remote_ip_prefix="198.51.100.0/24",
        description="office",
    )
    blob = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + random.Random(11).randbytes(32)).decode()  # noqa: S311
    make_key(world, user["user_id"], "demo-key", f"ssh-ed25519 {blob} demo@example.org")
    _db1(world, user, net=net, back=back, database=database, public=public)
    _web1(world, user, net)
    _server(world, user, "café-文", image=None, disks=[_disk(world, user, "café-文-root", 1, boot=True)])
    _server(
        world, stranger, "foreign1", image=None, disks=[_disk(world, stranger, "foreign-root", 1, boot=True)]
    )


def _image(world: World) -> Doc:
    image = world.state.find("image", name="tiny")
    assert image is not None
    return image


def _disk(world: World, owner: Doc, name: str, size: int, *, boot: bool = False) -> Doc:
    fields: Doc = {"name": name, "metadata": {} if boot else {"purpose": "data"}}
    if boot:
        fields |= {"bootable": "true", "volume_image_metadata": image_metadata(_image(world))}
    volume = make_volume(
        world,
        project_id=owner["project_id"],
        user_id=owner["user_id"],
        size=size,
        volume_type=default_type(world.state),
        **fields,
    )
    noise = random.Random(name)  # noqa: S311 - bytes to back up, no secret
    for at in range(0, size * GIB, GIB // 4):
        world.disks.write(volume["id"], at, noise.randbytes(1 << 20))
    return set_status(world, "volume", volume["id"], "available") or volume


def _server(
    world: World, owner: Doc, name: str, *, image: Doc | None, disks: list[Doc], **fields: object
) -> Doc:
    now, flavor = world.zulu_time(), world.state.get("flavor", "1")
    assert flavor is not None
    doc: Doc = {
        "id": new_uuid(),
        "project_id": owner["project_id"],
        "user_id": owner["user_id"],
        "name": name,
    }
    doc |= {"status": "ACTIVE", "task_state": None, "created": now, "updated": now}
    doc |= {
        "launched_at": world.long_time(),
        "flavor_id": flavor["id"],
        "image_id": image["id"] if image else "",
    }
    doc["flavor"] = {key: flavor[key] for key in ("vcpus", "ram", "disk", "ephemeral", "swap", "extra_specs")}
    doc["flavor"]["original_name"] = flavor["name"]
    doc |= {"key_name": None, "metadata": {}, "tags": [], "description": None, "locked": False}
    doc |= {"locked_reason": None, "user_data": None, "config_drive": "", "root_device_name": "/dev/sda"}
    doc |= {"hostname": "".join(c for c in name if c.isascii()) or "server", "scheduler_hints": {}}
    doc |= {"reservation_id": "r-" + secrets.token_hex(4), "made_ports": []}
    doc |= {"instance_name": f"instance-{world.state.number('instance'):08x}", **fields}
    world.state.put("server", doc)
    for number, volume in enumerate(disks):
        device = "/dev/sd" + "abcdefgh"[number + (1 if image else 0)]
        attach(world, doc, volume, device, delete_on_termination=False, tag=None)
    return doc


def _db1(world: World, user: Doc, *, net: Doc, back: Doc, database: Doc, public: Doc) -> None:
    disks = [_disk(world, user, "db1-root", 1, boot=True)]
    disks += [_disk(world, user, "db1-data", 1), _disk(world, user, "db1-archive", 3)]
    group: Doc = {
        "id": new_uuid(),
        "project_id": user["project_id"],
        "user_id": user["user_id"],
        "name": "databases",
    }
    group |= {"policy": "anti-affinity", "rules": {}}
    server = _server(
        world,
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
    world.state.put("server-group", group | {"members": [server["id"]]})
    first = make_port(
        world, user["project_id"], net, groups=[database["id"]], address="10.1.0.20", name="db1-front"
    )
    plug(world, first, server["id"], 1)
    second = make_port(world, user["project_id"], back, groups=[database["id"]], name="db1-back")
    plug(world, second, server["id"], 2)
    point(world, make_floating(world, user["project_id"], public), first)


def _web1(world: World, user: Doc, net: Doc) -> None:
    server = _server(world, user, "web1", image=_image(world), disks=[_disk(world, user, "web1-data", 1)])
    port = make_port(world, user["project_id"], net, groups=[])
    plug(world, port, server["id"], 1)
    world.state.put("server", server | {"made_ports": [port["id"]]})
