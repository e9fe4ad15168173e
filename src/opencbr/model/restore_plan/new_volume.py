"""The plan of a restore as a new volume: one disk of a backup, on a server that was named or on none."""

from dataclasses import replace

from opencbr.model.document import Disk
from opencbr.model.restore_plan.blueprint import Blueprint
from opencbr.model.restore_plan.captured import Captured, Json, fields
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.disk_part import plan_disk
from opencbr.model.restore_plan.draft import LOST, MAPPED, Draft, Problem
from opencbr.model.restore_plan.layout import Layout
from opencbr.model.restore_plan.outcome import Plan, check_rights, check_rooms, outcome_of
from opencbr.model.restore_plan.project_part import judge_project
from opencbr.model.restore_plan.view import CloudView

_NAME = ("volume", "name")
_ATTACHABLE = ("ACTIVE", "SHUTOFF", "PAUSED")
"""Statuses of a server on which Nova attaches a volume at once; of a shelved one it would only reserve the volume."""


def disk_of(captured: Captured, choices: Choices) -> str | None:
    """Say which disk is wanted: the chosen one, or the only one that there is; None where it must be chosen."""
    only = captured.disks[0].volume_id if len(captured.disks) == 1 else None
    return choices.volume_id or only


def plan_new_volume(captured: Captured, view: CloudView, choices: Choices) -> Plan:
    """Say what a restore of one disk of `captured` as a new volume would do in the cloud that `view` shows.

    `captured` is what is known of the disk (`Captured.about_disks`), or of all of them while none is chosen.
    """
    draft = Draft(captured, view, choices)
    wanted = disk_of(captured, choices)
    disk = next((one for one in captured.disks if one.volume_id == wanted), None)
    if disk is None:
        _ask_disk(draft)
        return outcome_of(draft, choices, None)
    laid = lay_out_volume(draft, disk)
    check_rooms(draft, "the new volume")
    mapping = replace(laid.mapping, volume_id=disk.volume_id)
    return outcome_of(draft, mapping, replace(laid.blueprint, attach_to=choices.server_id))


def lay_out_volume(draft: Draft, disk: Disk) -> Layout:
    """Judge a disk that becomes a new volume by itself."""
    volume, choices = plan_disk(draft, disk, {}), draft.choices
    if choices.name is not None and choices.name != volume.name:
        draft.decide(f"volume/{disk.volume_id}", _NAME, MAPPED, "the name that was chosen", choices.name)
        volume = replace(volume, name=choices.name)
    _judge_server(draft, disk.volume_id)
    check_rights(draft)
    judge_project(draft)
    types = {disk.volume_id: volume.type_id} if volume.type_id else {}
    where = draft.project_id if draft.is_elsewhere else None
    return Layout(
        draft,
        replace(choices, name=volume.name, volume_types=types),
        Blueprint(servers=(), volumes=(volume,), project_id=where),
    )


def _ask_disk(draft: Draft) -> None:
    volumes = draft.captured.of("volume")
    names = ", ".join(
        f"{disk.volume_id} ({volumes.get(disk.volume_id, {}).get('name') or disk.device or 'unnamed'}, {disk.size_gb} GiB)"
        for disk in draft.captured.disks
    )
    draft.ask(
        "volume_id",
        [disk.volume_id for disk in draft.captured.disks],
        f"the backup has several disks: choose one of {names}",
        *(name for name in draft.captured.documents),
    )


def _judge_server(draft: Draft, volume_id: str) -> None:
    """Say where the new volume is, and refuse a server on which Nova would not attach it now."""
    wanted = draft.choices.server_id
    fate, why = (
        (MAPPED, "on the server that was chosen, as a device that Nova chooses")
        if wanted
        else (LOST, "the mapping does without a server: the new volume is on none")
    )
    for name in (f"volume/{volume_id}", f"volume@newest/{volume_id}"):
        for path, _ in fields(draft.captured.documents.get(name, {})):
            if path[:2] == ("volume", "attachments"):
                draft.decide(f"volume/{volume_id}", path, fate, why, wanted)
    server = next((one for one in draft.view.servers if one.get("id") == wanted), None)
    if server is not None and (trouble := _trouble(server)):
        sentence = f"server {wanted} {trouble}"
        draft.problems.append(Problem(document="", field="server_id", sentence=sentence, ids=(str(wanted),)))


def _trouble(server: Json) -> str:
    """Say in words why nothing can be attached to a server now, "" when it can."""
    doing = server.get("OS-EXT-STS:task_state")
    if doing or server.get("status") not in _ATTACHABLE:
        return f"is {doing or server.get('status')}: bring it to ACTIVE or SHUTOFF, or do without"
    return "is locked: unlock it, or do without" if server.get("locked") else ""
