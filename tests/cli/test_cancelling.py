"""Which operations can be cancelled: what the jobs say of themselves."""

import pytest

from opencbr.jobs.registry import JOB_TYPES
from opencbr.model.operation_log import DELETE, RESTORE_UNDO
from opencbr.store import operation_logs
from opencbr.store.database import Database
from store.samples import PROJECT, log


@pytest.fixture(name="database")
def _database(opencbr, tmp_path):
    opencbr("db", "upgrade")
    database = Database(f"sqlite:///{tmp_path / 'opencbr.db'}")
    yield database
    database.dispose()


FIRM = {DELETE, RESTORE_UNDO}
CANCELLABLE = sorted(set(JOB_TYPES) - FIRM)


@pytest.mark.parametrize("kind", [*JOB_TYPES, "of_a_newer_release"])
def test_only_what_heeds_a_cancellation_can_be_cancelled(opencbr, database, kind):
    running = log(operation_type=kind, status="running")
    with database.write() as conn:
        operation_logs.insert(conn, running)
    done = opencbr("operation-logs", "cancel", "--project", PROJECT, running.id)
    with database.read() as conn:
        requested = operation_logs.cancel_requested(conn, running.id)
    if kind not in JOB_TYPES or kind in FIRM:
        assert (done.returncode, requested) == (1, False)
        assert done.stderr == (
            f"opencbr: a job of type {kind} cannot be cancelled, only one of {', '.join(CANCELLABLE)}\n"
        )
    else:
        assert (done.returncode, done.stdout, requested) == (0, "cancel requested\n", True)
