"""How to reach the cloud: which entry of `clouds.yaml`, and how patient to be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """The service credential and its limits.

    `cloud` names an entry of `clouds.yaml`; `config_files` are looked at instead of openstacksdk's usual
    places
    (OS_CLIENT_CONFIG_FILE, ./clouds.yaml, ~/.config/openstack, /etc/openstack). `timeout_seconds` bounds
    one HTTP
    call, `retries` is how often a failed one is asked again, `connections` how many run at a time.
    """

    cloud: str
    config_files: tuple[str, ...] = ()
    region: str | None = None
    interface: str = "public"
    timeout_seconds: float = 60
    retries: int = 4
    connections: int = 8
