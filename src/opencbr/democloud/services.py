"""The five services by the name in their address; importing the modules registers their calls."""

from opencbr.democloud.compute import (
    actions,
    boot,
    flavors,
    interfaces,
    keypairs,
    limits,
    metadata,
    server_groups,
    servers,
)
from opencbr.democloud.compute import attachments as server_attachments
from opencbr.democloud.compute import services as compute_services
from opencbr.democloud.compute.routes import ROUTES as COMPUTE
from opencbr.democloud.identity import (
    application_credentials,
    authentication,
    catalog,
    credentials,
    ec2,
    groups,
    projects,
    roles,
    tokens,
    users,
)
from opencbr.democloud.identity.routes import ROUTES as IDENTITY
from opencbr.democloud.image.images import ROUTES as IMAGE
from opencbr.democloud.network import (
    address_groups,
    floating_ips,
    networks,
    port_forwardings,
    ports,
    qos,
    rbac,
    routers,
    security_groups,
    subnets,
    tags,
    trunks,
)
from opencbr.democloud.network import quotas as network_quotas
from opencbr.democloud.network.routes import ROUTES as NETWORK
from opencbr.democloud.routing import Routes
from opencbr.democloud.volume import (
    attachments,
    backup_creation,
    backup_export,
    backups,
    quotas,
    restores,
    snapshots,
    transfers,
    types,
    volume_actions,
    volume_metadata,
    volumes,
)
from opencbr.democloud.volume import services as volume_services
from opencbr.democloud.volume.routes import ROUTES as VOLUME

MODULES = (
    *(actions, boot, compute_services, flavors, interfaces, keypairs, limits, metadata, server_attachments),
    *(server_groups, servers),
    *(
        application_credentials,
        authentication,
        catalog,
        credentials,
        ec2,
        groups,
        projects,
        roles,
        tokens,
        users,
    ),
    *(address_groups, floating_ips, network_quotas, networks, port_forwardings, ports, qos, rbac, routers),
    *(security_groups, subnets, tags, trunks),
    *(attachments, backup_creation, backup_export, backups, quotas, restores, snapshots, transfers, types),
    *(volume_actions, volume_metadata, volume_services, volumes),
)
SERVICES: dict[str, Routes] = {
    "compute": COMPUTE,
    "identity": IDENTITY,
    "image": IMAGE,
    "network": NETWORK,
    "volume": VOLUME,
}
