"""The one configuration of every process: typed settings, and how they are read and written."""

from opencbr.config.loading import LAST_PORT, ConfigError, authority, listen_address, load
from opencbr.config.settings import SECTIONS, Api, Auth, Config, Database, Keys, Log, Metadata, Policy
from opencbr.config.text import dumps, shown

__all__ = [
    "LAST_PORT",
    "SECTIONS",
    "Api",
    "Auth",
    "Config",
    "ConfigError",
    "Database",
    "Keys",
    "Log",
    "Metadata",
    "Policy",
    "authority",
    "dumps",
    "listen_address",
    "load",
    "shown",
]
