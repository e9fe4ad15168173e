"""The plan of a restore in place: which disks are written over, what stands against it, and how all else is now.

Nothing but the content of disks is given back: every captured field is compared with what stands there, and stays as it is now.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from opencbr.model.reference_fields import named
from opencbr.model.restore import owner_of_lock, rebuild_notice
from opencbr.model.restore_plan.captured import Captured, Json
from opencbr.model.restore_plan.choices import DROP, Choices
from opencbr.model.restore_plan.draft import Draft, Problem
from opencbr.model.restore_plan.outcome import Overwrite, Plan, check_rights, outcome_of, without_room
from opencbr.model.restore_plan.treatment import CHANGED, IDENTITY, REASONS, STATE, TIME
from opencbr.model.restore_plan.view import CloudView
from opencbr.model.way_back import REQUIRED, WayBackRule

_REASONS: Mapping[str, str] = {
    **REASONS,
    CHANGED: "kept as it is now:",
    IDENTITY: "it stays the same one",
    TIME: "a time, which goes on",
    STATE: "what it was doing when it was backed up; it goes on as now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A disk of the backup and the volume that it is written over, as its owner sees that now; None for one that is gone."""

    volume_id: str
    target_id: str
    body: Json | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a backup is to be written: the server, None for a volume's backup or one that is gone, and the disks.

    `problems` stand against it; `overwrite` is what a job would be asked for, and `way_back` what it keeps before it writes.
    """

    server: Json | None
    disks: Sequence[Target]
    problems: Sequence[Problem]
    overwrite: Overwrite | None
    way_back: WayBackRule = REQUIRED


def targets_of(captured: Captured, choices: Choices) -> dict[str, str]:
    """Say which volume each disk of the backup is written over, by the disks; those that are left as they are have none."""
    chosen = {disk.volume_id: choices.disks.get(disk.volume_id, disk.volume_id) for disk in captured.disks}
    return {disk: target for disk, target in chosen.items() if target != DROP}


def plan_in_place(captured: Captured, view: CloudView, choices: Choices, place: Place) -> Plan:
    """Say what a restore of `captured` over `place` would do; `view` has what the documents of the record are now."""
    draft = Draft(captured, view, choices, _REASONS)
    draft.problems.extend(place.problems)
    check_rights(draft)
    targets = targets_of(captured, choices)
    image = place.overwrite.request.root_image_id if place.overwrite else None
    if not targets and image is None:
        sentence = "the mapping does without every disk: there is nothing to restore"
        draft.problems.append(Problem(document="", field="disks", sentence=sentence))
    for disk in captured.disks:
        if disk.volume_id not in targets:
            draft.loses(f"volume/{disk.volume_id}", "the mapping does without this disk: it is left as it is")
    for one in place.disks:
        _judge_disk(draft, one)
    _judge_rooms(draft, place)
    if place.server is not None:
        _tell_server(draft, place.server, targets.values())
        _tell_root(draft, place.server, image)
        if place.overwrite is not None and (root_id := place.overwrite.request.rebuilt_root_id):
            draft.notices.append(rebuild_notice(root_id))
    mapping = replace(
        choices,
        server_id=str(place.server["id"]) if place.server else choices.server_id,
        power_on=choices.power_on is not False if place.server else None,
        disks={disk.volume_id: targets.get(disk.volume_id, DROP) for disk in captured.disks},
    )
    return outcome_of(draft, mapping, overwrite=place.overwrite)


def _judge_disk(draft: Draft, one: Target) -> None:
    """Say what becomes of a disk: the volume that is written over is the one that was backed up, or another one."""
    document = f"volume/{one.volume_id}"
    if one.body is None:
        draft.loses(document, "the volume is gone")
        return
    body = {"volume": one.body}
    if one.target_id == one.volume_id:
        draft.stands(document, body)
    else:
        draft.maps(document, one.target_id, body, "the volume that is written over")
    was = next(disk.size_gb for disk in draft.captured.disks if disk.volume_id == one.volume_id)
    now = one.body.get("size")
    told = f"volume {one.target_id} ({one.body.get('name') or 'unnamed'}, {now} GiB) is written over"
    if one.target_id != one.volume_id:
        told += f" with the backup of volume {one.volume_id}"
    if isinstance(now, int) and now > was:
        told += f"; it has grown from {was} GiB, and its size is kept"
    draft.notices.append(told)


def _judge_rooms(draft: Draft, place: Place) -> None:
    """Refuse what Cinder's quotas have no room for: the copy of a root volume that is rebuilt, then the way back.

    The copy is gone before the snapshots are taken, so that each is judged by itself.
    """
    request = place.overwrite.request if place.overwrite else None
    if request is None:
        return
    for disk in request.disks:
        if disk.volume_id == request.rebuilt_root_id:
            copy = {("volume/volumes", ""): 1, ("volume/gigabytes", ""): disk.size_gb}
            draft.problems.extend(without_room(copy, draft.view, "the copy that a rebuild writes"))
    if not place.way_back.is_taken:
        return
    kept: dict[tuple[str, str], int] = {}
    for one in place.disks:
        if one.body is not None:
            kept["volume/snapshots", one.target_id] = 1
            kept["volume/gigabytes", one.target_id] = int(one.body.get("size") or 0)
    short = list(without_room(kept, draft.view, "the way back"))
    if not place.way_back.is_optional:
        draft.problems.extend(short)
    elif short:
        # Without the numbers: they move whenever anybody makes anything, and the plan would not be the same any more.
        names = " and ".join(one.field.partition("/")[2] for one in short)
        draft.notices.append(
            f"the project's quota of {names} has no room for the way back: it is restored without, and what is written over "
            "cannot be had back"
        )


def _tell_server(draft: Draft, server: Json, targets: Collection[str]) -> None:
    """Tell what becomes of the server meanwhile and afterwards, and which of its disks are not touched."""
    name, starts = f"server {server['id']}", draft.choices.power_on is not False
    end = "started afterwards" if starts else "left shut off, as the mapping says"
    meanwhile = "shut off for the restore, and " if server.get("status") == "ACTIVE" else ""
    draft.notices.append(f"{name} is {server.get('status')}: it is {meanwhile}{end}")
    if server.get("locked") and owner_of_lock(server.get("locked_reason")) is None:
        draft.notices.append(
            f"{name} is locked: the lock is opened for the restore, and is there again afterwards"
        )
    for volume in named("server", {"server": server}, "volume"):
        if volume not in targets:
            draft.notices.append(f"volume {volume} is on the server and is left as it is")


def _tell_root(draft: Draft, server: Json, image_id: str | None) -> None:
    """Tell what becomes of a root disk that is no volume."""
    if not server.get("image"):
        return
    becomes = (
        f"written anew from image {image_id}" if image_id else "not in this backup, and is left as it is"
    )
    draft.notices.append(f"the root disk of server {server['id']} is no volume: it is {becomes}")
