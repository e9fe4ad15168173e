"""What workers live by: operation logs, the ledger, leases, settings, drafts, links and the hot read."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import msgspec.structs
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opencbr.model.lists import OperationLogFilter, Page
from opencbr.records import draft_rows, links, rows
from opencbr.records.links import Link
from opencbr.records.metadata_query import AnswerRow, MetadataQuery
from opencbr.records.rows import RecordRow
from opencbr.store import installation, leases, ledger, operation_logs
from opencbr.store.ledger import Entry
from store.samples import NOW, OTHER, PROJECT, backup, disk, ident, keep, kept_vault, log

LATER = NOW + timedelta(seconds=5)


def test_a_log_lives_from_request_to_end(database):
    made = log(details={"backup_id": "b"}, resource_id="r")
    with database.write() as conn:
        operation_logs.insert(conn, made)
        assert operation_logs.get(conn, PROJECT, made.id) == made
        assert operation_logs.get(conn, OTHER, made.id) is None
        assert operation_logs.waiting(conn, 10) == [made]
        assert operation_logs.take(conn, made.id, now=NOW)
        assert not operation_logs.take(conn, made.id, now=NOW)
        assert operation_logs.waiting(conn, 10) == []
        assert operation_logs.unfinished_for(conn, PROJECT, "r") == [made]
        assert operation_logs.unfinished_for(conn, OTHER, "r") == []

        assert operation_logs.begin(conn, made.id, now=NOW)
        assert operation_logs.begin(conn, made.id, now=LATER)  # again, by a worker that took over
        assert operation_logs.advance(conn, made.id, 40, "wait", now=LATER)
        assert operation_logs.advance(conn, made.id, 20, "wait", now=LATER, details={"n": 1})
        running = operation_logs.get(conn, PROJECT, made.id)
        assert running == replace(
            made,
            status="running",
            progress=40,
            step="wait",
            started_at=NOW,
            updated_at=LATER,
            details={"n": 1},
        )

        with pytest.raises(ValueError, match="running"):
            operation_logs.finish(conn, made.id, "running", now=LATER)
        assert operation_logs.finish(conn, made.id, "failed", "BackupService.1", "why", now=LATER)
        ended = replace(
            running, status="failed", error_code="BackupService.1", error_message="why", ended_at=LATER
        )
        assert not operation_logs.finish(conn, made.id, "success", now=LATER)
        assert not operation_logs.begin(conn, made.id, now=LATER)
        assert not operation_logs.advance(conn, made.id, 99, "late", now=LATER)
        assert not operation_logs.request_cancel(conn, PROJECT, made.id, now=LATER)
        assert operation_logs.get(conn, PROJECT, made.id) == ended
        assert operation_logs.unfinished_for(conn, PROJECT, "r") == []


def test_success_is_a_hundred_and_can_be_said_at_once(database):
    made = log()
    with database.write() as conn:
        operation_logs.insert(conn, made)
        assert operation_logs.finish(conn, made.id, "success", now=LATER, details={"total_count": 0})
        assert operation_logs.get(conn, PROJECT, made.id) == replace(
            made,
            status="success",
            progress=100,
            started_at=LATER,
            updated_at=LATER,
            ended_at=LATER,
            details={"total_count": 0},
        )


def test_cancelling_is_a_flag_of_the_project(database):
    made = log()
    with database.write() as conn:
        operation_logs.insert(conn, made)
        assert not operation_logs.request_cancel(conn, OTHER, made.id, now=LATER)
        assert not operation_logs.cancel_requested(conn, made.id)
        assert operation_logs.request_cancel(conn, PROJECT, made.id, now=LATER)
        assert operation_logs.cancel_requested(conn, made.id)
        assert not operation_logs.cancel_requested(conn, ident())


def test_waiting_logs_are_taken_oldest_first(database, ticks):
    with database.write() as conn:
        made = [log(created_at=next(ticks)) for _ in range(5)]
        for one in reversed(made):
            operation_logs.insert(conn, one)
        operation_logs.begin(conn, made[1].id, now=NOW)
        assert [one.id for one in operation_logs.waiting(conn, 3)] == [made[n].id for n in (0, 2, 3)]


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [
        (OperationLogFilter(), "ab"),
        (OperationLogFilter(operation_types=("delete",)), "b"),
        (OperationLogFilter(provider_ids=("p",)), "a"),
        (OperationLogFilter(resource_ids=("r",)), "a"),
        (OperationLogFilter(resource_names=("web",)), "a"),
        (OperationLogFilter(statuses=("waiting", "failed")), "ab"),
        (OperationLogFilter(statuses=("failed",)), "b"),
        (OperationLogFilter(vault_ids=("v",)), "a"),
        (OperationLogFilter(vault_names=("n\0",)), ""),
        (OperationLogFilter(created_from=LATER), "b"),
        (OperationLogFilter(created_to=NOW), "a"),
    ],
)
def test_log_filters(database, wanted, steps):
    with database.write() as conn:
        for one in (
            log(
                step="a", provider_id="p", resource_id="r", resource_name="web", vault_id="v", vault_name="n"
            ),
            log(step="b", operation_type="delete", status="failed", created_at=LATER),
            log(step="c", project_id=OTHER),
        ):
            operation_logs.insert(conn, one)
        found = operation_logs.list(conn, PROJECT, wanted, Page(10, sort=(("created_at", "asc"),)))
    assert "".join(one.step for one in found.items) == steps
    assert found.count == len(steps)


def entry(**fields) -> Entry:
    given = {
        "id": ident(),
        "project_id": PROJECT,
        "operation_log_id": "log-1",
        "kind": "snapshot",
        "key": "bak",
        "name": "opencbr-1",
        "volume_id": "vol",
        "backup_id": "bak",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Entry(**{**given, **fields})


def test_the_ledger_knows_what_may_exist(database):
    first, twin = entry(), entry(kind="backup", operation_log_id="log-2", created_at=LATER)
    with database.write() as conn:
        assert ledger.plan(conn, first) == first
        assert ledger.plan(conn, entry(volume_id="other")) == first  # a repeated step finds its own plan
        assert ledger.plan(conn, twin) == twin  # same name, other kind
        assert ledger.made(conn, first.id, "up-1", now=LATER)
        assert not ledger.made(conn, "none", "up-1", now=LATER)
        made = replace(first, state="made", upstream_id="up-1", updated_at=LATER)
        assert (
            ledger.get(conn, "log-1", "snapshot", "bak")
            == ledger.named(conn, "snapshot", "opencbr-1")
            == made
        )
        assert ledger.get(conn, "log-2", "snapshot", "bak") is None
        assert ledger.plan(conn, entry()) == made
        assert ledger.all(conn) == ledger.of_backup(conn, "bak") == [made, twin]
        assert ledger.of_log(conn, "log-2") == [twin]
        assert ledger.gone(conn, first.id)
        assert not ledger.gone(conn, first.id)
        assert ledger.all(conn) == [twin]


def test_a_name_is_of_one_object_in_each_region(database):
    here, there = entry(), entry(region="second", operation_log_id="log-2")
    with database.write() as conn:
        for one in (here, there):
            ledger.plan(conn, one)
        assert ledger.named(conn, "snapshot", "opencbr-1") == here
        assert ledger.named(conn, "snapshot", "opencbr-1", region="second") == there
        assert ledger.named(conn, "snapshot", "opencbr-1", region="third") is None


def passed(database, worker_id):
    """Make the lease of a worker run out, without waiting for it."""
    with database.write() as conn:
        conn.execute(
            text("UPDATE worker SET expires_at = expires_at - 1000 WHERE id = :id"), {"id": worker_id}
        )


def test_the_silent_are_dead_and_stay_so(database):
    with database.write() as conn:
        for one in ("a", "b"):
            leases.enter(conn, one, 30)
        assert leases.alive(conn) == {"a", "b"}
    passed(database, "b")
    with database.write() as conn:
        assert (leases.alive(conn), leases.dead(conn)) == ({"a"}, {"b"})
        assert leases.beat(conn, "b", 30)  # late, but nobody had buried it
        assert leases.dead(conn) == set()
    passed(database, "b")
    with database.write() as conn:
        assert leases.bury_dead(conn) == {"b"}
        assert leases.bury_dead(conn) == set()
        assert not leases.beat(conn, "b", 30)
        assert leases.beat(conn, "a", 30)
        leases.leave(conn, "a")
        assert leases.alive(conn) == set()


def test_leases_are_counted_in_seconds_by_the_databases_clock(database):
    before = time.time()
    with database.write() as conn:
        leases.enter(conn, "a", 30)
        expires = conn.execute(text("SELECT expires_at FROM worker")).scalar_one()
    # Same machine, same clock, read between these two; a database may round to a second.
    assert before + 29 < expires < time.time() + 31
    with database.write() as conn:
        leases.enter(conn, "a", -0.5)
        assert leases.dead(conn) == {"a"}


def test_a_duty_is_one_workers_at_a_time(database):
    with database.write() as conn:
        assert leases.lead(conn, "reaper", "a", 30)
        assert leases.lead(conn, "reaper", "a", 30)
        assert not leases.lead(conn, "reaper", "b", 30)
        assert leases.lead(conn, "janitor", "b", 30)
        conn.execute(text("UPDATE leader SET expires_at = expires_at - 1000 WHERE duty = 'reaper'"))
        assert leases.lead(conn, "reaper", "b", 30)
        assert not leases.lead(conn, "reaper", "a", 30)
        leases.leave(conn, "b")
        assert leases.lead(conn, "reaper", "a", 30)


def test_of_many_that_want_a_duty_one_leads(database):
    start, won = threading.Barrier(6), []

    def claim(worker_id):
        start.wait(timeout=30)
        if database.transact(lambda conn: leases.lead(conn, "reaper", worker_id, 30)):
            won.append(worker_id)

    threads = [threading.Thread(target=claim, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_the_installation_has_one_name(database):
    names, start = [], threading.Barrier(4)

    def ask():
        start.wait(timeout=30)
        names.append(database.transact(installation.installation_id))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 1
    assert len(names[0]) == 8
    assert int(names[0], 16) >= 0
    with database.read() as conn:
        assert installation.installation_id(conn) == names[0]


def test_settings_are_written_over_unless_once(database):
    with database.write() as conn:
        assert installation.get(conn, "k") is None
        assert installation.put_once(conn, "k", "1") == "1"
        assert installation.put_once(conn, "k", "2") == "1"
        installation.put(conn, "k", "3")
        assert installation.get(conn, "k") == "3"


def test_drafts_are_kept_by_part(database):
    with database.write() as conn:
        keep(conn, backup(kept_vault(conn)[1], id="b"))
        draft_rows.put(conn, "b", "before", b"\0one")
        draft_rows.put(conn, "b", "before", b"two\xff")
        draft_rows.put(conn, "b", "after", b"x")
        assert draft_rows.get(conn, "b", "before") == b"two\xff"
        assert draft_rows.get(conn, "c", "before") is None
        draft_rows.delete(conn, OTHER, "b")
        assert draft_rows.get(conn, "b", "after") == b"x"
        draft_rows.delete(conn, PROJECT, "b")
        assert draft_rows.get(conn, "b", "after") is None


def record(of, **fields) -> RecordRow:
    given = {
        "backup_id": of.id,
        "project_id": of.project_id,
        "key_id": "k1",
        "dictionary_id": "record-1",
        "answer": b"\0answer",
        "secrets": b"secrets\xff",
        "documents": b"documents",
        "digest": b"d" * 32,
        "signature": b"s" * 64,
        "signer": b"p" * 32,
        "sequence": 1,
    }
    return RecordRow(**{**given, **fields})


def test_records_and_their_chain(database):
    with database.write() as conn:
        _, point = kept_vault(conn)
        one = backup(point)
        keep(conn, one)
        row = record(one)
        rows.insert(conn, row)
        assert rows.get(conn, PROJECT, one.id) == row
        assert rows.get(conn, OTHER, one.id) is None
        assert links.last(conn, PROJECT, "r") is None
        chain = [
            Link(
                backup_id=f"b{n}",
                project_id=PROJECT,
                resource_id="r",
                sequence=n,
                digest=bytes([n]) * 32,
                previous=bytes([n - 1]) * 32 if n > 1 else None,
                closed_at=NOW,
            )
            for n in (1, 2, 10)
        ]
        for link in chain:
            assert links.insert_new(conn, link)
        assert links.last(conn, PROJECT, "r") == chain[-1]
        assert links.last(conn, OTHER, "r") is None
        assert links.bury(conn, PROJECT, "b2", LATER)
        assert not links.bury(conn, PROJECT, "b2", NOW)
        assert links.chain(conn, PROJECT, "r") == [
            chain[0],
            replace(chain[1], buried_at=LATER),
            chain[2],
        ]
        assert not rows.delete(conn, OTHER, one.id)
        assert rows.delete(conn, PROJECT, one.id)
        assert rows.get(conn, PROJECT, one.id) is None
    with database.write() as conn:
        assert not links.insert_new(conn, replace(chain[2], backup_id="rival")), "its place is taken"
        assert links.chain(conn, PROJECT, "r")[-1] == chain[2]


def test_a_backup_cannot_go_before_its_record(database):
    from opencbr.store import backups

    with database.write() as conn:
        _, point = kept_vault(conn)
        one = backup(point)
        keep(conn, one)
        rows.insert(conn, record(one))
    with pytest.raises(IntegrityError), database.write() as conn:
        backups.delete(conn, PROJECT, one.id)
    with database.read() as conn:
        assert backups.get(conn, PROJECT, one.id) == one


@pytest.fixture
def metadata_query(database):
    reads = MetadataQuery(database)
    yield reads
    reads.close()


def test_the_hot_read_finds_records_of_servers_and_of_their_disks(database, metadata_query):
    with database.write() as conn:
        _, point = kept_vault(conn)
        server, bare = backup(point, status="available"), backup(point, status="protecting")
        child = disk(server, status="available")
        held = backup(point, held_at=NOW)
        keep(conn, server, bare, child, held)
        rows.insert(conn, record(server))
        rows.insert(conn, record(held))
    found = metadata_query.read_answer(PROJECT, server.id)
    assert found == AnswerRow(
        PROJECT,
        "available",
        None,
        server.resource_id,
        server.resource_type,
        "k1",
        "record-1",
        b"\0answer",
        b"secrets\xff",
        None,
    )
    assert metadata_query.read_answer(PROJECT, server.id, secrets=False).secrets is None
    of_disk = metadata_query.read_answer(PROJECT, child.id)
    assert of_disk == msgspec.structs.replace(
        found,
        parent_id=server.id,
        resource_id=child.resource_id,
        resource_type=child.resource_type,
        documents=record(server).documents,
    )
    assert metadata_query.read_answer(PROJECT, child.id, secrets=False) == of_disk, (
        "the record says if it is its own"
    )
    assert metadata_query.read_answer(PROJECT, bare.id).status == "protecting"
    assert metadata_query.read_answer(PROJECT, bare.id).answer is None
    assert metadata_query.read_answer(PROJECT, held.id) is None
    assert metadata_query.read_answer(OTHER, server.id) is None
    assert metadata_query.read_answer(PROJECT, ident()) is None


def test_the_hot_read_sees_what_was_committed_and_works_from_any_thread(database, metadata_query):
    with database.write() as conn:
        _, point = kept_vault(conn)
        one = backup(point)
        keep(conn, one)
    seen = []
    for status in ("protecting", "available"):
        with database.write() as conn:
            conn.execute(text("UPDATE backup SET status = :s"), {"s": status})
        seen.append(metadata_query.read_answer(PROJECT, one.id).status)
    threads = [
        threading.Thread(target=lambda: seen.append(metadata_query.read_answer(PROJECT, one.id).status))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["protecting"] + ["available"] * 5
    metadata_query.close()
    assert metadata_query.read_answer(PROJECT, one.id).status == "available"  # opens anew


@pytest.mark.postgres
def test_the_hot_read_survives_a_server_that_hangs_up(postgres_url):
    from opencbr.store.database import Database

    database = Database(postgres_url)
    database.upgrade()
    metadata_query = MetadataQuery(database)
    with database.write() as conn:
        _, point = kept_vault(conn)
        one = backup(point)
        keep(conn, one)
    every = threading.Barrier(8)

    def read(_number):
        every.wait()
        return [metadata_query.read_answer(PROJECT, one.id).status for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(8))) == [[one.status] * 20] * 8
        with database.write() as conn:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            assert conn.execute(text(cut + " AND pid <> pg_backend_pid()")).all()
        assert list(pool.map(read, range(8))) == [[one.status] * 20] * 8
    metadata_query.close()
    database.dispose()
