"""What a backup can be restored as by a plan, in words."""

from collections.abc import Mapping
from typing import Any

from opencbr.model import statuses
from opencbr.model.vault import SERVER

KINDS: Mapping[str, str] = {
    "new_server": "as a new server",
    "new_volume": "as a new volume",
    "in_place": "in place",
    "new_resources": "as new servers and volumes",
}
"""What a plan restores as -> how a page says it."""
_OF_A_SERVER = frozenset({"new_server"})
_OF_A_CHECKPOINT = frozenset({"new_resources"})


def kinds_of(backup: Mapping[str, Any]) -> dict[str, str]:
    """Give the kinds of plans that can be made of a backup, as ShowBackup gives it: of a whole one that is available."""
    if backup.get("parent_id") or backup["status"] != statuses.AVAILABLE:
        return {}
    of_a_server = backup["resource_type"] == SERVER
    not_here = _OF_A_CHECKPOINT if of_a_server else _OF_A_CHECKPOINT | _OF_A_SERVER
    return {kind: words for kind, words in KINDS.items() if kind not in not_here}
