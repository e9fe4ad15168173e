"""A server with all that there is on a real cloud, its backups, and what a tenant or an administrator can do to them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from democloud.client import Client
from sdk.installation import eventually, serving
from support.cloud_objects import CloudObjects
from support.full_server import FullServer, FullServers
from support.full_stack import FullStack

Json = dict[str, Any]
FREE = "10.43.0.200"
"""An address of the front network that the server has not had."""
_MULTIATTACH = "2.79"
_EXTENDS_IN_USE = "3.42"
_SHARED = {"multiattach": "<is> True"}


@dataclass(kw_only=True)
class Scene:
    """`beside` is another server of the project; `theirs` is a network that another project shares with it.

    Nobody but this project may use `flavor`, `volume_type` and the external network `outside`. `ports` are as they were when
    the server stood, by the ends of their names; `address` is the floating one that led to it.
    """

    stack: FullStack
    servers: FullServers
    flavor: Json
    volume_type: str
    outside: str
    theirs: str
    policy: str
    service: str
    beside: str = ""
    address: str = ""
    full: FullServer = field(init=False)
    ports: dict[str, Json] = field(default_factory=dict)
    backups: dict[str, str] = field(default_factory=dict)
    mapping: Json = field(default_factory=dict)
    mappings: dict[str, Json] = field(default_factory=dict)
    planned_of: str = "whole"
    stands: bool = True

    @property
    def tenant(self) -> Client:
        return self.stack.tenant

    @property
    def admin(self) -> Client:
        return self.stack.admin.user

    def planned(self, kind: str, mapping: Json) -> Json:
        """Ask for the plan of a restore of the backup that is looked at."""
        body = {"restore_plan": {"as": kind, "mapping": mapping}}
        path = f"backups/{self.backups[self.planned_of]}/restore-plans"
        answer = self.stack.member.call("POST", path, body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()["restore_plan"]
        return found

    def other_backup(self, stack: ExitStack, name: str) -> Json:
        """Look at another backup for a while, and give its mapping."""
        self.planned_of = name
        stack.callback(setattr, self, "planned_of", "whole")
        if name not in self.mappings:
            self.mappings[name] = self.kept()
        return self.mappings[name]

    def kept(self) -> Json:
        """Give the mapping by which all comes back as it was."""
        mapping: Json = self.planned("new_server", {})["mapping"]
        ports = [{**port, "network": "keep"} for port in mapping["ports"]]
        return {**mapping, "ports": ports, "user_data": "run"}

    def lose(self) -> None:
        """Delete the server with its disks and ports."""
        if self.stands:
            self.servers.delete(self.full)
            self.stands = False
            self.mapping = self.kept()

    def do(
        self, by: Client, method: str, service: str, path: str, body: Any = None, *, mv: str | None = None
    ) -> Json:
        """Make a call that has to go well."""
        answer = by.call(method, service, path, body, mv=mv)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        found: Json = answer.json() if answer.content else {}
        return found

    def gone(self, by: Client, service: str, path: str) -> None:
        """Delete a thing that may be gone already, and wait until it is."""
        eventually(lambda: by.call("DELETE", service, path).status_code == 404, f"{path} is gone")

    def also(self, stack: ExitStack, key: str, path: str, by: Client | None = None, **fields: Any) -> str:
        """Let a thing of Neutron's be there for a while."""
        by = by or self.tenant
        made = str(self.do(by, "POST", "network", f"/v2.0/{path}", {key: fields})[key]["id"])
        stack.callback(self.gone, by, "network", f"/v2.0/{path}/{made}")
        return made

    def port(self, stack: ExitStack, network: str, by: Client | None = None, **fields: Any) -> str:
        """Let a port be there for a while."""
        name = f"{self.servers.objects.prefix}-other"
        return self.also(stack, "port", "ports", by, network_id=network, name=name, **fields)

    def taking(self, stack: ExitStack, name: str, by: Client | None = None, **fields: Any) -> None:
        """Let another port have the address of one of the server's ports."""
        was = self.ports[name]
        address = {"ip_address": was["fixed_ips"][0]["ip_address"]}
        self.port(stack, was["network_id"], by, fixed_ips=[address], **fields)

    def mapped(self, port: str, **choice: str) -> Json:
        """Give the mapping with another choice for a port."""
        was = self.ports[port]["id"]
        ports = [one | choice if one["port_id"] == was else one for one in self.mapping["ports"]]
        return {"ports": ports}

    @contextmanager
    def attached(self, volume: str) -> Iterator[None]:
        """Let a volume be on the other server too, for a while."""
        body = {"volumeAttachment": {"volumeId": volume}}
        path = f"/servers/{self.beside}/os-volume_attachments"
        self.do(self.tenant, "POST", "compute", path, body, mv=_MULTIATTACH)
        self.until(volume, "in-use", self.beside)
        try:
            yield
        finally:
            self.do(self.tenant, "DELETE", "compute", f"{path}/{volume}")
            eventually(lambda: self.beside not in self._servers(volume), f"{volume} is off the server")

    def groups(self, **targets: str) -> list[Json]:
        """Give what the mapping says of security groups, with these targets."""
        known = {one["security_group_id"]: one["target"] for one in self.mapping["security_groups"]}
        return [{"security_group_id": one, "target": to} for one, to in (known | targets).items()]

    def lowers(
        self, stack: ExitStack, service: str, path: str, key: str, name: str, *, to: int | None = None
    ) -> None:
        """Let the project have no more than it has, or `to` a number, for a while."""
        details = {"compute": "/detail", "network": "/details.json", "volumev3": "?usage=true"}[service]
        now = self.admin.get(service, path + details)[key][name]
        used = now["used"] if service == "network" else now["in_use"]
        self.do(self.admin, "PUT", service, path, {key: {name: used if to is None else to}})
        stack.callback(self.do, self.admin, "PUT", service, path, {key: {name: now["limit"]}})

    def drop_flavor(self) -> None:
        self.gone(self.admin, "compute", f"/flavors/{self.flavor['id']}")

    def make_flavor(self, **changes: Any) -> None:
        """Make the flavor again, as it was but for `changes`."""
        self.stack.cloud_objects.private_flavor(self.admin, **self.flavor | changes)

    def make_volume_type(self) -> None:
        """Make the type again, which has another id then."""
        self.volume_type = self.stack.cloud_objects.private_volume_type(self.admin, "shared", **_SHARED)

    def give_back(self, number: int) -> None:
        """Give a floating IP back; from then on the mapping does without it."""
        id_ = self.full.floating_ips[number]
        self.gone(self.tenant, "network", f"/v2.0/floatingips/{id_}")
        drop = {"floating_ip_id": id_, "address": "drop"}
        others = [one for one in self.mapping["floating_ips"] if one["floating_ip_id"] != id_]
        self.mapping["floating_ips"] = [*others, drop]

    def act(self, action: str, status: str) -> None:
        """Have something done with the server, and wait for its status."""
        path = f"/servers/{self.full.id}"
        self.do(self.tenant, "POST", "compute", f"{path}/action", {action: None})
        eventually(lambda: self.tenant.get("compute", path)["server"]["status"] == status, status)

    def only_reads(self, stack: ExitStack) -> None:
        """Let the service user be no more than a reader in the project for a while, and a server begin to work then.

        One that works already keeps its token, and what the token says.
        """
        found = self.admin.get("identity", "/roles")["roles"]
        member, reader = (
            next(one["id"] for one in found if one["name"] == name) for name in ("member", "reader")
        )
        user = self.admin.get("identity", f"/users?name={self.service}")["users"][0]["id"]
        inherited = f"/OS-INHERIT/domains/default/users/{user}/roles/{member}/inherited_to_projects"
        own = f"/projects/{self.tenant.project_id}/users/{user}/roles/{reader}"
        self.do(self.admin, "PUT", "identity", own)
        stack.callback(self.do, self.admin, "DELETE", "identity", own)
        self.do(self.admin, "DELETE", "identity", inherited)
        stack.callback(self.do, self.admin, "PUT", "identity", inherited)
        api = self.stack.member
        stack.callback(setattr, api, "url", api.url)
        api.url = stack.enter_context(serving(self.stack.folder))

    def detach(self, volume: str) -> None:
        """Take a disk off the server, if it is on it."""
        if self.full.id not in self._servers(volume):
            return
        self.do(self.tenant, "DELETE", "compute", f"/servers/{self.full.id}/os-volume_attachments/{volume}")
        self.until(volume, "available")

    def until(self, volume: str, status: str, server: str | None = None) -> None:
        """Wait until a volume has a status, and is on a server."""

        def seen() -> bool:
            found = self.tenant.get("volumev3", f"/volumes/{volume}")["volume"]
            return found["status"] == status and (server is None or server in self._servers(volume))

        eventually(seen, f"{volume} is {status}")

    def _servers(self, volume: str) -> set[str]:
        found = self.tenant.get("volumev3", f"/volumes/{volume}")["volume"]
        return {one["server_id"] for one in found["attachments"]}


