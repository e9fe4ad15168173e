"""A server with all that a restore must give back, in any cloud, made by the tenant's own calls; and its deletion."""

import base64
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from democloud.client import Client
from sdk.installation import eventually

from .cloud_objects import CloudObjects

Json = dict[str, Any]

_USER_DATA = base64.b64encode(b"#cloud-config\nruncmd: [true]\n").decode()
_SECONDS = 240


@dataclass(frozen=True, kw_only=True)
class FullServer:
    """What belongs to it, by id; `key` is a name."""

    id: str
    volumes: list[str]
    ports: list[str]
    trunk: str
    floating_ips: list[str]
    groups: list[str]
    server_group: str
    networks: list[str]
    router: str
    key: str


class FullServers:
    """Makes such servers in the project of a tenant, and takes away what is left of them in the end."""

    def __init__(
        self, tenant: Client, *, volume_type: str | None = None, external: str | None = None
    ) -> None:
        """The data disks are of that type, and floating IPs come from that network: the cloud's last and first else."""
        self.tenant = tenant
        self.objects = CloudObjects(tenant)
        kinds = [row["id"] for row in tenant.get("volumev3", "/types")["volume_types"]]
        self._volume_types = [next(one for one in kinds if one != volume_type), volume_type or kinds[-1]]
        outside = tenant.get("network", "/v2.0/networks?router:external=true")["networks"]
        self._external = external or str(outside[0]["id"])

    def make(self, *guests: str, **more: Any) -> FullServer:
        """Make one: three ports on two networks, a trunk, an address of its own, three disks of two types, and words.

        It gets the ports `guests` too; `more` are fields of the server.
        """
        objects, prefix = self.objects, self.objects.prefix
        key = self._key()
        groups = self._security_groups()
        front, back = self._network("front", "10.43.0.0/24"), self._network("back", "10.44.0.0/24")
        router = self._router(front)
        pairs = [{"ip_address": "198.51.100.7"}, {"ip_address": "198.51.100.32/28"}]
        ports = [
            objects.port(
                "front",
                network_id=front,
                security_groups=groups,
                allowed_address_pairs=pairs,
                description="in front",
            ),
            objects.port("open", network_id=front, security_groups=[], port_security_enabled=False),
            objects.port(
                "plain", network_id=back, extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": "1400"}]
            ),
            *guests,
        ]
        self._tag("ports", ports[0], "blue", "edge")
        below = objects.port("below", network_id=front, security_groups=groups[:1])
        trunk = objects.of_neutron(
            "trunk",
            "trunks",
            name=f"{prefix}-trunk",
            port_id=ports[2],
            description="carries one",
            sub_ports=[{"port_id": below, "segmentation_type": "vlan", "segmentation_id": 101}],
        )
        self._tag("trunks", trunk, "carrier")
        volumes = [
            objects.volume("root", bootable=True, description="of a test", volume_type=self._volume_types[0]),
            objects.volume("data", metadata={"purpose": "data"}, volume_type=self._volume_types[-1]),
            objects.volume("archive", volume_type=self._volume_types[0]),
        ]
        group = self._server_group()
        server = objects.server(
            "full",
            volumes=volumes,
            devices=["/dev/vda", "/dev/vdf", "/dev/vdc"],
            ports=ports,
            key_name=key,
            metadata={"role": "database", "tier": "gold"},
            tags=["nightly", "postgres"],
            description="a server of a test",
            config_drive=True,
            user_data=_USER_DATA,
            group=group,
            **more,
        )
        return FullServer(
            id=server,
            volumes=volumes,
            ports=[*ports, below],
            trunk=trunk,
            floating_ips=[self._floating_ip("lead", port_id=ports[0]), self._forwarding(ports[1])],
            groups=groups,
            server_group=group,
            networks=[front, back],
            router=router,
            key=key,
        )

    def delete(self, full: FullServer) -> None:
        """Delete the server, its disks and its ports; the floating IPs are kept and lead nowhere."""
        self._gone("compute", f"/servers/{full.id}")
        self._gone("network", f"/v2.0/trunks/{full.trunk}")
        for volume in full.volumes:
            self.tenant.states(f"/volumes/{volume}", "volume", {"available", 404})
            self._gone("volumev3", f"/volumes/{volume}")
        for port in full.ports:
            self._gone("network", f"/v2.0/ports/{port}")
        self.objects.forget(full.id, full.trunk, *full.volumes, *full.ports)

    def delete_surroundings(self, full: FullServer) -> None:
        """Delete the router, the networks, the security groups, the key pair and the server group too."""
        self.delete_router(full)
        for network in full.networks:
            self._gone("network", f"/v2.0/networks/{network}")
        for group in full.groups:
            self._gone("network", f"/v2.0/security-groups/{group}")
        self._gone("compute", f"/os-keypairs/{full.key}")
        self._gone("compute", f"/os-server-groups/{full.server_group}")
        self.objects.forget(full.router, *full.networks, *full.groups, full.key, full.server_group)

    def delete_router(self, full: FullServer) -> None:
        """Delete the router, with its interfaces."""
        self._unplug(full.router)
        self._gone("network", f"/v2.0/routers/{full.router}")

    def like(self, server_id: str, full: FullServer) -> FullServer:
        """Find what belongs to a server that was restored."""
        tenant, prefix = self.tenant, self.objects.prefix
        attached = tenant.get("compute", f"/servers/{server_id}/os-volume_attachments")["volumeAttachments"]
        ports = tenant.get("network", f"/v2.0/ports?device_id={server_id}")["ports"]
        (trunk,) = tenant.get("network", f"/v2.0/trunks?name={prefix}-trunk")["trunks"]
        below = [row["port_id"] for row in trunk["sub_ports"]]
        groups = tenant.get("network", "/v2.0/security-groups")["security_groups"]
        server_groups = tenant.get("compute", "/os-server-groups")["server_groups"]
        networks = tenant.get("network", f"/v2.0/networks?project_id={tenant.project_id}")["networks"]

        routers = tenant.get("network", f"/v2.0/routers?project_id={tenant.project_id}")["routers"]

        def ours(rows: list[Json]) -> list[str]:
            return [row["id"] for row in rows if row["name"].startswith(prefix)]

        return FullServer(
            id=server_id,
            volumes=[row["volumeId"] for row in attached],
            ports=[port["id"] for port in ports] + below,
            trunk=trunk["id"],
            floating_ips=full.floating_ips,
            groups=ours(groups),
            server_group=ours(server_groups)[0],
            networks=ours(networks),
            router=ours(routers)[0],
            key=full.key,
        )

    def clear(self) -> None:
        """Take away what was made and is still there."""
        self.objects.clear()

    def _key(self) -> str:
        name = f"{self.objects.prefix}-key"
        public = Ed25519PrivateKey.generate().public_key()
        text = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " test"
        self.objects.of_nova("keypair", "os-keypairs", id_="name", name=name, public_key=text)
        return name

    def _security_groups(self) -> list[str]:
        objects, prefix = self.objects, self.objects.prefix
        web, ops = (
            objects.of_neutron("security_group", "security-groups", name=f"{prefix}-{name}", description=why)
            for name, why in (("web", "lets the operators in"), ("ops", ""))
        )
        rules: list[Json] = [
            {"protocol": "tcp", "port_range_min": 443, "port_range_max": 443, "remote_group_id": ops},
            {"protocol": "icmp", "remote_ip_prefix": "192.0.2.0/24", "description": "pings"},
        ]
        for rule in rules:
            fields = {"security_group_id": web, "direction": "ingress", **rule}
            answer = self.tenant.call(
                "POST", "network", "/v2.0/security-group-rules", {"security_group_rule": fields}
            )
            assert answer.status_code == 201, answer.text
        return [web, ops]

    def _server_group(self) -> str:
        name = f"{self.objects.prefix}-apart"
        return self.objects.of_nova(
            "server_group", "os-server-groups", name=name, policy="soft-anti-affinity"
        )

    def _router(self, network: str) -> str:
        """Make a router with a gateway that stands in the network's subnet, by its gateway address, with a route through it."""
        router = self.objects.of_neutron(
            "router",
            "routers",
            name=f"{self.objects.prefix}-edge",
            description="to the outside",
            external_gateway_info={"network_id": self._external},
        )
        self._tag("routers", router, "edge")
        (subnet,) = self.tenant.get("network", f"/v2.0/subnets?network_id={network}")["subnets"]
        self._interface("add", router, subnet_id=subnet["id"])
        routes = [{"destination": "192.0.2.0/24", "nexthop": "10.43.0.9"}]
        self._put(f"/v2.0/routers/{router}", {"router": {"routes": routes}})
        self.objects.before_removal(f"/v2.0/routers/{router}", lambda: self._unplug(router))
        return router

    def _network(self, name: str, cidr: str) -> str:
        objects, prefix = self.objects, self.objects.prefix
        network = objects.of_neutron(
            "network", "networks", name=f"{prefix}-{name}-net", description=f"in {name}"
        )
        subnet = objects.of_neutron(
            "subnet",
            "subnets",
            name=f"{prefix}-{name}-v4",
            network_id=network,
            ip_version=4,
            cidr=cidr,
            dns_nameservers=["192.0.2.53"],
        )
        objects.forget(subnet)  # it goes with its network
        self._tag("networks", network, name)
        return network

    def _unplug(self, router: str) -> None:
        """Take the router's routes and interfaces away, so that it can go."""
        if self.tenant.call("GET", "network", f"/v2.0/routers/{router}").status_code == 404:
            return
        self._put(f"/v2.0/routers/{router}", {"router": {"routes": []}})
        query = f"device_id={router}&device_owner=network:router_interface"
        for port in self.tenant.get("network", f"/v2.0/ports?{query}")["ports"]:
            self._interface("remove", router, port_id=port["id"])

    def _interface(self, verb: str, router: str, **where: str) -> None:
        self._put(f"/v2.0/routers/{router}/{verb}_router_interface", where)

    def _floating_ip(self, name: str, **fields: str) -> str:
        fields |= {"floating_network_id": self._external, "description": f"{self.objects.prefix}-{name}"}
        found = self.objects.of_neutron("floatingip", "floatingips", **fields)
        self._tag("floatingips", found, name)
        return found

    def _forwarding(self, port: str) -> str:
        """Make a floating IP that gives one of its ports to a port's address."""
        found = self._floating_ip("forward")
        (fixed,) = self.tenant.get("network", f"/v2.0/ports/{port}")["port"]["fixed_ips"]
        fields = {"protocol": "tcp", "external_port": 2222, "internal_port": 22, "description": "ssh"}
        fields |= {"internal_port_id": port, "internal_ip_address": fixed["ip_address"]}
        self.objects.of_neutron("port_forwarding", f"floatingips/{found}/port_forwardings", **fields)
        return found

    def _put(self, path: str, body: Json) -> None:
        answer = self.tenant.call("PUT", "network", path, body)
        assert answer.status_code == 200, answer.text

    def _tag(self, collection: str, id_: str, *tags: str) -> None:
        self._put(f"/v2.0/{collection}/{id_}/tags", {"tags": list(tags)})

    def _gone(self, service: str, path: str) -> None:
        """Delete a thing, and wait until it is gone."""
        answer = self.tenant.call("DELETE", service, path)
        assert answer.status_code in {202, 204, 404}, answer.text
        eventually(
            lambda: self.tenant.call("GET", service, path).status_code == 404, f"{path} is gone", _SECONDS
        )
