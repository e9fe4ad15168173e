"""An application in any cloud: three servers on one network, with one security group, server group, key pair and router."""

from dataclasses import dataclass

from .full_server import FullServers


@dataclass(frozen=True, kw_only=True)
class Application:
    """What belongs to it, by id; `key` is a name."""

    servers: dict[str, str]
    volumes: list[str]
    ports: list[str]
    network: str
    groups: list[str]
    server_group: str
    router: str
    key: str


class Applications(FullServers):
    """Makes them, and takes them away with all that they stand on."""

    def make_application(
        self, names: tuple[str, ...] = ("app", "queue", "store"), *, disks: int = 2
    ) -> Application:
        """Make one; the first server has so many disks, the others one."""
        objects = self.objects
        key, groups, group = self._key(), self._security_groups(), self._server_group()
        network = self._network("app", "10.43.0.0/24")
        router = self._router(network)
        ports, volumes, servers = [], [], {}
        for number, name in enumerate(names):
            (subnet,) = self.tenant.get("network", f"/v2.0/subnets?network_id={network}")["subnets"]
            fixed = [{"subnet_id": subnet["id"], "ip_address": f"10.43.0.{10 + number}"}]
            port = objects.port(name, network_id=network, security_groups=groups[:1], fixed_ips=fixed)
            own = [objects.volume(f"{name}-root", bootable=True)]
            own += [objects.volume(f"{name}-{more}") for more in range(1, disks) if number == 0]
            full = f"{objects.prefix}-{name}"
            servers[full] = objects.server(name, volumes=own, ports=[port], key_name=key, group=group)
            ports.append(port)
            volumes += own
        return Application(
            servers=servers,
            volumes=volumes,
            ports=ports,
            network=network,
            groups=groups,
            server_group=group,
            router=router,
            key=key,
        )

    def delete_application(self, made: Application) -> None:
        """Delete all of it, as after a disaster."""
        for server in made.servers.values():
            self._gone("compute", f"/servers/{server}")
        for port in made.ports:
            self._gone("network", f"/v2.0/ports/{port}")
        for volume in made.volumes:
            self.tenant.states(f"/volumes/{volume}", "volume", {"available", 404})
            self._gone("volumev3", f"/volumes/{volume}")
        self._unplug(made.router)
        self._gone("network", f"/v2.0/routers/{made.router}")
        self._gone("network", f"/v2.0/networks/{made.network}")
        for group in made.groups:
            self._gone("network", f"/v2.0/security-groups/{group}")
        self._gone("compute", f"/os-keypairs/{made.key}")
        self._gone("compute", f"/os-server-groups/{made.server_group}")
        self.objects.forget(
            *made.servers.values(),
            *made.volumes,
            *made.ports,
            made.router,
            made.network,
            *made.groups,
            made.key,
            made.server_group,
        )

    def like_application(self, application: Application, servers: dict[str, str]) -> Application:
        """Find what belongs to one that was restored as these servers."""
        tenant, prefix = self.tenant, self.objects.prefix

        def ours(service: str, path: str, kind: str) -> list[str]:
            return [row["id"] for row in tenant.get(service, path)[kind] if row["name"].startswith(prefix)]

        volumes = [
            row["volumeId"]
            for server in servers.values()
            for row in tenant.get("compute", f"/servers/{server}/os-volume_attachments")["volumeAttachments"]
        ]
        (network,) = ours("network", f"/v2.0/networks?project_id={tenant.project_id}", "networks")
        (router,) = ours("network", f"/v2.0/routers?project_id={tenant.project_id}", "routers")
        (group,) = ours("compute", "/os-server-groups", "server_groups")
        return Application(
            servers=servers,
            volumes=volumes,
            ports=ours("network", f"/v2.0/ports?network_id={network}", "ports"),
            network=network,
            groups=ours("network", "/v2.0/security-groups", "security_groups"),
            server_group=group,
            router=router,
            key=application.key,
        )
