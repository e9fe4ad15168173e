"""The disks of a plan: each is written into a new volume of its size and type; and the quotas of Cinder."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opencbr.model.document import Disk
from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import NewVolume
from opencbr.model.restore_plan.captured import Json, rows
from opencbr.model.restore_plan.draft import KEPT, LOST, MAPPED, UNDECIDED, Draft

_ZONE = ("volume", "availability_zone")
_TYPE = ("volume", "volume_type")


def plan_disks(draft: Draft, image_id: str | None) -> tuple[NewVolume, ...]:
    """Judge the disks that were backed up, in their order; those that were left out are told."""
    attachments = {
        volume: row
        for row in rows(draft.captured.documents.get("attachments"), "volumeAttachments")
        for volume in named("attachments", {"volumeAttachments": [row]}, "volume")
    }
    disks = sorted(draft.captured.disks, key=lambda disk: disk.position)
    for disk in disks:
        _tell_sharers(draft, disk.volume_id)
    made = [
        replace(plan_disk(draft, disk, attachments.get(disk.volume_id, {})), server=draft.captured.server_id)
        for disk in disks
    ]
    backed_up = {disk.volume_id for disk in draft.captured.disks}
    for number, volume_id in enumerate(attachments):
        if volume_id not in backed_up:
            why = f"volume {volume_id} was on the server and is not in this backup: the new server does not have it"
            draft.notices.append(why)
            for name in rows(draft.captured.documents.get("attachments"), "volumeAttachments")[number]:
                draft.decide("attachments", ("volumeAttachments", str(number), name), LOST, why)
    if image_id is None and not any(volume.position == 0 for volume in made):
        draft.refuse(
            "server", ("server", "id"), "the boot disk is not in this backup: nothing is there to boot from"
        )
    return tuple(made)


def plan_disk(draft: Draft, disk: Disk, attachment: Json) -> NewVolume:
    """Judge a disk that becomes a new volume: its type, its zone, and what it needs of Cinder's quotas."""
    document = f"volume/{disk.volume_id}"
    volume = draft.captured.of("volume").get(disk.volume_id, {})
    draft.makes(document)
    type_id, type_name = _type(draft, document, disk.volume_id, volume)
    zone = _zone(draft, document, volume)
    for name in {"volumes", f"volumes_{type_name}"}:
        draft.need(f"volume/{name}", disk.volume_id)
    for name in {"gigabytes", f"gigabytes_{type_name}"}:
        draft.need(f"volume/{name}", disk.volume_id, disk.size_gb)
    return NewVolume(
        key=disk.volume_id,
        backup_id=draft.captured.disk_backups[disk.volume_id],
        name=volume.get("name"),
        description=volume.get("description"),
        size_gb=disk.size_gb,
        type_id=type_id,
        availability_zone=zone,
        metadata=_texts(volume.get("metadata")),
        image_metadata=_texts(volume.get("volume_image_metadata")),
        bootable=disk.bootable,
        position=disk.position,
        device=attachment.get("device") or disk.device,
        tag=attachment.get("tag"),
        delete_on_termination=bool(attachment.get("delete_on_termination")),
    )


def _type(draft: Draft, document: str, volume_id: str, volume: Json) -> tuple[str | None, str]:
    """Find the volume's type: the chosen one, else by id, by name, by equal content. Return id and name."""
    newest = draft.captured.thing(f"volume@newest/{volume_id}") or {}
    name = volume.get("volume_type") or newest.get("volume_type")
    ids = named("volume@newest", {"volume": newest}, "volume_type")
    known = {str(row["id"]): row for row in draft.view.volume_types if row.get("id")}
    chosen = draft.choices.volume_types.get(volume_id)
    captured = draft.captured.of("volume_type").get(ids[0], {}) if ids else {}
    found, why = (known.get(chosen), "the type that was chosen") if chosen else (None, "")
    if found is None and ids:
        found, why = known.get(ids[0]), ""
    if found is None:
        found, why = (
            next((row for row in known.values() if name and row.get("name") == name), None),
            "it bears the name",
        )
    if found is None and captured.get("extra_specs"):
        alike = (row for row in known.values() if row.get("extra_specs") == captured.get("extra_specs"))
        found, why = next(alike, None), "it has the same content"
    if found is None:
        if not name:
            return None, ""
        sentence = f"volume type {name} of volume {volume_id} is gone: choose another one"
        draft.ask(f"volume_types.{volume_id}", ("the id of a volume type",), sentence)
        draft.decide(document, _TYPE, UNDECIDED, sentence)
        draft.decide(document, ("volume", "volume_type_id"), UNDECIDED, sentence)
        return None, str(name)
    _refuse_plain(draft, document, volume, ids[0] if ids else "", found)
    same = bool(ids) and found["id"] == ids[0]
    for field in (_TYPE, ("volume", "volume_type_id")):
        if (document, field) not in draft.fates:
            draft.decide(
                document,
                field,
                KEPT if same else MAPPED,
                "the type stands" if same else why,
                None if same else str(found["id"]),
            )
    if ids and not same and f"volume_type/{ids[0]}" not in draft.things:
        draft.maps(f"volume_type/{ids[0]}", str(found["id"]), {"volume_type": found}, why)
    return str(found["id"]), str(found.get("name") or "")


def _refuse_plain(draft: Draft, document: str, volume: Json, type_id: str, found: Mapping[str, Any]) -> None:
    """Refuse to write an encrypted disk's bytes where nobody encrypts: Cinder cannot, and it would be in clear."""
    encryption = f"encryption/{type_id}"
    known = found["id"] == type_id and encryption in draft.captured.documents
    if volume.get("encrypted") and known and not draft.standing(encryption):
        sentence = (
            f"volume {volume.get('id')} was encrypted, and its type {found.get('name')} does not encrypt any more: choose a "
            "type that does"
        )
        draft.refuse(document, _TYPE, sentence, (str(volume.get("id")), str(found["id"])))


def _zone(draft: Draft, document: str, volume: Json) -> str | None:
    chosen, was = draft.choices.volume_availability_zone, volume.get("availability_zone")
    wanted = chosen or was
    if not wanted:
        return None
    if wanted in draft.view.volume_zones:
        if wanted != was:
            draft.decide(document, _ZONE, MAPPED, "the zone that was chosen", str(wanted))
        return str(wanted)
    zones = tuple(sorted(draft.view.volume_zones))
    if chosen:
        draft.refuse(
            document,
            _ZONE,
            f"Cinder has no availability zone {chosen}: choose one of {', '.join(zones)}",
            (chosen,),
        )
        return None
    sentence = f"the availability zone {was} is gone from Cinder: choose one of {', '.join(zones)}"
    if all(one.member != "volume_availability_zone" for one in draft.open):
        draft.ask("volume_availability_zone", zones, sentence)
    draft.decide(document, _ZONE, UNDECIDED, sentence)
    return None


def _tell_sharers(draft: Draft, volume_id: str) -> None:
    """Tell that a disk lay on several servers: the new one lies on the new server alone."""
    document = f"volume/{volume_id}"
    attachments = draft.captured.of("volume").get(volume_id, {}).get("attachments")
    own = draft.captured.server.get("id")
    for number, row in enumerate(attachments if isinstance(attachments, list) else ()):
        other = row.get("server_id")
        if other and other != own:
            why = f"the volume was on server {other} too: the new one is the new server's alone"
            draft.decide(document, ("volume", "attachments", str(number), "server_id"), LOST, why)
            draft.notices.append(f"{document.replace('/', ' ')}: {why}")


def _texts(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
