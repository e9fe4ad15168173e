"""How a new server treats each captured field: one table, by kind of document and place in it.

A place begins at the body's envelope. In a row `*` stands for one step, whatever it is called, and `**` at the end for
everything below. A field that no row knows is *unhandled*: it shows as that in every plan, and
`tests/model/test_restore_treatment.py` fails on one in a recorded body, so that the table stays complete.
"""

from collections.abc import Mapping
from functools import cache

GIVEN = "given"
"""Given back as it was."""
NAMES = "names"
"""Names something else that was captured: what becomes of that becomes of it."""
IDENTITY = "identity"
"""Belongs to the old object; the new one has its own."""
TIME = "time"
"""A time of the old object; the new one has its own."""
STATE = "state"
"""What it was doing just then."""
DERIVED = "derived"
"""The cloud makes it of other fields, or of where it puts things."""
REPEATED = "repeated"
"""Said once more in another document, which tells what becomes of it."""
OWNER = "owner"
"""Whose it is: the project stays, the user is the service's own."""
IMPOSSIBLE = "impossible"
"""The cloud lets nobody give it back."""

CHANGED = "changed"
"""Not a treatment: of a thing that stands, and has another value now."""

REASONS: Mapping[str, str] = {
    GIVEN: "given back as it was",
    IDENTITY: "identifies the old object; the new one has its own",
    TIME: "a time of the old object; the new one has its own",
    STATE: "what it was doing when it was backed up",
    DERIVED: "made by the cloud itself",
    REPEATED: "said once more in another document, which tells what becomes of it",
    OWNER: "the owner is the project, as before",
    CHANGED: "it is now",
}
"""What a plan says of a field that needs no reason of its own."""


def _rows(**treatments: str) -> dict[str, str]:
    """Turn treatment -> places, with blanks between, around."""
    return {place: treatment for treatment, places in treatments.items() for place in places.split()}


def _below(envelope: str, **treatments: str) -> dict[str, str]:
    return {f"{envelope}/{place}": treatment for place, treatment in _rows(**treatments).items()}


_NEUTRON = {
    "time": "created_at updated_at revision_number",
    "owner": "tenant_id project_id",
}


def _of_neutron(envelope: str, **treatments: str) -> dict[str, str]:
    both = {name: f"{_NEUTRON.get(name, '')} {treatments.get(name, '')}" for name in {*_NEUTRON, *treatments}}
    return _below(envelope, **both)


_SERVER = _below(
    "server",
    given="""name description metadata metadata/* tags tags/* config_drive OS-DCF:diskConfig accessIPv4 accessIPv6
        OS-EXT-SRV-ATTR:user_data OS-EXT-SRV-ATTR:hostname key_name locked locked_reason
        scheduler_hints scheduler_hints/** pinned_availability_zone OS-EXT-AZ:availability_zone
        os-extended-volumes:volumes_attached os-extended-volumes:volumes_attached/*/delete_on_termination""",
    names="flavor/id image image/id server_groups server_groups/*",
    identity="id links/** image/links/** flavor/links/** os-extended-volumes:volumes_attached/*/id",
    owner="tenant_id",
    repeated="""scheduler_hints/group/*
        flavor/vcpus flavor/ram flavor/disk flavor/ephemeral flavor/swap flavor/original_name flavor/extra_specs
        flavor/extra_specs/** image/properties image/properties/** security_groups security_groups/*/name
        addresses addresses/**""",
    time="created updated OS-SRV-USG:launched_at OS-SRV-USG:terminated_at",
    state="""status progress OS-EXT-STS:task_state OS-EXT-STS:vm_state OS-EXT-STS:power_state host_status fault/**""",
    derived="""hostId OS-EXT-SRV-ATTR:host OS-EXT-SRV-ATTR:hypervisor_hostname OS-EXT-SRV-ATTR:instance_name
        OS-EXT-SRV-ATTR:reservation_id OS-EXT-SRV-ATTR:launch_index OS-EXT-SRV-ATTR:root_device_name
        OS-EXT-SRV-ATTR:kernel_id OS-EXT-SRV-ATTR:ramdisk_id""",
    impossible="user_id trusted_image_certificates trusted_image_certificates/*",
)

