"""How to reach the cloud: which entry of `clouds.yaml`, and how patient to be."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class CloudSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The service credential and its limits.

    `cloud` names an entry of `clouds.yaml`; `config_files` are looked at instead of openstacksdk's usual places
    (OS_CLIENT_CONFIG_FILE, ./clouds.yaml, ~/.config/openstack, /etc/openstack). `region` is the entry's own when
    empty. `timeout_seconds` bounds one HTTP call as a whole, `retries` is how often a failed one is asked again,
    `connections` how many run at a time to each service. `sets_volume_status` says whether Cinder lets the service user set
    the status of volumes; left out, its role `admin` says so.
    """

    cloud: str = "opencbr"
    config_files: tuple[str, ...] = ()
    region: str = ""
    interface: Literal["public", "internal", "admin"] = "public"
    timeout_seconds: Annotated[float, Meta(ge=0.1, le=86400)] = 60.0
    retries: Annotated[int, Meta(ge=0)] = 4
    connections: Annotated[int, Meta(ge=1)] = 8
    sets_volume_status: bool | None = None
