"""The chain: records of one resource are numbered, each names the one before, and burying leaves a tombstone."""

import pytest

from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records import links
from opencbr.records.archive import RecordRefused
from opencbr.records.offline_verification import verify_export
from opencbr.store import backups
from records.protected import close, disk_reading, protect, rows, server_reading
from records.templates import DATA, SERVER
from store.samples import NOW, OTHER, PROJECT


def chain(database, resource_id=SERVER, project=PROJECT):
    with database.read() as conn:
        return links.chain(conn, project, resource_id)


def place(records, backup, project=PROJECT):
    """What the signed manifest says of a record's place; the export verifies."""
    export = records.export(project, backup.id, MASKED)
    assert verify_export(export, records.public_key) == []
    return export["manifest"]["chain"]


def bury(database, records, backup, disks=()):
    """Delete a backup for its user as a job does; its bytes are held."""
    with database.write() as conn:
        records.bury(conn, PROJECT, backup.id, NOW)
        for one in (backup, *disks):
            backups.update(conn, PROJECT, one.id, held_at=NOW)


def test_three_records_of_a_resource_are_numbered_and_each_names_the_one_before(database, records):
    made = [protect(database, records, server_reading()) for _ in range(3)]
    digests = [closed.row.digest for _, _, closed in made]
    assert len(set(digests)) == 3
    assert [place(records, top) for top, _, _ in made] == [
        {"sequence": 1, "previous": None},
        {"sequence": 2, "previous": digests[0].hex()},
        {"sequence": 3, "previous": digests[1].hex()},
    ]
    links = chain(database)
    assert [link.backup_id for link in links] == [top.id for top, _, _ in made]
    assert [(link.sequence, link.digest) for link in links] == list(enumerate(digests, start=1))
    assert [link.previous for link in links] == [None, *digests[:2]]
    assert {link.buried_at for link in links} == {None}


def test_resources_and_projects_have_chains_of_their_own(database, records):
    protect(database, records, server_reading())
    other, _, _ = protect(database, records, disk_reading())
    foreign, _, _ = protect(database, records, server_reading(project_id=OTHER))
    assert place(records, other) == place(records, foreign, OTHER) == {"sequence": 1, "previous": None}
    second, _, _ = protect(database, records, server_reading())
    assert place(records, second)["sequence"] == 2
    assert [len(chain(database, *of)) for of in ((SERVER,), (DATA,), (SERVER, OTHER))] == [2, 1, 1]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_buried_record_is_gone_its_link_stays_and_the_chain_goes_on(database, records, which):
    made = [protect(database, records, server_reading()) for _ in range(3)]
    before = chain(database)
    bury(database, records, *made[which][:2])
    for index, (top, children, _) in enumerate(made):
        if index != which:
            place(records, top)
            continue
        for one in (top, *children):
            assert records.answer(PROJECT, one.id, VERBATIM) is None
        for read in (records.report, lambda *of: records.export(*of, VERBATIM)):
            with pytest.raises(RecordRefused, match="has no record"):
                read(PROJECT, top.id)
    after = chain(database)
    assert after[which].buried_at == NOW
    assert [(link.backup_id, link.digest, link.previous) for link in after] == [
        (link.backup_id, link.digest, link.previous) for link in before
    ]
    next_one, _, _ = protect(database, records, server_reading())
    assert place(records, next_one) == {"sequence": 4, "previous": made[2][2].row.digest.hex()}


def test_burying_twice_or_in_a_foreign_project_changes_nothing(database, records):
    top, _, _ = protect(database, records, server_reading())
    with database.write() as conn:
        records.bury(conn, OTHER, top.id, NOW)
    assert place(records, top)["sequence"] == 1
    bury(database, records, top)
    with database.write() as conn:
        records.bury(conn, PROJECT, top.id, NOW.replace(year=2030))
    assert [link.buried_at for link in chain(database)] == [NOW]


def test_a_closing_that_is_rolled_back_leaves_no_gap(database, records):
    top, children = rows(database, server_reading())
    records.keep(PROJECT, top.id, "before", server_reading())

    record = records.prepare(top, backups_member="{}")

    def fail(conn):
        assert records.write(conn, record)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.transact(fail)
    assert chain(database) == []
    assert records.kept(PROJECT, top.id, "before") == server_reading()
    close(database, records, top, children)
    assert place(records, top) == {"sequence": 1, "previous": None}
