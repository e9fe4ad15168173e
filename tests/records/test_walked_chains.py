"""Walking the chain: whatever is taken out of it, or written anew, is said; and what only a noted head shows."""

import pytest
from sqlalchemy import text

from opencbr.keys.ed25519 import Signer
from opencbr.model.manifest import build_manifest, digest, signed_message
from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records import links, rows
from opencbr.records.codec import open_record
from opencbr.records.hash_chain import Head
from opencbr.store import backups, disk_backups
from opencbr.store.errors import RecordDamaged
from records.protected import close, disk_reading, protect, server_reading
from records.protected import rows as backup_rows
from records.templates import DATA, SERVER
from store.samples import NOW, OTHER, PROJECT, ident


@pytest.fixture(name="sql")
def _sql(database):
    def run(statement, **values):
        with database.write() as conn:
            assert conn.execute(text(statement), values).rowcount == 1

    return run


@pytest.fixture(name="made")
def _made(database, records):
    """Three backups of a server, the second deleted, its bytes held."""
    made = [protect(database, records, server_reading()) for _ in range(3)]
    delete(database, records, made[1])
    return [top for top, _, _ in made]


def delete(database, records, made):
    with database.write() as conn:
        records.bury(conn, PROJECT, made[0].id, NOW)
        for one in (made[0], *made[1]):
            backups.update(conn, PROJECT, one.id, held_at=NOW)


def walked(records, noted=None):
    (chain,) = records.chains(PROJECT, SERVER, {(PROJECT, SERVER): noted} if noted else None)
    return chain


def states(chain):
    return [(link.sequence, link.record) for link in chain.links]


def faults(records, **more):
    return list(walked(records, **more).problems)


def at(number, backup):
    return f"link {number} (backup {backup.id}): "


def test_a_whole_chain_with_its_tombstones(database, records, made):
    chain = walked(records)
    assert chain.problems == ()
    assert states(chain) == [(1, "stands"), (2, "tombstone"), (3, "stands")]
    with database.read() as conn:
        stored = links.chain(conn, PROJECT, SERVER)
    assert [(one.backup_id, one.digest) for one in chain.links] == [
        (one.backup_id, one.digest.hex()) for one in stored
    ]
    assert chain.head == Head(3, stored[2].digest.hex())


def test_every_resource_of_every_project_has_its_chain(database, records, made):
    protect(database, records, disk_reading())
    protect(database, records, server_reading(project_id=OTHER))
    backup_rows(database, server_reading(resource_id=ident()))  # not closed yet: no chain
    found = {(chain.project_id, chain.resource_id): chain for chain in records.chains()}
    assert found.keys() == {(PROJECT, SERVER), (PROJECT, DATA), (OTHER, SERVER)}
    assert [chain.problems for chain in found.values()] == [()] * 3
    assert [chain.resource_id for chain in records.chains(PROJECT)] == sorted([SERVER, DATA])
    assert [chain.project_id for chain in records.chains("", SERVER)] == sorted([PROJECT, OTHER])
    assert list(records.chains(OTHER, DATA)) == []


def test_a_backup_that_fails_or_is_being_deleted_is_no_fault(database, records, made):
    failed, _ = backup_rows(database, server_reading())
    with database.write() as conn:
        backups.move(conn, PROJECT, failed.id, to="error")
        backups.move(conn, PROJECT, failed.id, to="waiting_delete")
        backups.move(conn, PROJECT, made[2].id, to="deleting")
    assert faults(records) == []


@pytest.mark.parametrize("which", [0, 2])
def test_a_record_taken_out(sql, records, made, which):
    sql("DELETE FROM record WHERE backup_id = :id", id=made[which].id)
    assert faults(records) == [at(which + 1, made[which]) + "its record is missing, and was not buried"]
    assert states(walked(records))[which] == (which + 1, "missing")


def test_a_record_taken_out_and_its_link_made_a_tombstone(sql, records, made):
    sql("DELETE FROM record WHERE backup_id = :id", id=made[2].id)
    sql("UPDATE record_link SET buried_at = closed_at WHERE backup_id = :id", id=made[2].id)
    assert faults(records) == [at(3, made[2]) + "it is a tombstone, and its backup is not deleted"]


