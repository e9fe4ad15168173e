"""What Cinder and Neutron let a project keep, and what it has.

https://docs.openstack.org/api-ref/block-storage/v3/ (quota sets)
https://docs.openstack.org/api-ref/network/v2/ (quota details)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from opencbr.cloud.errors import NotFound
from opencbr.cloud.reader import Reader
from opencbr.cloud.retry import NO_PATIENCE

UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class Quota:
    """`limit` is UNLIMITED or a number of objects or GB; `used` has what is reserved for work under way in it."""

    limit: int
    used: int

    def lacks(self, more: int) -> bool:
        """Say whether there is no room for so many more."""
        return self.limit != UNLIMITED and self.used + more > self.limit


def quotas_of(reader: Reader, project_id: str) -> dict[str, Quota]:
    """Read a project's quotas by Cinder's names (`backups`, `gigabytes` …), without patience. Raises CloudError."""
    return _read(reader, f"/os-quota-sets/{project_id}?usage=true")


def default_quotas(reader: Reader, project_id: str) -> dict[str, Quota]:
    """Read what a new project may have, asked in the name of `project_id`. Raises CloudError."""
    return _read(reader, f"/os-quota-sets/{project_id}/defaults")


def network_quotas(reader: Reader, project_id: str) -> dict[str, Quota]:
    """Read a project's quotas by Neutron's names (`port`, `floatingip` …); none where Neutron does not tell what is used.

    Raises CloudError.
    """
    try:
        found = (
            reader.ask("network", f"/quotas/{quote(project_id, safe='')}/details.json").json().get("quota")
        )
    except NotFound:
        return {}
    return _quotas(found or {}, "used")


def _read(reader: Reader, path: str) -> dict[str, Quota]:
    return _quotas(reader.ask("volume", path, patience=NO_PATIENCE).thing("quota_set"), "in_use")


def _quotas(rows: Mapping[str, Any], used: str) -> dict[str, Quota]:
    return {name: quota for name, row in rows.items() if (quota := _quota(row, used)) is not None}


def _quota(row: Any, used_name: str) -> Quota | None:
    given: Mapping[str, Any] = row if isinstance(row, dict) else {"limit": row}
    limit, *used = (given.get(name, 0) for name in ("limit", used_name, "reserved"))
    numbers = all(isinstance(number, int) for number in (limit, *used))
    return Quota(limit, sum(used)) if numbers and "limit" in given else None
