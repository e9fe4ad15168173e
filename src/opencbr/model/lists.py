"""Lists: which page a client asks for, by which filters, and what it gets (contract 2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Direction = Literal["asc", "desc"]
OwnType = Literal["private", "shared", "all_granted"]
"""Which backups a project lists: its own, those that others share with it, or both."""


class ListError(Exception):
    """A list that cannot be given as it was asked for."""


class UnknownMarker(ListError):
    """The marker of a page names no row of this project (contract 2, rule 5)."""

    def __init__(self, marker: str) -> None:
        super().__init__(
            f"marker {marker!r} is not the id of an entry of this list; use the id of the last entry read"
        )
        self.marker = marker


class UnknownSortKey(ListError):
    """The sort names a key that this list does not have (contract 2, rule 1)."""

    def __init__(self, key: str, known: tuple[str, ...]) -> None:
        super().__init__(f"sort key {key!r} is unknown; use one of {', '.join(known)}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: `limit` rows, after the row with id `marker` if given, `offset` rows further on.

    `sort` names keys with directions; the id breaks ties, in the direction of the last key.
    """

    limit: int
    offset: int = 0
    marker: str | None = None
    sort: tuple[tuple[str, Direction], ...] = (("created_at", "desc"),)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page's items, and how many rows match in all (contract 2, rule 2)."""

    items: list[T]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFilter:
    """Which backups (contract 2, ListBackups).

    Several values of one field mean any of them; an empty field is no filter. Without
    `parent_ids` only top-level backups are listed (rule 9). Times are bounds on the creation, both inclusive.
    """

    own_type: OwnType = "private"
    checkpoint_ids: tuple[str, ...] = ()
    vault_ids: tuple[str, ...] = ()
    parent_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    image_types: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    resource_azs: tuple[str, ...] = ()
    created_from: datetime | None = None
    created_to: datetime | None = None
    incremental: bool | None = None  # as asked for (trap T15)
    used_percent: int | None = None  # backups in vaults used to at least this share of their size


Tags = tuple[tuple[str, tuple[str, ...]], ...]
"""Keys, each with the values it may have; no value at all means that any will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFilter:
    """Which vaults by their tags (contract 5.9). An empty field is no filter; several fields must all hold.

    `untagged` asks for vaults without any tag, and the other fields do not count then.
    """

    every: Tags = ()
    any: Tags = ()
    not_every: Tags = ()
    not_any: Tags = ()
    untagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultFilter:
    """Which vaults (contract 2, ListVault).

    Several values of one field mean any of them; an empty field is no filter.
    """

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    object_types: tuple[str, ...] = ()
    protect_types: tuple[str, ...] = ()
    cloud_types: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()  # vaults that hold any of them
    policy_ids: tuple[str, ...] = ()  # vaults that have any of them
    tags: TagFilter = TagFilter()
    name_part: str | None = None  # occurs in the name, in this case of letters; empty: the name is empty


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationLogFilter:
    """Which logs (contract 2, ListOpLogs).

    Several values of one field mean any of them; an empty field is no filter. Times
    are bounds on the creation, both inclusive.
    """

    operation_types: tuple[str, ...] = ()
    provider_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    vault_ids: tuple[str, ...] = ()
    vault_names: tuple[str, ...] = ()
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageUsageFilter:
    """Which resources, of those that have backups. Several values of one field mean any of them; empty is no filter."""

    resource_ids: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillFilter:
    """Which drills. Several values of one field mean any of them; an empty field is no filter."""

    backup_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    policy_ids: tuple[str, ...] = ()  # those that any of these policies has fired, as long as the runs stand
    verdicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFilter:
    """Which policies (contract 2, ListPolicies). Several values of one field mean any of them; an empty field is no filter."""

    operation_types: tuple[str, ...] = ()
    vault_ids: tuple[str, ...] = ()  # policies of any of these vaults


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRunFilter:
    """Which runs of a policy. Several values of one field mean any of them; an empty field is no filter."""

    statuses: tuple[str, ...] = ()
    vault_ids: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    late: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessFilter:
    """Which bound resources. Several values of one field mean any of them; an empty field is no filter."""

    ids: tuple[str, ...] = ()
    vault_ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    last_runs: tuple[str, ...] = ()  # statuses of the last run that has ended
    has_backup: bool | None = None  # a finished one
