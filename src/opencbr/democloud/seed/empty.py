"""What every cloud has at its first start: roles, catalogue, users, flavors, an image, the external network."""

import random
import secrets

from opencbr.democloud.backend import Backend
from opencbr.democloud.identity.catalog import OWN_SERVICES, make_endpoint, make_service
from opencbr.democloud.identity.ec2 import make_access_key
from opencbr.democloud.identity.projects import make_project
from opencbr.democloud.identity.roles import grant, make_role
from opencbr.democloud.identity.users import make_user
from opencbr.democloud.ids import new_uuid
from opencbr.democloud.image.images import add_checksums, make_image
from opencbr.democloud.network.networks import make_network
from opencbr.democloud.network.subnets import make_subnet
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.services import seed_services


def make_account(backend: Backend, name: str, project: Doc, role: str) -> Doc:
    """Create a user with a role on a project and an EC2 key, and keep what it logs in with: see `DemoCloud.account`."""
    password = secrets.token_urlsafe(18)
    user = make_user(backend.state, name, password, project["id"])
    role_doc = backend.state.find("role", name=role)
    assert role_doc is not None
    grant(backend.state, user["id"], role_doc["id"], scope="project", target=project["id"])
    doc: Doc = {"id": name, "user_name": name, "password": password, "project_name": project["name"]}
    doc |= {"project_id": project["id"], "user_id": user["id"], "access": secrets.token_hex(16)}
    doc["secret"] = secrets.token_hex(16)
    make_access_key(backend.state, user["id"], project["id"], access=doc["access"], secret=doc["secret"])
    return backend.state.put("account", doc, project="")


def seed_empty(backend: Backend) -> None:
    """Create roles, catalogue, admin, service user, volume types, flavors, an image and the external network."""
    state = backend.state
    domain: Doc = {"id": "default", "name": "Default", "description": "The default domain", "enabled": True}
    state.put("domain", domain | {"tags": [], "options": {}})
    roles = {name: make_role(state, name) for name in ("admin", "manager", "member", "reader", "service")}
    for name, type_, url in OWN_SERVICES:
        service = make_service(state, name, type_)
        for interface in ("public", "internal", "admin"):
            make_endpoint(state, service["id"], interface, url)
    admins = make_project(state, "admin")
    make_account(backend, "admin", admins, "admin")
    opencbr = make_account(backend, "opencbr", make_project(state, "service"), "admin")
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
    seed_services(backend, new_uuid())
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
        backend, admins["id"], "tiny", size=size, visibility="public", os_distro="none", hw_disk_bus="virtio"
    )
    backend.disks.write(image["id"], 0, random.Random(7).randbytes(size))  # noqa: S311 - bytes to back up, no secret
    add_checksums(backend, image)
    public = make_network(backend, admins["id"], "public", external=True)
    make_subnet(backend, public, "public-v4", "203.0.113.0/24")
