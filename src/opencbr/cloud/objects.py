"""Snapshots and backups of volumes as Cinder describes them, reduced to what the jobs decide by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opencbr.observe.redact import redact

_REASON_LENGTH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A volume snapshot. `created_at` is Cinder's own text (naive UTC)."""

    id: str
    name: str
    volume_id: str
    status: str
    size_gb: int
    created_at: str
    request_id: str | None = None

    @property
    def state(self) -> str:
        """What it is in, in words."""
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeBackup:
    """A Cinder backup. `request_id` is that of the answer this was read from; `taken_at` is Cinder's `data_timestamp`."""

    id: str
    name: str
    volume_id: str
    snapshot_id: str | None
    status: str
    size_gb: int
    object_count: int
    is_incremental: bool
    has_dependents: bool
    fail_reason: str
    taken_at: str
    request_id: str | None

    @property
    def state(self) -> str:
        """What it is in, in words."""
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume; `server_ids` are the servers that it is attached to, `image_metadata` what it keeps of its image.

    `updated_at` is Cinder's own text (naive UTC), "" while nothing has changed.
    """

    id: str
    status: str
    size_gb: int
    server_ids: tuple[str, ...]
    request_id: str | None
    volume_type: str | None = None
    availability_zone: str | None = None
    updated_at: str = ""
    image_metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """What it is in, in words."""
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server; `task_state` is what Nova is doing with it, "" for nothing; `fault` is why it is in an error.

    `image_id` is set where its root disk is no volume; `updated_at` is Nova's own text.
    """

    id: str
    status: str
    task_state: str
    locked: bool
    locked_reason: str | None
    request_id: str | None
    fault: str = ""
    image_id: str | None = None
    updated_at: str = ""

    @property
    def state(self) -> str:
        """What it is in, in words, and what Nova is doing with it."""
        return f"{self.status} ({self.task_state})" if self.task_state else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image; `size_bytes` is 0 while it has no bytes, `min_disk_gb` is the root disk that it needs."""

    id: str
    status: str
    size_bytes: int
    min_disk_gb: int
    request_id: str | None

    @property
    def state(self) -> str:
        """What it is in, in words."""
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A volume on a server, as it must be attached again."""

    volume_id: str
    device: str | None
    tag: str | None
    delete_on_termination: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamObject:
    """A thing of any tenant that bears a name of ours, for the janitor; `kind` is a row of `jobs.upstream.kinds`.

    `size_gb` is 0 for what has no size. `has_dependents` is about backups: later incrementals need it, a tenant's own among
    them.
    """

    kind: str
    id: str
    name: str
    project_id: str
    status: str
    created_at: str
    size_gb: int
    has_dependents: bool = False


def snapshot_of(body: Mapping[str, Any], request_id: str | None = None) -> Snapshot:
    """Read Cinder's `snapshot` object. Raises KeyError when it is none."""
    return Snapshot(
        id=body["id"],
        name=body.get("name") or "",
        volume_id=body["volume_id"],
        status=body.get("status") or "",
        size_gb=int(body.get("size") or 0),
        created_at=body.get("created_at") or "",
        request_id=request_id,
    )


def volume_of(body: Mapping[str, Any], request_id: str | None) -> Volume:
    """Read Cinder's `volume` object. Raises KeyError when it is none."""
    attached = (one.get("server_id") for one in body.get("attachments") or ())
    return Volume(
        id=body["id"],
        status=body["status"],
        size_gb=int(body["size"]),
        server_ids=tuple(one for one in attached if one),
        request_id=request_id,
        volume_type=body.get("volume_type"),
        availability_zone=body.get("availability_zone"),
        updated_at=body.get("updated_at") or "",
        image_metadata={
            name: str(value) for name, value in (body.get("volume_image_metadata") or {}).items()
        },
    )


def server_of(body: Mapping[str, Any], request_id: str | None) -> Server:
    """Read Nova's `server` object, from 2.73 on. Raises KeyError when it is none."""
    return Server(
        id=body["id"],
        status=body["status"],
        task_state=body.get("OS-EXT-STS:task_state") or "",
        locked=bool(body.get("locked")),
        locked_reason=body.get("locked_reason"),
        request_id=request_id,
        fault=redact(str((body.get("fault") or {}).get("message") or "")[:_REASON_LENGTH]),
        image_id=(body.get("image") or {}).get("id"),
        updated_at=body.get("updated") or "",
    )


def image_of(body: Mapping[str, Any], request_id: str | None) -> Image:
    """Read Glance's image. Raises KeyError when it is none."""
    return Image(
        id=body["id"],
        status=body.get("status") or "",
        size_bytes=int(body.get("size") or 0),
        min_disk_gb=int(body.get("min_disk") or 0),
        request_id=request_id,
    )


def backup_of(body: Mapping[str, Any], request_id: str | None) -> VolumeBackup:
    """Read Cinder's `backup` object, in full. Raises KeyError when it is none."""
    return VolumeBackup(
        id=body["id"],
        name=body.get("name") or "",
        volume_id=body.get("volume_id") or "",
        snapshot_id=body.get("snapshot_id"),
        status=body.get("status") or "",
        size_gb=int(body.get("size") or 0),
        object_count=int(body.get("object_count") or 0),
        is_incremental=bool(body.get("is_incremental")),
        has_dependents=bool(body.get("has_dependent_backups")),
        # A driver's own words, command lines and all: they end in the operation log.
        fail_reason=redact(str(body.get("fail_reason") or "")[:_REASON_LENGTH]),
        taken_at=body.get("data_timestamp") or "",
        request_id=request_id,
    )
