"""The disks of the resource, in their order: what is in the backup, and what was attached beside it."""

from dataclasses import dataclass
from typing import Any, TypeVar

from opencbr.console.backup.answers import Answers
from opencbr.console.backup.documents import Documents
from opencbr.console.backup.json_values import flag_of, id_of, member, number_of, rows, text_of, words
from opencbr.console.backup.server_card import boot_volume

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRow:
    """A disk; sizes in GiB and MiB. `in_backup` is False for one that was attached and left out."""

    id: str
    in_backup: bool
    position: int | None
    device: str | None
    name: str | None
    size_gib: int | None
    type: str | None
    bootable: bool | None
    boots: bool
    encrypted: bool | None
    delete_on_termination: bool | None
    availability_zone: str | None
    stored_mib: int | None
    incremental: bool | None
    missing: str | None
    """Why the volume's document is not here, None when it is."""


def disk_rows(documents: Documents, answers: Answers) -> tuple[DiskRow, ...]:
    """List the disks of the backup in the record's order, then what was attached and is not in the backup.

    The backup of one disk lists that disk alone.
    """
    manifest = member(answers.record, "manifest")
    planned = {id_: disk for disk in rows(manifest, "disks") if (id_ := id_of(disk, "volume_id"))}
    included = [*planned] if manifest else [*documents.things("volume")]
    attached = _attached(documents)
    ids = dict.fromkeys([*included, *attached])
    if answers.disk is not None:
        ids = dict.fromkeys([answers.disk])
    stored = {id_of(one, "volume_id"): one for one in rows(manifest, "disk_backups")}
    boots = boot_volume(documents)
    return tuple(
        _row(
            documents,
            id_,
            planned=planned.get(id_),
            attached=attached.get(id_),
            stored=stored.get(id_),
            in_backup=id_ in included,
            boots=id_ == boots,
        )
        for id_ in ids
    )


def _attached(documents: Documents) -> dict[str, dict[str, Any]]:
    """Return what server and attachments say of each attached volume, by its id."""
    found: dict[str, dict[str, Any]] = {}
    listed = [(row, "id") for row in rows(documents.thing("server"), "os-extended-volumes:volumes_attached")]
    listed += [(row, "volumeId") for row in rows(documents.thing("attachments"))]
    for row, name in listed:
        if id_ := id_of(row, name):
            found[id_] = found.get(id_, {}) | row
    return found


def _row(
    documents: Documents, id_: str, *, planned: Any, attached: Any, stored: Any, in_backup: bool, boots: bool
) -> DiskRow:
    volume = documents.thing(f"volume/{id_}")
    attachment = next(iter(rows(volume, "attachments")), None)
    return DiskRow(
        id=words(id_) or "",
        in_backup=in_backup,
        position=number_of(planned, "position"),
        device=text_of(planned, "device") or text_of(attached, "device") or text_of(attachment, "device"),
        name=text_of(volume, "name") or text_of(planned, "name"),
        size_gib=_first(number_of(volume, "size"), number_of(planned, "size_gb")),
        type=text_of(volume, "volume_type"),
        bootable=_first(flag_of(volume, "bootable"), flag_of(planned, "bootable")),
        boots=boots,
        encrypted=_first(flag_of(volume, "encrypted"), flag_of(planned, "encrypted")),
        delete_on_termination=flag_of(attached, "delete_on_termination"),
        availability_zone=text_of(volume, "availability_zone") or text_of(planned, "availability_zone"),
        stored_mib=number_of(stored, "stored_mb"),
        incremental=flag_of(stored, "is_incremental"),
        missing=documents.why_missing(f"volume/{id_}"),
    )


def _first(one: T | None, other: T | None) -> T | None:
    return other if one is None else one
