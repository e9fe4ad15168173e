"""Entries of the cloud's lists, for those who wait for all of them: one odd entry must not hide the others.

What has an id is shown, with what of it can be used; what has none cannot be named and is left out. The log says both, once
in a process for each entry: a list is read again and again.
"""

import logging
from functools import lru_cache
from typing import Any

from opencbr.cloud.shapes import faults, misshapen

_log = logging.getLogger("opencbr.cloud")

_REMEMBERED = 1024
"""Odd entries that are not told again."""


def with_id(where: str, kind: str, rows: list[Any]) -> list[dict[str, Any]]:
    """Return the rows that are objects with an id; `where` names the list in the log."""
    found = []
    for row in rows:
        if wrong := misshapen("identified", row):
            _tell(f"{where}: a {kind} is left out of the list: {wrong.replace('identified', kind)}")
        else:
            found.append(row)
    return found


def usable(kind: str, entry: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return an entry without the members that are not shaped as `shapes` says, and the first fault in words, if any."""
    wrong = list(faults(kind, entry))
    if not wrong:
        return entry, None
    _tell(
        f"{kind} {entry['id']} is not described as the API promises: "
        + "; ".join(fault for _, fault in wrong)
    )
    members = {member for member, _ in wrong}
    return {name: value for name, value in entry.items() if name not in members}, wrong[0][1]


@lru_cache(maxsize=_REMEMBERED)
def _tell(what: str) -> None:
    _log.warning("%s", what)
