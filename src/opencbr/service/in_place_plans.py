"""Plans of restores in place: the checks of RestoreBackup, all of them told, and the record against what stands there."""

from collections.abc import Mapping
from dataclasses import dataclass

from opencbr.cloud.reader import Reader
from opencbr.cloud.restore_view import IN_PLACE_LISTS, TOUCHED, Recorded, read_view
from opencbr.model.backup import Backup
from opencbr.model.errors import NO_SUCH_DISK, NO_SUCH_RESOURCE, NO_SUCH_SERVER, CbrError
from opencbr.model.extend_info import root_image_of
from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.draft import Problem
from opencbr.model.restore_plan.in_place import Place, Target, plan_in_place, targets_of
from opencbr.model.restore_plan.outcome import Plan
from opencbr.model.vault import SERVER
from opencbr.model.way_back import REQUIRED, WayBackRule
from opencbr.records.restorable import Restorable
from opencbr.service.instances import Source
from opencbr.service.restore_disks import Judged, judge_disk, judge_server

_FOREIGN = frozenset({NO_SUCH_SERVER, NO_SUCH_DISK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a plan is asked of: the backup, those of its disks by their volumes, its record, and the mapping.

    With `gives_secrets` what is sealed may go into another project. `way_back` is what a restore in place keeps.
    """

    backup: Backup
    disks: Mapping[str, Backup]
    record: Restorable
    choices: Choices
    gives_secrets: bool
    way_back: WayBackRule = REQUIRED

    def recorded(self, captured: Captured) -> Recorded:
        """Give what the cloud is read for, of all that was captured or a part of it."""
        return Recorded(
            captured=captured,
            documents=self.record.documents,
            choices=self.choices,
            fingerprint=self.record.fingerprint,
        )


def draft_in_place(reader: Reader, wanted: Wanted) -> Plan:
    """Hold the record against the server or disk that is written over.

    Raises CbrError 6302 for a server or volume of the mapping that is not the project's; CloudError.
    """
    record, choices = wanted.record, wanted.choices
    place, source = _place(reader, wanted)
    captured = record.captured
    if source is not None and source.id != wanted.backup.resource_id:
        # Of another server there is nothing to compare but its disks.
        captured = captured.about_disks([disk.volume_id for disk in captured.disks])
    kinds = TOUCHED - {"volume"}
    view = read_view(reader, wanted.recorded(captured), lists=IN_PLACE_LISTS, kinds=kinds)
    return plan_in_place(captured, view, choices, place)


def _place(reader: Reader, wanted: Wanted) -> tuple[Place, Source | None]:
    targets = targets_of(wanted.record.captured, wanted.choices)
    try:
        judged = _judged(reader, wanted, targets)
    except CbrError as error:
        named = {wanted.choices.server_id, *wanted.choices.disks.values()} - {None}
        if error.code in _FOREIGN and named:
            raise CbrError(NO_SUCH_RESOURCE, error.message) from error
        problem = Problem(document="", field="", sentence=error.message, ids=(wanted.backup.resource_id,))
        return Place(server=None, disks=(), problems=(problem,), overwrite=None), None
    source = judged.target.source
    of_a_server = source.type == SERVER
    there = {disk.id: disk.detail for disk in (source.disks if of_a_server else (source,))}
    problems = [
        Problem(
            document=f"volume/{one.volume_id}" if one.volume_id else "",
            field="",
            sentence=one.error.message,
            ids=(one.volume_id or source.id,),
        )
        for one in judged.unfit
    ]
    disks = [
        Target(volume_id=disk, target_id=target, body=there.get(target)) for disk, target in targets.items()
    ]
    server = source.detail if of_a_server else None
    place = Place(
        server=server,
        disks=disks,
        problems=problems,
        overwrite=judged.target.overwrite,
        way_back=wanted.way_back,
    )
    return place, source


def _judged(reader: Reader, wanted: Wanted, targets: Mapping[str, str]) -> Judged:
    backup, choices = wanted.backup, wanted.choices
    if backup.resource_type == SERVER:
        disks = {target: wanted.disks[disk] for disk, target in targets.items()}
        image, power_on = root_image_of(backup), choices.power_on is not False
        image_id = image.id if image else None
        return judge_server(reader, backup, choices.server_id, disks, image_id, power_on=power_on)
    target = next(iter(targets.values()), backup.resource_id)
    return judge_disk(reader, backup, None if target == backup.resource_id else target)
