"""What the lists of several chapters filter by."""

from datetime import datetime

from opencbr.api.errors import bad_parameter
from opencbr.model.times import parse_time

_EVERY_ENTERPRISE_PROJECT = {"0", "all_granted_eps"}


def only_other_enterprise_projects(ids: tuple[str, ...]) -> bool:
    """Say whether a filter names enterprise projects and none that there is here: then nothing matches."""
    return bool(ids) and _EVERY_ENTERPRISE_PROJECT.isdisjoint(ids)


def time_bound(name: str, text: str | None) -> datetime | None:
    """Read a query's time; raises 400/9900 naming the parameter."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise bad_parameter(f"{name}: it is no time; write it as 2018-02-01T12:00:00Z.") from error
