"""Rotating keys: both are live meanwhile, no record is written anew, and an interrupted rotation goes on."""

import pytest
from sqlalchemy import text

from opencbr.keys import rotation
from opencbr.keys.files import KeyTrouble
from opencbr.keys.master_key import MASTER
from opencbr.keys.rotation import add_key, listed, rotate, unneeded_master_keys
from opencbr.keys.signing_key import SIGNING
from opencbr.model.secrets import VERBATIM
from opencbr.records.archive import open_records
from opencbr.records.offline_verification import signed_with, verify_export
from opencbr.store import installation
from records.protected import Watch, protect, server_reading
from store.samples import OTHER, PROJECT

KINDS = pytest.mark.parametrize("kind", [MASTER, SIGNING], ids=["master", "signing"])


def stored(database):
    with database.read() as conn:
        return conn.execute(text("SELECT * FROM record ORDER BY backup_id")).all()


def states(database, folder, kind):
    return [one.state for one in listed(database, folder) if one.kind == kind.name]


def whole(records):
    return [problem for chain in records.chains() for problem in chain.problems] == []


@KINDS
def test_a_running_process_reads_and_writes_on_and_so_does_a_new_one(database, records, key_folder, kind):
    old, _, _ = protect(database, records, server_reading())
    before, exported = stored(database), records.export(PROJECT, old.id, VERBATIM)
    done = rotate(database, key_folder, kind)
    assert (done.old, done.wrapped) == (key_folder / f"{kind.name}.key", 1 if kind is MASTER else 0)
    assert stored(database) == before, "no record is rewritten"
    assert states(database, key_folder, kind) == ["retired", "current"]
    started = open_records(database, key_folder, Watch())
    for running in (records, started):
        assert running.export(PROJECT, old.id, VERBATIM) == exported
        # A project that has no key yet, and one that has: the running process has never seen the new key.
        for project in (OTHER, PROJECT):
            protect(database, running, server_reading(project_id=project))
        assert whole(running)
    assert len(stored(database)) == 5
    started.shut()


def test_after_a_rotation_the_old_master_key_opens_nothing(database, records, key_folder):
    top, _, _ = protect(database, records, server_reading())
    old = rotate(database, key_folder, MASTER).old
    old.unlink()
    started = open_records(database, key_folder, Watch())
    assert started.export(PROJECT, top.id, VERBATIM) == records.export(PROJECT, top.id, VERBATIM)
    started.shut()


def test_records_of_an_old_signing_key_are_verified_when_it_is_gone(database, records, key_folder):
    top, _, _ = protect(database, records, server_reading())
    first = records.public_key
    rotate(database, key_folder, SIGNING).old.unlink()
    rotate(database, key_folder, SIGNING)
    started = open_records(database, key_folder, Watch())
    later, _, _ = protect(database, started, server_reading())
    assert started.public_keys[0] == started.public_key != first
    assert len(set(started.public_keys)) == 3
    for one in (top, later):
        export = started.export(PROJECT, one.id, VERBATIM)
        assert verify_export(export, signed_with(export, started.public_keys)) == []
        assert verify_export(export, signed_with(export, ["ab" * 32])) != []
    assert whole(started)
    started.shut()


def test_a_replaced_key_that_signs_again_is_told(database, records, key_folder):
    """Whoever has stolen it, and may write to the database, can say there that it is the current one."""
    protect(database, records, server_reading())
    thief = open_records(database, key_folder, Watch())
    rotate(database, key_folder, SIGNING)
    protect(database, records, server_reading())
    assert whole(records)
    with database.write() as conn:
        installation.put(conn, SIGNING.setting, thief.public_key)
    forged, _, _ = protect(database, thief, server_reading())
    told = [problem for chain in records.chains() for problem in chain.problems]
    sentence = (
        f"the record of backup {forged.id} was signed with a key that had been replaced when it was closed"
    )
    assert told == [f"link 3 (backup {forged.id}): {sentence}"]
    thief.shut()


def test_a_rotation_that_was_killed_between_its_steps_goes_on(database, records, key_folder, monkeypatch):
    top, _, _ = protect(database, records, server_reading())
    exported = records.export(PROJECT, top.id, VERBATIM)
    with monkeypatch.context() as patch:
        patch.setattr(rotation, "_wrap_anew", lambda *_: (0, ()))  # as if it had died after the switch
        rotate(database, key_folder, MASTER)
    started = open_records(database, key_folder, Watch())
    assert started.export(PROJECT, top.id, VERBATIM) == exported, "both keys are live"
    started.shut()
    assert unneeded_master_keys(database, key_folder) == [], "the old one holds a project's key"
    done = rotate(database, key_folder, MASTER)
    assert unneeded_master_keys(database, key_folder) == [key_folder / "master.key"]
    assert (done.old, done.wrapped) == (done.new, 1)
    assert states(database, key_folder, MASTER) == ["retired", "current"], "no third key was made"


@KINDS
def test_a_key_made_before_is_the_one_rotated_to(database, records, key_folder, kind):
    made = add_key(database, key_folder, kind)
    assert states(database, key_folder, kind) == ["current", "new"]
    with pytest.raises(KeyTrouble, match="is a new"):
        add_key(database, key_folder, kind)
    assert rotate(database, key_folder, kind).new == made.path
    assert made.path.stat().st_mode & 0o777 == 0o600


@KINDS
def test_a_machine_without_the_new_key_is_told_so(database, records, key_folder, kind):
    new = rotate(database, key_folder, kind).new
    new.rename(key_folder.parent / "elsewhere")
    with pytest.raises(KeyTrouble, match="holds another key than the one"):
        open_records(database, key_folder, Watch())
    with pytest.raises(KeyTrouble, match="holds another key than the one"):
        protect(database, records, server_reading(project_id=OTHER))
