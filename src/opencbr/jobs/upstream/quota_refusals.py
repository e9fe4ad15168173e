"""Cinder's refusal because of a quota, come or foreseen, with the project's numbers: Cinder names the limit at best."""

from collections.abc import Mapping
from http import HTTPStatus

from opencbr.cloud.errors import CloudError, Refused
from opencbr.cloud.quotas import UNLIMITED, Quota, quotas_of
from opencbr.cloud.reader import Reader
from opencbr.jobs.context import CloudContext
from opencbr.jobs.failures import JobError
from opencbr.model.errors import QUOTA_USED_UP

_GIGABYTES = {"snapshot": "gigabytes", "volume": "gigabytes", "backup": "backup_gigabytes"}
"""Kind of object -> the quota that its size counts in, beside the one of its own plural."""


def is_quota_refusal(error: CloudError) -> bool:
    """Say whether Cinder says so that a quota is used up: of snapshots, backups or their gigabytes."""
    return isinstance(error, Refused) and error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def with_numbers(ctx: CloudContext, error: Refused, project_id: str, kind: str, size_gb: int) -> JobError:
    """Make the error that has, beside Cinder's sentence, what the project has, may have and was refused."""
    asked = {kind + "s": 1}
    if kind in _GIGABYTES:
        asked[_GIGABYTES[kind]] = size_gb
    try:
        quotas = quotas_of(ctx.cloud.reader(), project_id)
    except CloudError as silence:
        return JobError(QUOTA_USED_UP, f"{error}; and the project's quotas could not be read: {silence}")
    # Types of volumes have quotas of their own: gigabytes_ssd.
    known = {name: q for name, q in quotas.items() if any(_is_of(name, of) for of in asked)}
    more = {name: next(number for of, number in asked.items() if _is_of(name, of)) for name in known}
    short = [name for name, quota in known.items() if quota.lacks(more[name])]
    told = ", ".join(_told(name, known[name], more[name]) for name in short or asked if name in known)
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


def _is_of(name: str, of: str) -> bool:
    return name == of or name.startswith(f"{of}_")


def _told(name: str, quota: Quota, asked: int) -> str:
    limit = "no limit" if quota.limit == UNLIMITED else str(quota.limit)
    return f"{quota.used} of {limit} {name}, asked for {asked} more"
