"""How much of the disks is done stands in the operation log of every job that copies some, by one rule."""

from collections.abc import Callable, Iterator

import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.notes import note
from opencbr.jobs.written import tell_written
from opencbr.model.operation_log import BYTES, NOTES, OperationLog
from opencbr.model.restore_plan.choices import KEEP, RUN
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import JobEnv

GIB = 1 << 30
SERVER, DISKS = "db1", ("db1-root", "db1-data")


@pytest.fixture
def ctx(env: JobEnv, clock: WatchedClock) -> Iterator[JobContext]:
    with env.cloud_kept():
        yield job_context(env, clock=clock)


def _backup(env: JobEnv, _: JobContext) -> OperationLog:
    return env.request_backup(env.bind(SERVER, exclude=(env.volume_id("db1-archive"),)))


def _backed_up(env: JobEnv, ctx: JobContext) -> OperationLog:
    log = carry_out_inline(env, ctx, _backup(env, ctx))
    assert log.status == "success", log.error_message
    return log


def _undo(env: JobEnv, ctx: JobContext) -> OperationLog:
    restore = env.request_restore(_backed_up(env, ctx).backup_id or "")
    return env.request_undo(carry_out_inline(env, ctx, restore))


def _new_server(env: JobEnv, ctx: JobContext) -> OperationLog:
    backup_id = _backed_up(env, ctx).backup_id or ""
    env.lose_server(SERVER)
    return env.request_new_server(backup_id)


def _checkpoint(env: JobEnv, ctx: JobContext) -> OperationLog:
    backup = _backed_up(env, ctx)
    networks = dict.fromkeys((one["id"] for one in env.upstream("network")), KEEP)
    env.lose_server(SERVER)
    return env.request_checkpoint(backup.checkpoint_id or "", networks=networks, user_data=RUN)


KINDS: dict[str, Callable[[JobEnv, JobContext], OperationLog]] = {
    "backup": _backup,
    "restore": lambda env, ctx: env.request_restore(_backed_up(env, ctx).backup_id or ""),
    "restore_undo": _undo,
    "restore_new_server": _new_server,
    "restore_checkpoint": _checkpoint,
    "drill": lambda env, ctx: env.request_drill(_backed_up(env, ctx).backup_id or ""),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_are_told_while_disks_are_copied(
    env: JobEnv, ctx: JobContext, clock: WatchedClock, kind: str
) -> None:
    total = sum(one["size"] for one in env.upstream("volume") if one["name"] in DISKS) * GIB
    operation = KINDS[kind](env, ctx)
    assert operation.operation_type == kind
    seen = []

    def look() -> None:
        if told := env.log(operation).details.get(BYTES):
            seen.append(told["done"])

    clock.before_sleep = look
    log = carry_out_inline(env, ctx, operation)
    assert (log.status, log.error_message) == ("success", "")
    assert log.details[BYTES] == {"done": total, "total": total, "estimated": True}
    assert seen == sorted(seen)


def test_a_disk_counts_once_it_is_done_and_what_else_is_told_stays(env: JobEnv, ctx: JobContext) -> None:
    operation = _backup(env, ctx)
    note(ctx, operation, "an outage")
    for left, percent, done in ((["a", "b"], 20, 0), (["b"], 30, 1), ([], 60, 4)):
        tell_written(ctx, operation, {"a": 1, "b": 3}, left, step="wait", progress=(20, 60))
        log = env.log(operation)
        assert (log.progress, log.step) == (percent, "wait")
        assert log.details[BYTES] == {"done": done * GIB, "total": 4 * GIB, "estimated": True}
        assert log.details[NOTES] == ["an outage"]


def test_a_job_without_disks_tells_no_bytes(env: JobEnv, ctx: JobContext) -> None:
    operation = _backup(env, ctx)
    tell_written(ctx, operation, {}, [], step="wait", progress=(20, 60))
    assert BYTES not in env.log(operation).details


def test_one_disk_as_a_new_volume_tells_its_own_bytes(env: JobEnv, ctx: JobContext) -> None:
    made = carry_out_inline(env, ctx, env.request_backup(env.bind("db1-data", "disk")))
    log = carry_out_inline(env, ctx, env.request_new_volume(made.backup_id or ""))
    (size,) = (one["size"] for one in env.upstream("volume") if one["id"] == env.volume_id("db1-data"))
    assert log.details[BYTES] == {"done": size * GIB, "total": size * GIB, "estimated": True}


def test_a_root_disk_that_nova_writes_anew_counts_with_the_size_of_its_image(
    env: JobEnv, ctx: JobContext
) -> None:
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    (image,) = env.images()
    log = carry_out_inline(env, ctx, env.request_restore(log.backup_id or ""))
    assert (log.status, log.error_message) == ("success", "")
    size = max(image["min_disk"], -(-image["size"] // GIB)) * GIB
    assert log.details[BYTES] == {"done": size, "total": size, "estimated": True}