_PORT_GIVEN = """name description mac_address admin_state_up fixed_ips fixed_ips/*/ip_address allowed_address_pairs
    allowed_address_pairs/** extra_dhcp_opts extra_dhcp_opts/** binding:vnic_type port_security_enabled tags tags/* dns_name
    dns_domain"""
_PORT = {
    "given": _PORT_GIVEN,
    "names": "network_id fixed_ips/*/subnet_id security_groups security_groups/* qos_policy_id",
    "identity": "id device_id",
    "state": "status data_plane_status",
    "repeated": "trunk_details/** qos_network_policy_id",
    "derived": """device_owner binding:host_id binding:vif_type binding:vif_details binding:vif_details/** dns_assignment
        dns_assignment/** ip_allocation resource_request resource_request/**""",
    "impossible": """binding:profile binding:profile/** propagate_uplink_status numa_affinity_policy device_profile hints
        hints/** mac_learning_enabled hardware_offload_type trusted""",
}

_FLOATING_IP = {
    "given": "floating_ip_address fixed_ip_address description tags tags/*",
    "names": "floating_network_id qos_policy_id",
    "identity": "id port_id",
    "state": "status",
    "derived": "router_id dns_domain dns_name",
    "repeated": "port_details port_details/** port_forwardings port_forwardings/**",
}

_VOLUME = _below(
    "volume",
    given="""name description size metadata metadata/* bootable volume_image_metadata volume_image_metadata/*
        availability_zone""",
    names="volume_type volume_type_id",
    identity="id links/** attachments/*/id attachments/*/attachment_id attachments/*/volume_id attachments/*/server_id",
    owner="os-vol-tenant-attr:tenant_id",
    time="created_at updated_at attachments/*/attached_at",
    state="status replication_status migration_status os-vol-mig-status-attr:migstat os-vol-mig-status-attr:name_id",
    repeated="attachments attachments/*/device",
    derived="""attachments/*/host_name os-vol-host-attr:host encrypted multiattach provider_id shared_targets service_uuid
        cluster_name consumes_quota encryption_key_id""",
    impossible="user_id snapshot_id source_volid group_id consistencygroup_id replication_extended_status",
)

_IMAGE = _rows(
    identity="id self file schema direct_url links/**",
    owner="owner",
    time="created_at updated_at",
    given="*",  # an image's properties are its own fields, whatever they are called
    repeated="stores locations locations/**",
) | {"*/**": GIVEN}