@pytest.mark.parametrize("which", [0, 2])
def test_a_link_taken_out(sql, records, made, which):
    """Also the newest: the backup still tells of it."""
    lost, gap = made[which].id, [] if which else [at(2, made[1]) + "link 1 is gone"]
    sql("DELETE FROM record_link WHERE backup_id = :id", id=lost)
    assert faults(records) == [*gap, f"the record of backup {lost} is damaged: its link in the chain is gone"]
    sql("DELETE FROM record WHERE backup_id = :id", id=lost)
    assert faults(records) == [
        *gap,
        f"backup {lost}: it must have a record, and has neither record nor link",
    ]


def test_a_tombstone_taken_out(sql, records, made):
    sql("DELETE FROM record_link WHERE backup_id = :id", id=made[1].id)
    assert faults(records) == [at(3, made[2]) + "link 2 is gone"]
    sql("DELETE FROM record_link WHERE backup_id = :id", id=made[0].id)
    assert faults(records)[0] == at(3, made[2]) + "links 1 to 2 are gone"


def test_a_tombstone_written_anew(sql, records, made):
    sql("UPDATE record_link SET digest = :value WHERE backup_id = :id", value=b"x" * 32, id=made[1].id)
    assert faults(records) == [at(3, made[2]) + "the digest it names as the one before is not that link's"]
    sql("UPDATE record_link SET previous = :value WHERE backup_id = :id", value=b"x" * 32, id=made[2].id)
    (fault,) = faults(records)
    assert fault.startswith(at(3, made[2]))
    assert fault.endswith("it is not what was signed")


def test_numbers_written_anew(sql, records, made):
    sql("UPDATE record_link SET sequence = 0 WHERE backup_id = :id", id=made[0].id)
    first, *_ = faults(records)
    assert first == at(0, made[0]) + "a chain begins with link 1"
    sql("UPDATE record_link SET sequence = 7, previous = NULL WHERE backup_id = :id", id=made[2].id)
    told = "\n".join(faults(records))
    assert at(2, made[1]) + "link 1 is gone" in told
    assert at(7, made[2]) + "links 3 to 6 are gone" in told


@pytest.mark.parametrize("dialect", ["sqlite"])  # one way to lose the constraint is enough
def test_a_number_twice(database, sql, records, made):
    with database.write() as conn:
        conn.execute(text("CREATE TABLE bare AS SELECT * FROM record_link"))
        conn.execute(text("DROP TABLE record_link"))
        conn.execute(text("ALTER TABLE bare RENAME TO record_link"))
    sql("UPDATE record_link SET sequence = 1 WHERE backup_id = :id", id=made[1].id)
    told = "\n".join(faults(records))
    assert "its number is not above the one before it" in told
    assert at(3, made[2]) + "link 2 is gone" in told


@pytest.mark.parametrize(
    "change", ["digest = :digest", "previous = :digest", "closed_at = '2001-01-01 00:00:00.000000'"]
)
def test_a_changed_link_of_a_standing_record(sql, records, made, change):
    values = {"digest": b"x" * 32} if ":digest" in change else {}
    sql(f"UPDATE record_link SET {change} WHERE backup_id = :id", id=made[2].id, **values)
    told = faults(records)
    assert told
    assert all(one.startswith(at(3, made[2])) for one in told)
    assert "is damaged" in told[-1]


def test_a_link_moved_to_another_resource(sql, records, made):
    sql("UPDATE record_link SET resource_id = :other WHERE backup_id = :id", other=DATA, id=made[0].id)
    here, there = (next(records.chains(PROJECT, one)).problems for one in (SERVER, DATA))
    assert any("its link in the chain is another record's, or was changed" in one for one in here)
    assert any("its link in the chain is another record's, or was changed" in one for one in there)


