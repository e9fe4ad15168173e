"""The image of a root disk that is no volume: made with the backup, counted with it, gone with it, missed when lost."""

from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import update

from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import janitor_duty
from opencbr.jobs.upstream.inventory import take_stock
from opencbr.jobs.upstream.janitor import clean
from opencbr.model.backup import Backup
from opencbr.model.extend_info import LOST, root_image_of
from opencbr.model.operation_log import NOTES, OperationLog
from opencbr.model.vault import Resource
from opencbr.store import tables, vaults
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import QUICK, JobEnv

MIB = 1 << 20


@pytest.fixture
def ctx(env: JobEnv) -> JobContext:
    return job_context(env)


def run(env: JobEnv, ctx: JobContext, operation: OperationLog) -> OperationLog:
    return carry_out_inline(env, ctx, operation)


def back_up(env: JobEnv, ctx: JobContext, bound: Resource | None = None) -> Backup:
    log = run(env, ctx, env.request_backup(bound or env.bind("web1")))
    assert (log.status, log.error_message) == ("success", "")
    return now(env, log.backup_id)


def now(env: JobEnv, backup: Backup | str | None) -> Backup:
    found = env.backup(backup.id if isinstance(backup, Backup) else backup, held=True)
    assert found is not None
    return found


def gaps(env: JobEnv, backup: Backup) -> list[str]:
    return list(env.records.report(env.project_id, backup.id)["gaps"])


def used_mb(env: JobEnv, bound: Resource) -> int:
    with env.database.read() as conn:
        return vaults.usage(conn, [bound.vault_id])[bound.vault_id].used_mb


def unprotect_volumes(env: JobEnv) -> dict[str, object]:
    """Take the data volume off web1; give it back with `state.put("attachment", …)`."""
    state = env.demo.backend.state
    with state.change():
        (held,) = state.all("attachment", server_id=env.server_id("web1"))
        state.drop("attachment", held["id"])
        return dict(held)


def test_a_backup_holds_the_bytes_of_the_root_disk_as_they_were(env: JobEnv, ctx: JobContext) -> None:
    server, bound = env.server_id("web1"), env.bind("web1")
    env.demo.write(server, b"before", offset=4096)
    before = env.demo.sha256(server)
    backup = back_up(env, ctx, bound)
    env.demo.write(server, b"after!", offset=4096)
    (image,) = env.images()
    told = root_image_of(backup)
    assert told is not None
    assert (told.id, told.size_bytes) == (image["id"], image["size"])
    assert env.demo.sha256(image["id"]) == before != env.demo.sha256(server)
    assert image["name"] == f"opencbr-{ctx.installation}-{backup.id}-root"
    assert image["project_id"] == env.project_id
    assert (backup.verdict, gaps(env, backup)) == ("complete", [])
    assert backup.extend_info["contain_system_disk"]
    names = [one["name"] for one in env.records.report(env.project_id, backup.id)["documents"]]
    assert f"root_image/{image['id']}" in names
    env.assert_nothing_left(backups_left=1)


def test_the_image_counts_in_its_vault_and_goes_with_its_backup(env: JobEnv, ctx: JobContext) -> None:
    bound = env.bind("web1")
    first = back_up(env, ctx, bound)
    mib = env.images()[0]["size"] // MIB
    assert first.stored_mb == mib == 4
    assert used_mb(env, bound) == mib + env.disks(first.id)[0].stored_mb
    second = back_up(env, ctx, bound)
    assert env.disks(second.id)[0].based_on is not None
    before = used_mb(env, bound)
    run(env, ctx, env.request_deletion(first.id))
    held = now(env, first.id)
    assert (held.held_at is not None, held.stored_mb) == (True, 0)
    assert used_mb(env, bound) == before - mib, "the disk is held for the incremental one, the image is not"
    env.assert_nothing_left(backups_left=2)
    run(env, ctx, env.request_deletion(second.id))
    assert used_mb(env, bound) == 0
    env.assert_nothing_left()


def test_a_row_that_names_another_image_than_its_record_is_found(env: JobEnv, ctx: JobContext) -> None:
    backup = back_up(env, ctx)
    (chain,) = env.records.chains(env.project_id)
    assert not chain.problems
    stranger = {**backup.extend_info, "root_image": {"id": "another", "size": 4 * MIB}}
    with env.database.write() as conn:
        conn.execute(
            update(tables.backup).where(tables.backup.c.id == backup.id).values(extend_info=stranger)
        )
    (chain,) = env.records.chains(env.project_id)
    assert any("names another image of the root disk than its record" in str(one) for one in chain.problems)


def test_a_server_without_any_volume_is_backed_up_by_its_image_alone(env: JobEnv, ctx: JobContext) -> None:
    held, state = unprotect_volumes(env), env.demo.backend.state
    try:
        backup = back_up(env, ctx)
        assert (backup.verdict, env.disks(backup.id), backup.resource_size) == ("complete", [], 0)
        env.assert_nothing_left()
        env.demo.faults.inject(service="compute", method="POST", path="/action$", status=409, times=0)
        log = run(env, ctx, env.request_backup(env.resource_of(backup.resource_id)))
        assert (log.status, log.error_code) == ("failed", "9910")
        assert "no image of it could be made: compute POST" in log.error_message
        run(env, ctx, env.request_deletion(backup.id))
        env.assert_nothing_left()
    finally:
        with state.change():
            state.put("attachment", held)