@contextmanager
def scene_of(stack: FullStack, service: str) -> Iterator[Scene]:
    """Make the scene; what it needs of others is made by an administrator, and by another project."""
    objects, admin = stack.cloud_objects, stack.admin.user
    kind = objects.private_volume_type(admin, "shared", **_SHARED)
    flavor = {"id": f"{objects.prefix}-flavor", "ram": 192, "vcpus": 1, "disk": 1}
    objects.private_flavor(admin, **flavor)
    owner = {"project_id": stack.other.project_id}
    outside = _shared(objects, "outside", "10.99.0.0/24", "access_as_external", admin, **owner)
    theirs = _shared(objects, "theirs", "10.77.0.0/24", "access_as_shared", stack.other)
    own = {"name": f"{objects.prefix}-slow", "project_id": stack.tenant.project_id}
    policy = objects.of_neutron("policy", "qos/policies", by=admin, **own)
    scene = Scene(
        stack=stack,
        servers=FullServers(stack.tenant, volume_type=kind, external=outside),
        flavor=flavor,
        volume_type=kind,
        outside=outside,
        theirs=theirs,
        policy=policy,
        service=service,
    )
    try:
        yield from _filled(scene)
    finally:
        scene.servers.clear()


def _shared(objects: CloudObjects, name: str, cidr: str, action: str, by: Client, **owner: str) -> str:
    """Make a network with a subnet that its owner lets the tenant use, and nobody else."""
    network = objects.of_neutron("network", "networks", by=by, name=f"{objects.prefix}-{name}", **owner)
    objects.of_neutron("subnet", "subnets", by=by, network_id=network, ip_version=4, cidr=cidr, **owner)
    to = {"object_type": "network", "object_id": network, "target_tenant": objects.tenant.project_id}
    objects.of_neutron("rbac_policy", "rbac-policies", by=by, action=action, **to)
    return network


