"""A bound resource and how the cloud shows it at the moment a backup is asked for."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from opencbr.cloud.errors import CloudError
from opencbr.cloud.reader import Reader
from opencbr.deadline import seconds_left, within
from opencbr.model.errors import CbrError
from opencbr.model.vault import Resource
from opencbr.parallel import parallel
from opencbr.service.instances import find_source
from opencbr.service.resources import LOOKS_AT_ONCE, Wanted, check_volumes


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupTarget:
    """What a backup would be of. `trouble` is (code, sentence) when it cannot be made now; sizes are GiB."""

    resource: Resource
    name: str
    size_gb: int
    availability_zone: str | None = None
    bootable: bool = False
    encrypted: bool = False
    exclude_volumes: tuple[str, ...] = ()
    include_volumes: tuple[str, ...] = ()
    trouble: tuple[str, str] | None = None


def find_targets(
    reader: Reader, chosen: Sequence[Resource], details: Mapping[str, Wanted]
) -> list[BackupTarget]:
    """Look at all chosen resources, several at once; `details` may narrow the volumes for this one backup.

    The looks may take half of the time that the client still waits: the order is taken without them too, and its answer is
    to come in time. Raises CbrError 7201 when it names a volume that its server has not.
    """
    left = seconds_left()
    with nullcontext() if left is None else within(left / 2):
        return parallel(
            lambda resource: _find(reader, resource, details.get(resource.id)), chosen, at_once=LOOKS_AT_ONCE
        )


def _find(reader: Reader, resource: Resource, wanted: Wanted | None) -> BackupTarget:
    exclude, include = resource.exclude_volumes, resource.include_volumes
    if wanted is not None and wanted.exclude_volumes:
        exclude, include = wanted.exclude_volumes, ()
    if wanted is not None and wanted.include_volumes:
        exclude, include = (), wanted.include_volumes
    plain = BackupTarget(
        resource=resource,
        name=resource.name,
        size_gb=resource.size_gb,
        exclude_volumes=exclude,
        include_volumes=include,
    )
    try:
        source = find_source(
            reader, project_id=resource.project_id, kind=resource.type, source_id=resource.id
        )
    except CbrError as error:
        return BackupTarget(
            resource=resource,
            name=resource.name,
            size_gb=resource.size_gb,
            trouble=(error.code, error.message),
        )
    except CloudError:
        # The request is good even when the cloud does not answer now: the job asks again, with patience, and
        # its operation log tells what it was told.
        return plain
    if wanted is not None:
        check_volumes(source, {*wanted.exclude_volumes, *wanted.include_volumes})
    trouble = source.trouble(exclude, include)
    return BackupTarget(
        resource=resource,
        name=source.name,
        size_gb=source.chosen_gb(exclude, include),
        availability_zone=source.availability_zone,
        bootable=source.bootable,
        encrypted=source.encrypted,
        exclude_volumes=exclude,
        include_volumes=include,
        trouble=(trouble.code, trouble.message) if trouble else None,
    )