def test_a_record_that_somebody_else_signed(database, key_folder, records, made):
    """Who is shown the whole record can sign its manifest himself, and need not break a seal to write that down."""
    forger = Signer(b"f" * 32)
    with database.read() as conn:
        row = rows.get(conn, PROJECT, made[2].id)
        link = links.get(conn, PROJECT, made[2].id)
    key = records._keys.of(PROJECT, row.key_id)
    forged = {
        **{name: getattr(row, name) for name in row.__slots__},
        "signer": bytes.fromhex(forger.public_key),
    }
    record = open_record(rows.RecordRow(**forged), link, key)
    proof = digest(build_manifest(record))
    signature = forger.sign(signed_message(proof))
    with database.write() as conn:
        conn.execute(
            text("UPDATE record SET signer = :s, signature = :g, digest = :d WHERE backup_id = :id"),
            {"s": bytes.fromhex(forger.public_key), "g": signature, "d": proof, "id": made[2].id},
        )
        conn.execute(
            text("UPDATE record_link SET digest = :d WHERE backup_id = :id"),
            {"d": proof, "id": made[2].id},
        )
    (fault,) = faults(records)
    assert "was signed with another key than this installation's" in fault


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("value", ["'soon'", "CAST(X'FF' AS TEXT)", "5"])
def test_a_link_that_cannot_be_read_is_a_fault_of_its_chain(sql, records, made, value):
    sql(f"UPDATE record_link SET digest = {value} WHERE backup_id = :id", id=made[1].id)
    assert faults(records) == [f"the chain of resource {SERVER} is damaged: a link is not what was written"]


def cut_off(database, made):
    """Take out the newest backup without a trace: record, link and the backup itself."""
    with database.write() as conn:
        for table in ("record", "record_link"):
            conn.execute(text(f"DELETE FROM {table} WHERE backup_id = :id"), {"id": made.id})
        conn.execute(text("DELETE FROM backup WHERE parent_id = :id"), {"id": made.id})
        conn.execute(text("DELETE FROM backup WHERE id = :id"), {"id": made.id})


def test_only_a_noted_head_shows_that_the_newest_was_cut_off_with_its_backup(database, records, made):
    noted = walked(records).head
    assert faults(records, noted=noted) == []
    cut_off(database, made[2])
    assert faults(records) == []
    assert faults(records, noted=noted) == [
        f"the head noted before, link 3 with digest {noted.digest}, is not in the chain, which ends with link 2"
    ]
    protect(database, records, server_reading())  # another link 3
    assert "which ends with link 3" in faults(records, noted=noted)[0]


def test_a_noted_head_stays_in_a_chain_that_goes_on(database, records, made):
    noted = walked(records).head
    later = protect(database, records, server_reading())
    delete(database, records, later)
    assert faults(records, noted=noted) == []
    assert walked(records).head.sequence == 4


def test_a_chain_that_is_gone_as_a_whole(database, records):
    top, _, _ = protect(database, records, server_reading())
    noted = walked(records).head
    cut_off(database, top)
    assert list(records.chains()) == []
    (chain,) = records.chains(noted={(PROJECT, SERVER): noted})
    assert chain.problems == (
        f"the head noted before, link 1 with digest {noted.digest}, is not in the chain, which is gone",
    )
    assert list(records.chains(OTHER, noted={(PROJECT, SERVER): noted})) == []


MOVED = {
    "another record": ("parent_id = :other", "is a disk of backup {top} by its record, and not by its row"),
    "no record": ("parent_id = NULL", "is a disk of backup {top} by its record, and not by its row"),
    "another disk": ("resource_id = :volume", "names another volume than the record of backup {top}"),
}


