"""What a restore writes over belongs to it alone, and its way back is nobody's to remove before its time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from opencbr.store import ledger, operation_logs, restore_targets
from store.samples import NOW, OTHER, PROJECT, log
from store.test_work_rows import entry

LATER = NOW + timedelta(hours=1)


def test_a_server_and_its_disks_are_one_restores(database):
    with database.write() as conn:
        assert restore_targets.claim(conn, PROJECT, {"server", "vol-1"}, "log-1") is None
        assert restore_targets.claim(conn, OTHER, {"server"}, "log-2") is None, "another project's"
        assert restore_targets.of_log(conn, "log-1") == ["server", "vol-1"]
        assert restore_targets.is_taken(conn, PROJECT, "vol-1")
        assert not restore_targets.is_taken(conn, OTHER, "vol-1")
        assert restore_targets.claim(conn, PROJECT, {"vol-1", "vol-2"}, "log-3") == "vol-1"
    with database.write() as conn:
        restore_targets.free(conn, "log-1")
        assert not restore_targets.is_taken(conn, PROJECT, "server")
        assert restore_targets.is_taken(conn, OTHER, "server")


def test_of_two_that_claim_at_once_one_is_refused(database):
    def claim(name: str) -> str | None:
        with database.write() as conn:
            return restore_targets.claim(conn, PROJECT, {"a", "b", "c"}, name)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(claim, ("log-1", "log-2")))
    assert set(answers) == {None, "a"}


def test_what_is_kept_is_left_only_when_its_time_is_over(database):
    first, second = entry(), entry(key="other", name="opencbr-2")
    with database.write() as conn:
        ledger.plan(conn, first)
        ledger.plan(conn, second)
        ledger.keep(conn, "log-1", LATER)
        ledger.keep(conn, "log-1", LATER + timedelta(hours=1))
        assert not ledger.leave(conn, "log-1"), "the end of the job leaves nothing that is kept"
        assert {one.kept_until for one in ledger.all(conn)} == {LATER}
        assert not ledger.expire(conn, LATER - timedelta(seconds=1))
        assert ledger.left(conn) == []
        assert ledger.expire(conn, LATER)
        assert {one.id: (one.state, one.kept_until) for one in ledger.left(conn)} == {
            one.id: ("left", None) for one in (first, second)
        }


def test_what_a_job_has_left_is_not_kept(database):
    first, second = entry(), entry(kind="volume", key="other", name="opencbr-2")
    with database.write() as conn:
        ledger.plan(conn, first)
        ledger.plan(conn, second)
        assert ledger.leave(conn, "log-1", "volume")
        ledger.keep(conn, "log-1", LATER)
        assert {one.id: one.kept_until for one in ledger.all(conn)} == {first.id: LATER, second.id: None}


def test_the_parameters_of_work_that_runs_are_replaced(database):
    made = log()
    with database.write() as conn:
        operation_logs.insert(conn, made)
        assert operation_logs.set_parameters(conn, made.id, {"found": 1}, now=NOW)
        found = operation_logs.get(conn, PROJECT, made.id)
        assert found is not None
        assert found.parameters == {"found": 1}
        operation_logs.finish(conn, made.id, "success", now=LATER)
        assert not operation_logs.set_parameters(conn, made.id, {}, now=LATER)
