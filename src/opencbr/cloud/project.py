"""Work inside a tenant's project: snapshots and backups made with its own token, so that they are its own."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from opencbr.cloud.answer import Answer
from opencbr.cloud.errors import Denied, NotFound
from opencbr.cloud.images import ImageCloud
from opencbr.cloud.microversions import at_least
from opencbr.cloud.networks import NetworkCloud
from opencbr.cloud.objects import Snapshot, Volume, VolumeBackup, backup_of, snapshot_of, volume_of
from opencbr.cloud.reader import VOLUME_MICROVERSION, Reader
from opencbr.cloud.retry import NO_PATIENCE, get_or_create
from opencbr.cloud.servers import ServerCloud
from opencbr.cloud.strict_json import read_object
from opencbr.cloud.transfers import TransferCloud
from opencbr.cloud.transport import Transport
from opencbr.model.document import ABSENT, Document

REVERT_MICROVERSION = "3.40"
"""From here on Cinder takes a volume back to its newest snapshot."""
BACKUP_METADATA_MICROVERSION = "3.43"
"""From here on a Cinder backup takes metadata."""
UPLOAD_MICROVERSION = "3.1"
"""From here on an image that Cinder makes of a volume is its project's alone."""


class ProjectCloud:
    """Raises NotFound, Denied, Refused or Unreachable. Thread-safe.

    A create that got no clear answer is looked up by its name before it is asked again.
    """

    def __init__(self, project_id: str, transport: Transport, reader: Reader) -> None:
        self.project_id = project_id
        self._transport = transport
        self._reader = reader

    @property
    def servers(self) -> ServerCloud:
        """The hand on the project's servers."""
        return ServerCloud(self._transport)

    @property
    def images(self) -> ImageCloud:
        """The hand on the project's images."""
        return ImageCloud(self._transport)

    @property
    def networks(self) -> NetworkCloud:
        """The hand on the project's networks."""
        return NetworkCloud(self._transport)

    @property
    def transfers(self) -> TransferCloud:
        """The hand on volumes that go from one project to another."""
        return TransferCloud(self._transport)

    def find_snapshot(self, name: str, volume_id: str) -> Snapshot | None:
        """Return the oldest snapshot of the volume with this name."""
        rows = self._named("/snapshots/detail", "snapshot", name, volume_id)
        return min((snapshot_of(row) for row in rows), key=lambda s: s.created_at, default=None)

    def create_snapshot(
        self, volume_id: str, name: str, description: str = "", metadata: Mapping[str, str] | None = None
    ) -> Snapshot:
        """Snapshot a volume, attached or not; returns while it is still `creating`.

        `force` is what lets Cinder take an attached volume at this microversion (required below 3.66).
        """
        body = {
            "snapshot": {
                "volume_id": volume_id,
                "name": name,
                "description": description,
                "force": True,
                "metadata": dict(metadata or {}),
            }
        }

        def create() -> Snapshot:
            answer = self._transport.post("volume", "/snapshots", body, microversion=VOLUME_MICROVERSION)
            return snapshot_of(answer.thing("snapshot"))

        return get_or_create(
            lambda: self.find_snapshot(name, volume_id),
            create,
            self._transport.patience,
            self._transport.clock,
        )

    def get_snapshot(self, snapshot_id: str) -> Snapshot:
        """Return a snapshot as it stands."""
        answer = self._get(f"/snapshots/{quote(snapshot_id, safe='')}")
        return snapshot_of(answer.thing("snapshot"), answer.request_id)

    def snapshots_in(self, status: str) -> dict[str, str]:
        """Return the project's snapshots in this status, in one call: id, and a text that changes when one moves on."""
        return self._in_status("/snapshots/detail", "snapshot", status)

    def snapshots_of(self, volume_id: str) -> list[Snapshot]:
        """Return the snapshots that the project has of a volume, whoever made them."""
        return [
            snapshot_of(row) for row in self._rows("/snapshots/detail", "snapshot", {"volume_id": volume_id})
        ]

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Request the deletion; NotFound means that it is gone already."""
        self._transport.delete(
            "volume", f"/snapshots/{quote(snapshot_id, safe='')}", microversion=VOLUME_MICROVERSION
        )

    def find_backup(self, name: str, volume_id: str) -> VolumeBackup | None:
        """Return the oldest backup of the volume with this name."""
        rows = self._named("/backups/detail", "backup", name, volume_id)
        row = min(rows, key=lambda r: str(r.get("created_at")), default=None)
        return None if row is None else backup_of(row, None)

    def create_backup(
        self,
        volume_id: str,
        snapshot_id: str | None,
        name: str,
        description: str = "",
        *,
        incremental: bool = False,
        metadata: Mapping[str, str] | None = None,
    ) -> VolumeBackup:
        """Back a volume up from its snapshot; returns while it is still `creating`.

        From a snapshot no force is needed and the volume stays `in-use`. Refused (400) when `incremental`
        finds no parent.
        """
        fields: dict[str, Any] = {
            "volume_id": volume_id,
            "snapshot_id": snapshot_id,
            "name": name,
            "description": description,
            "incremental": incremental,
        }
        microversion = VOLUME_MICROVERSION
        if metadata and at_least(self._transport.newest("volume"), BACKUP_METADATA_MICROVERSION):
            fields["metadata"] = dict(metadata)
            microversion = BACKUP_METADATA_MICROVERSION

        def create() -> VolumeBackup:
            answer = self._transport.post("volume", "/backups", {"backup": fields}, microversion=microversion)
            made = {"volume_id": volume_id, "snapshot_id": snapshot_id, "status": "creating"}
            return backup_of(
                {**made, "is_incremental": incremental, **answer.thing("backup")}, answer.request_id
            )

        return get_or_create(
            lambda: self.find_backup(name, volume_id), create, self._transport.patience, self._transport.clock
        )

    def get_backup(self, backup_id: str) -> VolumeBackup:
        """Return a backup as it stands."""
        answer = self._get(f"/backups/{quote(backup_id, safe='')}")
        return backup_of(answer.thing("backup"), answer.request_id)

    def backups_of(self, volume_id: str) -> list[VolumeBackup]:
        """Return the backups that the project has of a volume, whoever made them."""
        rows = self._rows("/backups/detail", "backup", {"volume_id": volume_id})
        return [backup_of(row, None) for row in rows]

    def backups_in(self, status: str) -> dict[str, str]:
        """Return the project's backups in this status, as `snapshots_in` does."""
        return self._in_status("/backups/detail", "backup", status)

    def delete_backup(self, backup_id: str) -> None:
        """Request the deletion.

        NotFound means that it is gone already, Refused that incrementals need it or that it is busy.
        """
        self._transport.delete(
            "volume", f"/backups/{quote(backup_id, safe='')}", microversion=VOLUME_MICROVERSION
        )

    def get_volume(self, volume_id: str) -> Volume:
        """Return a volume as it stands."""
        answer = self._get(f"/volumes/{quote(volume_id, safe='')}")
        return volume_of(answer.thing("volume"), answer.request_id)

    def find_volume(self, name: str) -> Volume | None:
        """Return the oldest volume of this name."""
        rows = self._rows("/volumes/detail", "volume", {"name": name})
        row = min(rows, key=lambda row: str(row.get("created_at")), default=None)
        return None if row is None else volume_of(row, None)

    def create_volume(
        self,
        name: str,
        size_gb: int,
        *,
        volume_type: str | None = None,
        availability_zone: str | None = None,
        snapshot_id: str | None = None,
    ) -> Volume:
        """Begin to make a volume under a name that no other has; returns while it is still `creating`.

        Type and zone are Cinder's own choice where none is given; it is empty, or has what the snapshot has.
        """
        chosen = {
            "volume_type": volume_type,
            "availability_zone": availability_zone,
            "snapshot_id": snapshot_id,
        }
        given = {member: value for member, value in chosen.items() if value}
        body = {"volume": {"size": size_gb, **given, "name": name}}

        def create() -> Volume:
            answer = self._transport.post("volume", "/volumes", body, microversion=VOLUME_MICROVERSION)
            return volume_of(answer.thing("volume"), answer.request_id)

        return get_or_create(
            lambda: self.find_volume(name), create, self._transport.patience, self._transport.clock
        )

    def describe_volume(self, volume_id: str, name: str | None, description: str | None) -> None:
        """Give a volume its name and description."""
        body = {"volume": {"name": name, "description": description}}
        self._transport.put("volume", f"/volumes/{quote(volume_id, safe='')}", body)

    def set_volume_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        """Replace the metadata of a volume."""
        path = f"/volumes/{quote(volume_id, safe='')}/metadata"
        self._transport.put("volume", path, {"metadata": dict(metadata)})

    def set_image_metadata(self, volume_id: str, metadata: Mapping[str, str]) -> None:
        """Add to what a volume keeps of the image that it was made from."""
        self._volume_action(volume_id, {"os-set_image_metadata": {"metadata": dict(metadata)}})

    def unset_image_metadata(self, volume_id: str, name: str) -> None:
        """Take one thing away of what a volume keeps of its image; NotFound means that it is not there."""
        self._volume_action(volume_id, {"os-unset_image_metadata": {"key": name}})

    def upload_image(self, volume_id: str, name: str) -> str:
        """Begin to make an image of a volume, under a name that no other has; return its id.

        The volume is `uploading` until the image is active. It is refused (400) unless it is available.
        """
        path = f"/volumes/{quote(volume_id, safe='')}/action"
        wanted = {"image_name": name, "disk_format": "raw", "container_format": "bare"}
        body = {"os-volume_upload_image": {**wanted, "visibility": "private", "protected": False}}

        def create() -> str:
            answer = self._transport.post("volume", path, body, microversion=UPLOAD_MICROVERSION)
            made = answer.json().get("os-volume_upload_image")
            image_id = made.get("image_id") if isinstance(made, dict) else None
            if not isinstance(image_id, str):
                raise answer.garbage("image_id is no text")
            return image_id

        patience, clock = self._transport.patience, self._transport.clock
        return get_or_create(lambda: self.images.find(name), create, patience, clock)

    def set_bootable(self, volume_id: str, *, bootable: bool) -> None:
        """Say whether a server may boot from a volume."""
        self._volume_action(volume_id, {"os-set_bootable": {"bootable": bootable}})

    def _volume_action(self, volume_id: str, body: Mapping[str, Any]) -> None:
        path = f"/volumes/{quote(volume_id, safe='')}/action"
        self._transport.act("volume", path, body, microversion=VOLUME_MICROVERSION)

    def volumes_in(self, status: str) -> dict[str, str]:
        """Return the project's volumes in this status, as `snapshots_in` does."""
        return self._in_status("/volumes/detail", "volume", status)

    def delete_volume(self, volume_id: str) -> None:
        """Request the deletion; NotFound means that it is gone already, Refused that it is busy."""
        path = f"/volumes/{quote(volume_id, safe='')}"
        self._transport.delete("volume", path, microversion=VOLUME_MICROVERSION)

    def restore_backup(self, backup_id: str, volume_id: str) -> None:
        """Request that a backup is written over a volume, which is `restoring-backup` from then on.

        Refused unless both are available, and the volume is at least as large. Asked once: what is refused was not begun.
        """
        path = f"/backups/{quote(backup_id, safe='')}/restore"
        body = {"restore": {"volume_id": volume_id}}
        self._transport.act("volume", path, body, microversion=VOLUME_MICROVERSION, patience=NO_PATIENCE)

    @property
    def can_revert(self) -> bool:
        """Whether this Cinder takes a volume back to a snapshot."""
        return at_least(self._transport.newest("volume"), REVERT_MICROVERSION)

    def revert_volume(self, volume_id: str, snapshot_id: str) -> None:
        """Request that a volume is taken back to a snapshot; it is `reverting` from then on, and the snapshot `restoring`.

        Refused unless both are available, the snapshot is the volume's newest, and of its size. Asked once: what is refused
        was not begun, but Cinder leaves a volume whose newest snapshot is not available in `reverting`.
        """
        path = f"/volumes/{quote(volume_id, safe='')}/action"
        body = {"revert": {"snapshot_id": snapshot_id}}
        self._transport.act("volume", path, body, microversion=REVERT_MICROVERSION, patience=NO_PATIENCE)

    def export_record(self, backup_id: str, name: str) -> Document:
        """Read Cinder's export record of a backup, which lets another Cinder import it.

        Cinder gives it to admins only, so the service's reading credential asks. The record is base64 over
        JSON and holds
        the owner: another project's gives Denied.
        """
        path = f"/backups/{quote(backup_id, safe='')}/export_record"
        read = self._reader.document(name, "volume", path, VOLUME_MICROVERSION)
        refusal: dict[str, Any] = {
            "service": "volume",
            "method": "GET",
            "path": path,
            "request_id": read.request_id,
        }
        if not isinstance(read, Document):
            kind = NotFound if read.outcome == ABSENT else Denied
            raise kind(status=read.status, reason="the service user may not read it", **refusal)
        owner = _record_owner(read.body)
        if owner not in (None, self.project_id):
            raise Denied(status=read.status, reason="this backup belongs to another project", **refusal)
        return read

    def _get(self, path: str) -> Answer:
        return self._transport.get("volume", path, microversion=VOLUME_MICROVERSION)

    def _named(self, path: str, kind: str, name: str, volume_id: str) -> list[dict[str, Any]]:
        return self._rows(path, kind, {"name": name, "volume_id": volume_id})

    def _in_status(self, path: str, kind: str, status: str) -> dict[str, str]:
        rows = self._list(path, {"status": status}).entries(kind)
        signs = ("updated_at", "object_count", "os-extended-snapshot-attributes:progress")
        return {
            row["id"]: " ".join(str(row.get(sign)) for sign in signs)
            for row in rows
            if row.get("status") == status
        }

    def _rows(self, path: str, kind: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """List what has these values. Cinder ignores filters that its operator has switched off: the rows are looked at too."""
        answer = self._list(path, wanted)
        return answer.rows(kind, where=lambda row: all(row.get(name) == wanted[name] for name in wanted))

    def _list(self, path: str, wanted: Mapping[str, str]) -> Answer:
        return self._transport.get("volume", path, wanted, microversion=VOLUME_MICROVERSION)


def exported(body: bytes) -> dict[str, Any] | None:
    """Give the inside of an export record: Cinder's own row, `parent_id` and `project_id` in it.

    None when it is not the JSON that Cinder writes.
    """
    try:
        return read_object(base64.b64decode(read_object(body)["backup-record"]["backup_url"], validate=True))
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def _record_owner(body: bytes) -> str | None:
    inside = exported(body)
    return None if inside is None or "project_id" not in inside else str(inside["project_id"])