@pytest.mark.parametrize("status", [403, 404, 409, 413])
def test_a_server_of_which_nova_makes_no_image_is_backed_up_without(
    env: JobEnv, ctx: JobContext, status: int
) -> None:
    env.demo.faults.inject(service="compute", method="POST", path="/action$", status=status, times=0)
    bound = env.bind("web1")
    log = run(env, ctx, env.request_backup(bound))
    backup = now(env, log.backup_id)
    (gap,) = gaps(env, backup)
    assert gap.startswith(
        "The root disk is not a volume and is not in this backup: no image of it could be made:"
    )
    assert f"answered {status}" in gap
    assert "req-" in gap
    assert log.details[NOTES] == [gap]
    assert (backup.status, backup.verdict, root_image_of(backup)) == ("available", "partial", None)
    env.assert_nothing_left(backups_left=1)


def test_an_image_that_nova_gives_up_is_told_of(env: JobEnv, ctx: JobContext) -> None:
    env.demo.fail("image.saved", reason="the store is full")
    backup = back_up(env, ctx)
    assert backup.verdict == "partial"
    assert "the image is gone: image GET /images/" in gaps(env, backup)[0]
    env.assert_nothing_left(backups_left=1)


def test_an_image_that_gets_no_bytes_is_told_of_and_removed(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    """As Nova's fake driver leaves it on the real cloud of the tests."""
    env.demo.fail("image.saving", stick=True)
    state, server = env.demo.backend.state, env.server_id("web1")

    def end() -> None:
        with state.change():
            state.put("server", state.get("server", server) | {"task_state": None})

    clock.before_sleep = end
    backup = back_up(env, replace(ctx, clock=clock))
    assert backup.verdict == "partial"
    assert gaps(env, backup)[0].endswith("queued, without bytes")
    env.demo.backend.failures.clear()
    env.assert_nothing_left(backups_left=1)


def test_an_image_on_which_nova_works_for_ever_is_given_up(
    env: JobEnv, ctx: JobContext, clock: WatchedClock
) -> None:
    env.demo.fail("image.saving", stick=True)
    state, server = env.demo.backend.state, env.server_id("web1")
    try:
        log = run(env, replace(ctx, clock=clock), env.request_backup(env.bind("web1")))
    finally:
        env.demo.backend.failures.clear()
        with state.change():
            state.put("server", state.get("server", server) | {"task_state": None})
    assert log.status == "failed"
    assert f"was not done after {QUICK.backup_timeout_seconds:g} s" in log.error_message
    env.assert_nothing_left()


def test_a_job_that_fails_or_is_cancelled_takes_its_image_away(env: JobEnv, ctx: JobContext) -> None:
    env.demo.faults.inject(service="volume", method="POST", path="/backups$", status=403, times=0)
    bound = env.bind("web1")
    operation = env.request_backup(bound)
    assert run(env, ctx, operation).status == "failed"
    env.assert_failed_cleanly(operation, "answered 403")
    env.demo.faults.clear()
    operation = env.request_backup(bound)
    env.cancel(operation)
    assert run(env, ctx, operation).status == "failed"
    env.assert_nothing_left()


def test_an_operator_may_do_without_images(env: JobEnv) -> None:
    ctx = job_context(env, settings=msgspec.structs.replace(QUICK, root_images=False))
    backup = back_up(env, ctx)
    assert backup.verdict == "partial"
    assert gaps(env, backup) == [
        "The root disk is not a volume and is not in this backup: the server boots from an image."
    ]
    assert env.images() == []


def test_a_lost_image_is_told_by_its_backup_until_it_is_there_again(env: JobEnv, ctx: JobContext) -> None:
    backup, other = back_up(env, ctx), back_up(env, ctx, env.bind("db1"))
    state, (image,) = env.demo.backend.state, env.images()
    with state.change():
        state.drop("image", image["id"])
    for _ in range(2):
        janitor_duty(ctx).run()
        assert now(env, backup).status == "error"
        assert now(env, backup).extend_info[LOST] == f"root disk: image {image['id']} is gone from the cloud"
    assert now(env, other).status == "available"
    stock = take_stock(env.database, env.cloud)
    assert ([(one.kind, one.id) for one in stock.missing], stock.orphans) == ([("image", image["id"])], ())
    with state.change():
        state.put("image", image)
    janitor_duty(ctx).run()
    assert (now(env, backup).status, now(env, backup).extend_info.get(LOST)) == ("available", None)


def test_an_image_of_ours_that_nobody_answers_for_is_an_orphan(env: JobEnv, ctx: JobContext) -> None:
    backup, state = back_up(env, ctx), env.demo.backend.state
    with state.change():
        image = state.get("image", env.images()[0]["id"])
        for id_, properties in (("stray", image["properties"]), ("foreign", {"opencbr": "00000000"})):
            more = {"id": id_, "name": f"opencbr-{ctx.installation}-{id_}", "properties": properties}
            state.put("image", image | more)
    orphans = take_stock(env.database, env.cloud).orphans
    assert [(one.kind, one.id, one.size_gb, one.why) for one in orphans] == [
        ("image", "stray", 1, "it is not in the ledger")
    ]
    assert [one.problem for one in clean(ctx, orphans)] == [None]
    assert {one["id"] for one in env.images()} == {image["id"], "foreign"}
    assert now(env, backup).status == "available"


def test_a_backup_whose_image_a_disk_stands_on_is_deleted_and_the_image_later(
    env: JobEnv, ctx: JobContext
) -> None:
    """Glance refuses (409) an image that a back end has made copy-on-write disks of."""
    backup = back_up(env, ctx)
    env.demo.faults.inject(service="image", method="DELETE", path="/images/", status=409, times=0)
    log = run(env, ctx, env.request_deletion(backup.id))
    assert (log.status, env.backup(backup.id, held=True)) == ("success", None)
    assert [(entry.kind, entry.state) for entry in env.ledger()] == [("image", "left")]
    janitor_duty(ctx).run()
    assert len(env.images()) == 1
    env.demo.faults.clear()
    janitor_duty(ctx).run()
    env.assert_nothing_left()