@pytest.mark.parametrize("change", MOVED)
def test_a_row_of_a_disk_that_points_elsewhere(database, records, sql, change):
    """No seal is broken, and the disk's own answer would be another record's."""
    (top, children, _), (other, *_) = (protect(database, records, server_reading()) for _ in range(2))
    moved, (setting, sentence) = children[1], MOVED[change]
    right = records.answer(PROJECT, moved.id, MASKED).body
    values = {"other": other.id, "volume": children[0].resource_id}
    sql(
        f"UPDATE backup SET {setting} WHERE id = :id",
        id=moved.id,
        **{name: value for name, value in values.items() if f":{name}" in setting},
    )
    told = "\n".join(faults(records))
    assert f"{moved.id} " in told
    assert sentence.format(top=top.id) in told
    assert ("whose record does not know it" in told) == (change == "another record")
    if change == "another record":
        with pytest.raises(RecordDamaged, match=moved.id):
            records.export(PROJECT, other.id, MASKED, asked=moved.id)
    for view in (MASKED, VERBATIM):
        with pytest.raises(RecordDamaged, match=moved.id):
            records.answer(PROJECT, moved.id, view)
    assert records.answer(PROJECT, children[0].id, MASKED).body != right


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("resource_type = 'OS::Cinder::Volume'", "names another kind of resource than its record"),
        ("verdict = 'complete'", "names another verdict than its record"),
        ("resource_size = 7", "names another size than its record"),
        ("resource_az = 'mars'", "names another availability zone than its record"),
        ("held_at = '2026-03-01 12:00:00'", "says that it was deleted, and its record was not buried"),
    ],
)
def test_a_row_of_a_backup_that_says_otherwise(records, sql, made, setting, sentence):
    sql(f"UPDATE backup SET {setting} WHERE id = :id", id=made[2].id)
    (told,) = faults(records)
    assert told.startswith(at(3, made[2]) + f"the row of backup {made[2].id} {sentence}")


DISK = {
    "position": ("backup SET position = 9 WHERE id", "position"),
    "size": ("backup SET resource_size = 9 WHERE id", "size"),
    "object": ("volume_backup SET cinder_backup_id = 'another' WHERE backup_id", "Cinder backup"),
    "no object": ("volume_backup SET cinder_backup_id = NULL WHERE backup_id", "Cinder backup"),
    "kind": ("volume_backup SET is_incremental = TRUE WHERE backup_id", "kind of Cinder backup"),
    "below": ("volume_backup SET based_on = 'another' WHERE backup_id", "backup that it is based on"),
    "stored": ("backup SET stored_mb = 9 WHERE id", "stored size"),
}
"""What is changed of a disk's rows -> the change, and what it is called."""


def protect_with_objects(database, records):
    reading = server_reading()
    top, children = backup_rows(database, reading)
    with database.write() as conn:
        for child in children:
            disk_backups.note(conn, PROJECT, child.id, now=NOW, cinder_backup_id=ident(), stored_mb=1024)
    records.keep(PROJECT, top.id, "before", reading)
    close(database, records, top, children)
    return top, children


@pytest.mark.parametrize("change", DISK)
def test_a_row_of_a_disk_that_says_otherwise(database, records, sql, change):
    top, children = protect_with_objects(database, records)
    assert faults(records) == []
    statement, what = DISK[change]
    sql(f"UPDATE {statement} = :id", id=children[0].id)
    (fault,) = faults(records)
    assert fault == at(1, top) + (
        f"the row of backup {children[0].id} names another {what} than the record of backup {top.id}"
    )


def test_a_disk_alone_that_is_given_as_deleted(database, records, sql):
    """The janitor would remove its object: held, and needed by nothing."""
    _, children = protect_with_objects(database, records)
    sql("UPDATE backup SET held_at = '2026-03-01 12:00:00' WHERE id = :id", id=children[1].id)
    (fault,) = faults(records)
    assert f"the row of backup {children[1].id} says that it was deleted" in fault


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    "setting", ["created_at = 'soon'", "extend_info = '{'", "protected_at = 7", "name = CAST(X'FF' AS TEXT)"]
)
def test_a_row_that_cannot_be_read_is_a_fault_of_its_own_chain(database, records, sql, made, setting):
    protect(database, records, disk_reading())
    sql(f"UPDATE backup SET {setting} WHERE id = :id", id=made[0].id)
    assert faults(records) == [
        at(1, made[0]) + f"a row of backup {made[0].id} or of its disks is not what was written"
    ]
    assert [chain.problems for chain in records.chains(resource_id=DATA)] == [()]


def test_a_disk_whose_object_a_failed_deletion_has_removed_is_no_fault(database, records):
    top, children = protect_with_objects(database, records)
    with database.write() as conn:
        for status in ("waiting_delete", "error"):
            backups.move_family(conn, PROJECT, top.id, to=status, updated_at=NOW)
        disk_backups.forget(conn, PROJECT, children[0].id, now=NOW)
    assert faults(records) == []
