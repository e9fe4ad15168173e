"""The five services by the name in their address; importing the modules fills the lists of calls."""

from opencbr.democloud.compute import actions, attachments, boot, flavors, interfaces, keys, servers
from opencbr.democloud.compute.routes import ROUTES as COMPUTE
from opencbr.democloud.identity import catalog, people, roles, tokens
from opencbr.democloud.identity import keys as identity_keys
from opencbr.democloud.identity.routes import ROUTES as IDENTITY
from opencbr.democloud.image.images import ROUTES as IMAGE
from opencbr.democloud.network import floating, groups, networks, ports
from opencbr.democloud.network.routes import ROUTES as NETWORK
from opencbr.democloud.volume import backups, quotas, restores, snapshots, types, volumes
from opencbr.democloud.volume.routes import ROUTES as VOLUME
from opencbr.democloud.wire import Routes

MODULES = (
    *(actions, attachments, boot, flavors, interfaces, keys, servers),
    *(catalog, people, roles, tokens, identity_keys),
    *(floating, groups, networks, ports),
    *(backups, quotas, restores, snapshots, types, volumes),
)
SERVICES: dict[str, Routes] = {
    "compute": COMPUTE,
    "identity": IDENTITY,
    "image": IMAGE,
    "network": NETWORK,
    "volume": VOLUME,
}
