"""A refusal because of a quota, come or foreseen, with the project's numbers.

Cinder names the limit at best, Neutron not even that; Nova has both numbers in its sentence.
"""

from collections.abc import Mapping

from opencbr.cloud.errors import CloudError
from opencbr.cloud.quotas import UNLIMITED, Quota, network_quotas, quotas_of
from opencbr.cloud.reader import Reader
from opencbr.jobs.context import CloudContext
from opencbr.jobs.failures import JobError
from opencbr.model.errors import QUOTA_USED_UP

_GIGABYTES = {"snapshot": "gigabytes", "volume": "gigabytes", "backup": "backup_gigabytes"}
"""Kind of object -> the quota that its size counts in, beside the one of its own plural."""


def with_numbers(ctx: CloudContext, error: CloudError, project_id: str, kind: str, size_gb: int) -> JobError:
    """Make the error that has, beside the cloud's sentence, what the project has, may have and was refused."""
    read = {"volume": quotas_of, "network": network_quotas}.get(error.service)
    if read is None:
        return JobError(QUOTA_USED_UP, str(error))
    asked = {kind: 1, kind + "s": 1}  # Neutron's name and Cinder's
    if kind in _GIGABYTES:
        asked[_GIGABYTES[kind]] = size_gb
    try:
        quotas = read(ctx.cloud.reader(), project_id)
    except CloudError as silence:
        return JobError(QUOTA_USED_UP, f"{error}; and the project's quotas could not be read: {silence}")
    more = {name: asked[of] for name in quotas if (of := _of_all_types(name)) in asked}
    short = [name for name, number in more.items() if quotas[name].lacks(number)]
    told = ", ".join(_told(name, quotas[name], more[name]) for name in short or more)
    return JobError(
        QUOTA_USED_UP, f"{error}; project {project_id} has {told}: delete some, or have the quota raised"
    )


def foreseen_shortage(reader: Reader, project_id: str, more: Mapping[str, int]) -> str | None:
    """Say which of the project's quotas have no room for so many more, by Cinder's names, with the numbers of each.

    None when there is room, or Cinder does not say: it refuses by itself then. Quotas of one volume type are not looked at.
    """
    try:
        quotas = quotas_of(reader, project_id)
    except CloudError:
        return None
    short = [name for name, asked in more.items() if name in quotas and quotas[name].lacks(asked)]
    told = ", ".join(_told(name, quotas[name], more[name]) for name in short)
    return f"project {project_id} has {told}" if told else None


def _of_all_types(name: str) -> str:
    """Types of volumes have quotas of their own: `gigabytes_ssd` is one of `gigabytes`."""
    counted = ("volumes", "snapshots", "gigabytes")
    return next((of for of in counted if name.startswith(f"{of}_")), name)


def _told(name: str, quota: Quota, asked: int) -> str:
    limit = "no limit" if quota.limit == UNLIMITED else str(quota.limit)
    return f"{quota.used} of {limit} {name}, asked for {asked} more"
