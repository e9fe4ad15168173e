"""Where on the form a refusal of the API belongs."""

import re
from typing import Final

_PLACES: Final = re.compile(r"(?:[\w.\[\]]+: )+")
_FIELDS: Final = {
    "pattern": "times",
    "name": "name",
    "time_zone": "time_zone",
    "start_window_minutes": "start_window_minutes",
    "timezone": "timezone",
    "vault_id": "vault_id",
    **{
        name: name
        for name in (
            "max_backups",
            "retention_duration_days",
            "day_backups",
            "week_backups",
            "month_backups",
            "year_backups",
            "full_backup_interval",
        )
    },
}


def field_of(message: str) -> str:
    """Return the field that a sentence is about, by the member that it begins with; "" where it is about none of them."""
    places = _PLACES.match(message)
    if places is None:
        return ""
    member = places[0].split(": ")[-2].rpartition(".")[2]
    return _FIELDS.get(re.sub(r"\[.*", "", member), "")