def _filled(scene: Scene) -> Iterator[Scene]:
    stack, servers, tenant = scene.stack, scene.servers, scene.tenant
    guest = servers.objects.port("guest", network_id=scene.theirs)
    scene.full = full = servers.make(guest, flavorRef=scene.flavor["id"])
    root, data, archive = full.volumes
    larger = {"os-extend": {"new_size": 2}}
    scene.do(tenant, "POST", "volumev3", f"/volumes/{archive}/action", larger, mv=_EXTENDS_IN_USE)
    off = {"external_gateway_info": {"network_id": scene.outside, "enable_snat": False}}
    scene.do(scene.admin, "PUT", "network", f"/v2.0/routers/{full.router}", {"router": off})
    slow = {"port": {"qos_policy_id": scene.policy}}
    scene.do(scene.admin, "PUT", "network", f"/v2.0/ports/{full.ports[0]}", slow)
    scene.beside = servers.objects.server("beside", image=True, volumes=[])
    for id_ in full.ports:
        port = tenant.get("network", f"/v2.0/ports/{id_}")["port"]
        scene.ports[port["name"].rpartition("-")[2]] = port
    leads = tenant.get("network", f"/v2.0/floatingips/{full.floating_ips[0]}")["floatingip"]
    scene.address = leads["floating_ip_address"]
    scene.until(archive, "in-use")
    with stack.protected(full.id) as vault:
        scene.backups["whole"] = stack.back_up(vault, "whole")["id"]
        scene.gone(tenant, "compute", f"/os-keypairs/{full.key}")
        _add_subport_of_another_project(scene)
        with scene.attached(data):
            _choose(scene, vault, exclude_volumes=[archive])
            scene.backups["no-key"] = stack.back_up(vault, "no-key")["id"]
        _choose(scene, vault, exclude_volumes=[root, archive])
        scene.backups["no-root"] = stack.back_up(vault, "no-root")["id"]
        wants = {"os-set_image_metadata": {"metadata": {"min_ram": "4096"}}}
        scene.do(tenant, "POST", "volumev3", f"/volumes/{root}/action", wants)
        _choose(scene, vault, exclude_volumes=[data, archive])
        scene.backups["large-image"] = stack.back_up(vault, "large-image")["id"]
        yield scene


def _add_subport_of_another_project(scene: Scene) -> None:
    objects, by = scene.stack.cloud_objects, scene.stack.other
    port = objects.of_neutron(
        "port", "ports", by=by, name=f"{objects.prefix}-theirs", network_id=scene.theirs
    )
    row = {"port_id": port, "segmentation_type": "vlan", "segmentation_id": 102}
    path = f"/v2.0/trunks/{scene.full.trunk}/add_subports"
    scene.do(scene.admin, "PUT", "network", path, {"sub_ports": [row]})


def _choose(scene: Scene, vault: Json, **volumes: list[str]) -> None:
    """Say which disks of the server are backed up."""
    one = {"id": scene.full.id, "type": "OS::Nova::Server", "extra_info": volumes}
    answer = scene.stack.member.call("POST", f"vaults/{vault['id']}/addresources", {"resources": [one]})
    assert answer.status_code == 200, answer.text
