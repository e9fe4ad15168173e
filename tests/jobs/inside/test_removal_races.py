"""Deletions that meet: of a backup, of the resource it is of, of the vault it lies in."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opencbr.jobs import chains
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import Resource
from opencbr.store import tables, vaults
from opencbr.store.pages import Page
from opencbr.store.vaults import VaultFilter
from support.deeds import Gate, backed_up, disk_of, rows
from support.yard import Yard

pytestmark = pytest.mark.usefixtures("worker")


def vault_rows(yard: Yard) -> int:
    with yard.database.read() as conn:
        return len(conn.execute(select(tables.vault.c.id)).all())


def visible_vaults(yard: Yard) -> list[str]:
    with yard.database.read() as conn:
        return [v.id for v in vaults.list(conn, yard.project_id, VaultFilter(), Page(limit=10)).items]


def order_other(yard: Yard, bound: Resource, other: str) -> OperationLog:
    return yard.order_removal(bound) if other == "removeresources" else yard.order_vault_deletion(bound)


@pytest.mark.parametrize("other", ["DELETE vault", "removeresources"])
def test_a_deletion_under_way_and_the_end_of_what_holds_the_backup_both_succeed(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    bound = yard.bind("web1")
    (backup,) = backed_up(yard, bound)
    gate = Gate(monkeypatch, disk_of(yard, backup).cinder_backup_id)
    deletion = yard.order_delete(backup)
    gate.begun()
    removal = order_other(yard, bound, other)
    gate.open()
    yard.succeeded(deletion)
    yard.succeeded(removal)
    assert yard.resource(bound) is None
    assert rows(yard) == 0
    yard.assert_nothing_left()


@pytest.mark.parametrize("other", ["DELETE vault", "removeresources"])
def test_a_deletion_ordered_while_its_vault_or_resource_goes_succeeds_too(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """The backup waits for its deletion when the removal takes it; the deletion then finds nothing, as it wanted."""
    bound = yard.bind("web1")
    older, newer = backed_up(yard, bound, 2)
    gate = Gate(monkeypatch, disk_of(yard, newer).cinder_backup_id)
    removal = order_other(yard, bound, other)
    gate.begun()
    deletion = yard.order_delete(older)
    gate.open()
    yard.succeeded(removal)
    yard.succeeded(deletion)
    assert rows(yard) == 0
    yard.assert_nothing_left()


@pytest.mark.parametrize("late", ["begin", "delete"])
def test_a_deletion_that_comes_too_late_is_a_success(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """Whichever step finds the rows gone: here another has taken them just before it."""
    bound = yard.bind("web1")
    (backup,) = backed_up(yard, bound)
    order = yard.order_delete(backup)
    if late == "delete":
        real = chains.remove

        def robbed(*args: object, **kwargs: object) -> object:
            done = real(*args, **kwargs)  # type: ignore[arg-type]
            with yard.database.write() as conn:
                conn.execute(tables.record.delete())
                conn.execute(tables.backup.delete().where(tables.backup.c.parent_id.is_not(None)))
                conn.execute(tables.backup.delete())
            return done

        monkeypatch.setattr(chains, "remove", robbed)
    else:
        yard.succeeded(yard.order_vault_deletion(bound))
    yard.succeeded(order)
    assert rows(yard) == 0


def test_a_vault_goes_though_another_vaults_backup_needs_one_in_it(yard: Yard) -> None:
    """Gone for the user at once; its row stays underneath, as those of the backups do, and goes with the last."""
    server, disk = yard.bind("db1"), yard.bind("db1-data", "disk")
    backed_up(yard, server)
    (needs,) = backed_up(yard, disk)
    assert disk_of(yard, needs).based_on is not None
    yard.succeeded(yard.order_vault_deletion(server))
    assert visible_vaults(yard) == [disk.vault_id]
    with yard.database.read() as conn:
        assert vaults.get(conn, yard.project_id, server.vault_id) is None
        size, used = vaults.summary(conn, yard.project_id)
    assert size == 100, "the other vault's alone"
    assert used > disk_of(yard, needs).stored_mb, "what is kept takes space"
    assert vault_rows(yard) == 2
    yard.succeeded(yard.order_delete(needs))
    assert vault_rows(yard) == 1
    assert rows(yard) == 0
    yard.assert_nothing_left()


def test_a_vault_takes_along_what_its_user_deleted_before(yard: Yard) -> None:
    bound = yard.bind("web1")
    first, _ = backed_up(yard, bound, 2)
    yard.succeeded(yard.order_delete(first))
    yard.succeeded(yard.order_vault_deletion(bound))
    assert (vault_rows(yard), rows(yard)) == (0, 0)
    yard.assert_nothing_left()


def test_what_the_database_refuses_is_said_to_be_refused(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bool:
        raise IntegrityError("DELETE FROM vault", {}, Exception("a foreign key"))

    monkeypatch.setattr(vaults, "dismiss", refuse)
    log = yard.ended(yard.order_vault_deletion(yard.bind("web1")))
    assert (log.status, log.error_code) == ("failed", "9910")
    assert "our database refused it (IntegrityError)" in log.error_message
    assert "did not answer" not in log.error_message