TREATMENTS: Mapping[str, Mapping[str, str]] = {
    "server": _SERVER,
    "interface": _below(
        "interfaceAttachments",
        given="*/tag",
        repeated="*/net_id */port_id */mac_addr */port_state */fixed_ips */fixed_ips/*/subnet_id */fixed_ips/*/ip_address",
    )
    | {"interfaceAttachments": REPEATED},
    "attachments": _below(
        "volumeAttachments",
        given="*/device */tag */delete_on_termination",
        identity="*/id */volumeId */serverId */attachment_id */bdm_uuid",
    )
    | {"volumeAttachments": REPEATED},
    "flavor": _below(
        "flavor",
        identity="id links/**",
        given="""name ram disk swap vcpus rxtx_factor description extra_specs extra_specs/** OS-FLV-EXT-DATA:ephemeral
            OS-FLV-DISABLED:disabled os-flavor-access:is_public""",
    ),
    "keypair": _below(
        "keypair",
        given="name public_key type",
        identity="id",
        time="created_at updated_at deleted_at",
        state="deleted",
        derived="fingerprint",
        impossible="user_id",
    ),
    "server_group": _below(
        "server_group",
        given="name policy policies policies/* rules rules/** metadata metadata/**",
        identity="id",
        owner="project_id",
        impossible="user_id",
        state="members members/*",
    ),
    "volume": _VOLUME,
    "volume_type": _below(
        "volume_type",
        identity="id",
        given="""name is_public description extra_specs extra_specs/** qos_specs_id os-volume-type-access:is_public""",
    ),
    "encryption": _rows(
        identity="encryption_id volume_type_id",
        given="cipher control_location key_size provider",
        time="created_at updated_at deleted_at",
        state="deleted",
    ),
    "qos_specs": _below("qos_specs", identity="id", given="name consumer specs specs/**")
    | _rows(identity="links/**"),
    "image": _IMAGE,
    "root_image": _IMAGE,
    "port": _of_neutron("port", **_PORT),
    "subport": _of_neutron("port", **_PORT),
    "trunk": _of_neutron(
        "trunk",
        given="name description admin_state_up tags tags/* sub_ports sub_ports/*/segmentation_type sub_ports/*/segmentation_id",
        identity="id port_id sub_ports/*/port_id",
        state="status",
    ),
    "floatingips": _of_neutron("floatingips/*", **_FLOATING_IP) | {"floatingips": REPEATED},
    "floatingip": _of_neutron("floatingip", **_FLOATING_IP),
    "port_forwardings": _below(
        "port_forwardings/*",
        given="""protocol external_port external_port_range internal_port internal_port_range internal_ip_address
            description""",
        identity="id internal_port_id",
    )
    | {"port_forwardings": REPEATED},
    "network": _of_neutron(
        "network",
        given="""name description admin_state_up mtu port_security_enabled availability_zone_hints availability_zone_hints/*
            tags tags/* dns_domain""",
        names="subnets subnets/* qos_policy_id",
        identity="id",
        state="status",
        derived="""provider:* provider:*/** shared router:external is_default ipv4_address_scope ipv6_address_scope
            availability_zones availability_zones/* vlan_transparent segments segments/** l2_adjacency""",
    ),
    "subnet": _of_neutron(
        "subnet",
        given="""name description ip_version enable_dhcp ipv6_ra_mode ipv6_address_mode gateway_ip cidr allocation_pools
            allocation_pools/*/start allocation_pools/*/end host_routes host_routes/** dns_nameservers dns_nameservers/*
            tags tags/* dns_publish_fixed_ip""",
        names="network_id",
        identity="id",
        derived="router:external segment_id subnetpool_id service_types service_types/*",
    ),
    "router": _of_neutron(
        "router",
        given="""name description admin_state_up tags tags/* external_gateway_info external_gateway_info/enable_snat
            availability_zone_hints availability_zone_hints/* routes routes/**""",
        names="external_gateway_info/network_id external_gateway_info/qos_policy_id",
        identity="id",
        state="status",
        derived="""external_gateway_info/external_fixed_ips/** availability_zones availability_zones/* ha distributed
            flavor_id ndp_proxy_enabled enable_ndp_proxy external_gateways external_gateways/** service_type_id""",
    ),
    "security_group": _of_neutron(
        "security_group",
        given="name description stateful tags tags/*",
        identity="id",
        derived="shared",
        repeated="security_group_rules",
    )
    | _of_neutron(
        "security_group/security_group_rules/*",
        given="ethertype direction protocol port_range_min port_range_max remote_ip_prefix description tags tags/*",
        names="remote_group_id remote_address_group_id",
        identity="id security_group_id standard_attr_id",
        derived="normalized_cidr belongs_to_default_sg",
    ),
    "address_group": _of_neutron(
        "address_group", given="name description addresses addresses/*", identity="id", derived="shared"
    ),
    "qos_policy": _of_neutron(
        "policy",
        given="name description shared is_default tags tags/* rules rules/**",
        identity="id rules/*/id rules/*/qos_policy_id",
    ),
    "export": {"backup-record/**": REPEATED},
}
"""Kind of document, without `@newest` -> place -> treatment."""


def treatment_of(kind: str, path: tuple[str, ...]) -> str | None:
    """Return how a new server treats the field at a path of a document of `kind`; None when no row knows it."""
    return next((treatment for row, treatment in _ordered(kind) if _fits(row, path)), None)


@cache
def _ordered(kind: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """List the rows of a kind, the most exact first."""
    rows = [(tuple(place.split("/")), treatment) for place, treatment in TREATMENTS.get(kind, {}).items()]
    return tuple(
        sorted(rows, key=lambda row: (row[0][-1] == "**", sum("*" in step for step in row[0]), -len(row[0])))
    )


def _fits(row: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if row[-1] == "**":
        return len(path) >= len(row) and _fits(row[:-1], path[: len(row) - 1])
    return len(row) == len(path) and all(
        step in ("*", found) or (step.endswith("*") and found.startswith(step[:-1]))
        for step, found in zip(row, path, strict=True)
    )
