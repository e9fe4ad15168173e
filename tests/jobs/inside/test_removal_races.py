"""Deletions that meet: of a backup, of the resource it is of, of the vault it lies in."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opencbr.jobs import backup_chains
from opencbr.model.lists import Page, VaultFilter
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import Resource
from opencbr.store import tables, vaults
from support.job_env import JobEnv
from support.job_steps import PausedDeletion, backed_up, disk_of, rows

pytestmark = pytest.mark.usefixtures("worker")


def vault_rows(env: JobEnv) -> int:
    with env.database.read() as conn:
        return len(conn.execute(select(tables.vault.c.id)).all())


def visible_vaults(env: JobEnv) -> list[str]:
    with env.database.read() as conn:
        return [v.id for v in vaults.list(conn, env.project_id, VaultFilter(), Page(limit=10)).items]


def request_other(env: JobEnv, bound: Resource, other: str) -> OperationLog:
    return env.request_removal(bound) if other == "removeresources" else env.request_vault_deletion(bound)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("other", ["DELETE vault", "removeresources"])
def test_a_deletion_under_way_and_the_end_of_what_holds_the_backup_both_succeed(
    env: JobEnv, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    bound = env.bind("web1")
    (backup,) = backed_up(env, bound)
    paused = PausedDeletion(monkeypatch, disk_of(env, backup).cinder_backup_id)
    deletion = env.request_deletion(backup)
    paused.begun()
    removal = request_other(env, bound, other)
    paused.resume()
    env.succeeded(deletion)
    env.succeeded(removal)
    assert env.resource(bound) is None
    assert rows(env) == 0
    env.assert_nothing_left()


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("other", ["DELETE vault", "removeresources"])
def test_a_deletion_ordered_while_its_vault_or_resource_goes_succeeds_too(
    env: JobEnv, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """The backup waits for its deletion when the removal takes it; the deletion then finds nothing, as it wanted."""
    bound = env.bind("web1")
    older, newer = backed_up(env, bound, 2)
    paused = PausedDeletion(monkeypatch, disk_of(env, newer).cinder_backup_id)
    removal = request_other(env, bound, other)
    paused.begun()
    deletion = env.request_deletion(older)
    paused.resume()
    env.succeeded(removal)
    env.succeeded(deletion)
    assert rows(env) == 0
    env.assert_nothing_left()


def test_a_removal_tells_its_counts_while_it_runs(env: JobEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    bound = env.bind("web1")
    older, _newer = backed_up(env, bound, 2)
    paused = PausedDeletion(monkeypatch, disk_of(env, older).cinder_backup_id)
    removal = env.request_removal(bound)
    paused.begun()
    details = env.log(removal).details
    paused.resume()
    assert (details["total_count"], details["total_delete_count"], details["fail_count"]) == (2, 2, 0)
    env.succeeded(removal)


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("late", ["begin", "delete"])
def test_a_deletion_that_comes_too_late_is_a_success(
    env: JobEnv, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """Whichever step finds the rows gone: here another has taken them just before it."""
    bound = env.bind("web1")
    (backup,) = backed_up(env, bound)
    operation = env.request_deletion(backup)
    if late == "delete":
        real = backup_chains.remove

        def robbed(*args: object, **kwargs: object) -> object:
            done = real(*args, **kwargs)  # type: ignore[arg-type]
            with env.database.write() as conn:
                conn.execute(tables.record.delete())
                conn.execute(tables.backup.delete().where(tables.backup.c.parent_id.is_not(None)))
                conn.execute(tables.backup.delete())
            return done

        monkeypatch.setattr(backup_chains, "remove", robbed)
    else:
        env.succeeded(env.request_vault_deletion(bound))
    env.succeeded(operation)
    assert rows(env) == 0


def test_a_vault_goes_though_another_vaults_backup_needs_one_in_it(env: JobEnv) -> None:
    """Gone for the user at once; its row stays underneath, as those of the backups do, and goes with the last."""
    server, disk = env.bind("db1"), env.bind("db1-data", "disk")
    backed_up(env, server)
    (needs,) = backed_up(env, disk)
    assert disk_of(env, needs).based_on is not None
    env.succeeded(env.request_vault_deletion(server))
    assert visible_vaults(env) == [disk.vault_id]
    with env.database.read() as conn:
        assert vaults.get(conn, env.project_id, server.vault_id) is None
        size, used = vaults.summary(conn, env.project_id)
    assert size == 100, "the other vault's alone"
    assert used > disk_of(env, needs).stored_mb, "what is kept takes space"
    assert vault_rows(env) == 2
    env.succeeded(env.request_deletion(needs))
    assert vault_rows(env) == 1
    assert rows(env) == 0
    env.assert_nothing_left()


def test_a_vault_takes_along_what_its_user_deleted_before(env: JobEnv) -> None:
    bound = env.bind("web1")
    first, _ = backed_up(env, bound, 2)
    env.succeeded(env.request_deletion(first))
    env.succeeded(env.request_vault_deletion(bound))
    assert (vault_rows(env), rows(env)) == (0, 0)
    env.assert_nothing_left()


def test_what_the_database_refuses_is_said_to_be_refused(
    env: JobEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> bool:
        raise IntegrityError("DELETE FROM vault", {}, Exception("a foreign key"))

    monkeypatch.setattr(vaults, "dismiss", refuse)
    log = env.ended(env.request_vault_deletion(env.bind("web1")))
    assert (log.status, log.error_code) == ("failed", "9910")
    assert "our database refused it (IntegrityError)" in log.error_message
    assert "did not answer" not in log.error_message
