"""What the cloud has lost of finished backups is said by them and by all that stand on them, and taken back when it returns."""

import pytest

from opencbr.cloud import made_things
from opencbr.jobs.backup.job import run_backup
from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import janitor_duty
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.model.backup import Backup
from opencbr.model.extend_info import LOST
from opencbr.model.vault import Resource
from support.inline_job import carry_out_inline, job_context, run_inline
from support.job_env import JobEnv


@pytest.fixture
def ctx(env: JobEnv) -> JobContext:
    return job_context(env)


def back_up(env: JobEnv, ctx: JobContext, bound: Resource) -> Backup:
    operation = env.request_backup(bound)
    run_inline(run_backup, ctx, operation)
    env.succeeded(operation)
    return now(env, operation.backup_id)


def now(env: JobEnv, backup: Backup | str | None) -> Backup:
    found = env.backup(backup.id if isinstance(backup, Backup) else backup, held=True)
    assert found is not None
    return found


def lose(env: JobEnv, backup: Backup) -> dict[str, object]:
    """Somebody removes the Cinder backup of the first disk, past opencbr."""
    disk = env.disks(backup.id)[0]
    state = env.demo.backend.state
    with state.change():
        doc = dict(state.get("backup", disk.cinder_backup_id or "") or {})
        state.drop("backup", str(doc["id"]))
    return doc


def janitor(ctx: JobContext) -> None:
    janitor_duty(ctx).run()


def test_a_lost_object_is_told_by_its_backup_and_by_what_stands_on_it(env: JobEnv, ctx: JobContext) -> None:
    bound = env.bind("db1")
    full, incremental = back_up(env, ctx, bound), back_up(env, ctx, bound)
    other = back_up(env, ctx, env.bind("web1"))
    first, *rest = env.disks(full.id)
    doc = lose(env, full)
    janitor(ctx)
    gone = f"{first.cinder_backup_id} is gone from the cloud"
    assert now(env, full).status == now(env, first.id).status == "error"
    assert now(env, full).extend_info[LOST] == f"volume {first.resource_id}: backup {gone}"
    assert now(env, incremental).status == "error"
    needs = f"it needs backup {first.cinder_backup_id}, which is gone from the cloud"
    assert now(env, incremental).extend_info[LOST] == f"volume {first.resource_id}: {needs}"
    assert {now(env, disk.id).status for disk in rest} == {"available"}, "the other disks are whole"
    assert now(env, other).status == "available"
    stock = take_stock(env.database, env.cloud)
    assert ([one.id for one in stock.missing], stock.orphans) == ([first.cinder_backup_id], ())

    third = back_up(env, ctx, bound)
    assert not any(disk.is_incremental for disk in env.disks(third.id)), "nothing is built on it any more"

    state = env.demo.backend.state
    with state.change():
        state.put("backup", doc)
    janitor(ctx)
    for one in (full, incremental, first):
        assert (now(env, one).status, now(env, one).extend_info.get(LOST)) == ("available", None)


def test_a_list_that_is_cut_short_is_no_loss(
    env: JobEnv, ctx: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cinder answers with nothing: each object is looked for by its id."""
    made = back_up(env, ctx, env.bind("web1"))
    monkeypatch.setattr(made_things, "backups", lambda _reader, _prefix: [])
    janitor(ctx)
    assert now(env, made).status == "available"


def test_a_cloud_that_does_not_answer_has_lost_nothing(env: JobEnv, ctx: JobContext) -> None:
    made = back_up(env, ctx, env.bind("web1"))
    lose(env, made)
    env.demo.faults.inject(
        service="volume", method="GET", path=r"/backups/[0-9a-f-]{36}", times=0, status=503
    )
    janitor(ctx)
    assert now(env, made).status == "available"
    env.demo.faults.clear()
    janitor(ctx)
    assert now(env, made).status == "error"


def test_a_lost_backup_is_deleted_like_any_other(env: JobEnv, ctx: JobContext) -> None:
    made = back_up(env, ctx, env.bind("web1"))
    lose(env, made)
    janitor(ctx)
    operation = env.request_deletion(made.id)
    carry_out_inline(env, ctx, operation)
    env.succeeded(operation)
    assert env.backup(made.id, held=True) is None
