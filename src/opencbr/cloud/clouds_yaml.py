"""Reading the service's entry of `clouds.yaml`, whatever slip is in it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opencbr.cloud.config import CloudSettings
from opencbr.cloud.errors import BadSettings


def connect(settings: CloudSettings) -> tuple[Any, tuple[Path, ...]]:
    """Open the entry of `clouds.yaml`, and name the files that were read.

    Raises BadSettings when it is not there or cannot be used.
    """
    from openstack.config import OpenStackConfig
    from openstack.connection import Connection
    from openstack.exceptions import ConfigException

    files = list(settings.config_files) or None
    overrides: dict[str, Any] = {"api_timeout": settings.timeout_seconds}
    if settings.region:
        overrides["region_name"] = settings.region
    where = " or ".join(settings.config_files) or "OS_CLIENT_CONFIG_FILE and the usual places of clouds.yaml"
    try:
        config = OpenStackConfig(config_files=files, load_envvars=files is None, app_name="opencbr")
        entry = config.get_one(cloud=settings.cloud, **overrides)
        _refuse_incomplete(entry.get_auth_args())
        connection = Connection(config=entry)
    except ConfigException as error:
        raise BadSettings(f"cloud {settings.cloud} cannot be used ({error}); looked in {where}") from error
    except Exception as error:
        # openstacksdk and keystoneauth let through whatever an odd entry makes them stumble over.
        raise BadSettings(
            f"the entry {settings.cloud} in {where} cannot be used: {_stumble(error)}"
        ) from error
    found = (config.config_filename, config.secure_config_filename)
    return connection, tuple(Path(name) for name in found if name and Path(name).is_file())


def _refuse_incomplete(auth: Mapping[str, Any]) -> None:
    """Raise ValueError for a user without a password, or a port that is none: signing in, these would be odd exceptions."""
    if ("username" in auth or "user_id" in auth) and not auth.get("password"):
        raise ValueError("its auth names a user and has no password")
    try:
        _ = urlsplit(str(auth.get("auth_url") or "")).port
    except ValueError:
        raise ValueError("the port in its auth_url is none: name one between 1 and 65535") from None


def _stumble(error: Exception) -> str:
    """Say what is wrong with an entry of `clouds.yaml`, in its own words where the library has others."""
    if unknown := re.search(r"unexpected keyword argument '(\w+)'", str(error)):
        return f"its auth has a key {unknown[1]} that its auth_type does not know"
    if isinstance(error, TypeError | AttributeError | KeyError) or "sequence" in str(error):
        return "an entry is a mapping with auth (itself a mapping: auth_url, username, password ...)"
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
