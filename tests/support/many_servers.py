"""Many servers of the embedded cloud that share all they can: network, security group, flavor and volume type."""

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.network.networks import make_network
from opencbr.democloud.network.ports import bind_port, make_port
from opencbr.democloud.network.security_groups import make_group, make_rule
from opencbr.democloud.network.subnets import make_subnet
from opencbr.democloud.seed.servers import make_server
from opencbr.democloud.volume.quotas import DEFAULTS
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.volume.types import default_type
from opencbr.democloud.volume.volumes import make_volume


def make_servers(cloud: DemoCloud, count: int) -> list[tuple[str, str]]:
    """Make servers that share all they can: id and name of each; one disk, one port."""
    backend, owner, made = cloud.backend, cloud.account("demo"), []
    project = owner["project_id"]
    with backend.state.change():
        backend.state.put("quota", {"id": project, **dict.fromkeys(DEFAULTS, -1)})
        net = make_network(backend, project, "shared")
        make_subnet(backend, net, "shared-v4", "10.16.0.0/16")
        group = make_group(backend, project, "shared", "of all servers")
        make_rule(backend, group, protocol="tcp", port_range_min=22, port_range_max=22, description="")
    for number in range(count):
        with backend.state.change():
            name = f"server-{number:04}"
            volume = make_volume(
                backend,
                project_id=project,
                user_id=owner["user_id"],
                size=1,
                volume_type=default_type(backend.state),
                name=f"{name}-root",
                bootable="true",
            )
            root = set_status(backend, "volume", volume["id"], "available") or volume
            server = make_server(backend, owner, name, image=None, disks=[root])
            address = f"10.16.{number // 200 + 1}.{number % 200 + 10}"
            port = make_port(backend, project, net, groups=[group["id"]], address=address)
            bind_port(backend, port, server["id"], 1)
            made.append((server["id"], name))
    return made
