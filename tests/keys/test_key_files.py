"""What stands in the key folder: public keys that only the owner changes, and nothing that is no key."""

import os
import stat
from threading import Barrier, Thread, local

import pytest
from sqlalchemy import text

from opencbr.keys import rotation
from opencbr.keys.check import check_keys
from opencbr.keys.files import KeyTrouble, KeyWrong
from opencbr.keys.master_key import MASTER
from opencbr.keys.rotation import listed, rotate
from opencbr.keys.signing_key import SIGNING
from opencbr.model.secrets import VERBATIM
from opencbr.records.archive import open_records
from records.protected import Watch, protect, server_reading
from store.samples import OTHER, PROJECT


@pytest.fixture
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask", "records")
def test_nobody_else_can_change_a_published_key(database, key_folder):
    rotate(database, key_folder, SIGNING)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in key_folder.glob("signing-*.pub")]
    assert modes == [0o644]


@pytest.mark.parametrize(
    "given",
    [
        (b"\xff\xfe", 0o644, "holds no key"),
        (b"", 0o644, "holds no key"),
        (b"hello\x1b[2J\n", 0o644, "holds no key"),
        (b"ab" * 32, 0o666, "others may change the key file"),
    ],
)
def test_what_is_no_trustworthy_public_key_is_told(database, records, key_folder, given):
    content, mode, sentence = given
    path = key_folder / "signing-12345678.pub"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(KeyTrouble, match=sentence):
        _ = records.public_keys
    assert sentence in (check_keys(database, key_folder) or "")


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("name", ["master-12345678.key", "signing-12345678.key", "signing-12345678.pub"])
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_is_no_key_and_is_not_waited_for(database, key_folder, make, name):
    make(key_folder / name, 0o600)
    assert f"{name} is no file" in (check_keys(database, key_folder) or "")


@pytest.mark.usefixtures("records")
def test_a_public_key_is_not_published_over_another(database, key_folder):
    current = next(one for one in listed(database, key_folder) if one.kind == "signing")
    (key_folder / f"signing-{current.check[:8]}.pub").write_text("ab" * 32)
    with pytest.raises(KeyWrong, match="holds another key"):
        rotate(database, key_folder, SIGNING)
    assert [one for one in listed(database, key_folder) if one.state == "current"][1] == current


@pytest.mark.parametrize("broken", ["x'00'", "'text'"])
def test_a_damaged_project_key_keeps_nobody_from_leaving_a_master_key(database, records, key_folder, broken):
    if database.dialect != "sqlite":
        broken = "'\\x00'"
    kept, _, _ = protect(database, records, server_reading())
    exported = records.export(PROJECT, kept.id, VERBATIM)
    protect(database, records, server_reading(project_id=OTHER))
    with database.write() as conn:
        conn.execute(text(f"UPDATE project_key SET wrapped = {broken} WHERE project_id = '{OTHER}'"))
    done = rotate(database, key_folder, MASTER)
    assert (done.wrapped, done.damaged) == (1, (OTHER,))
    done.old.unlink()
    started = open_records(database, key_folder, Watch())
    assert started.export(PROJECT, kept.id, VERBATIM) == exported
    started.shut()


@pytest.mark.usefixtures("records")
def test_of_two_rotations_at_once_one_counts(database, key_folder, monkeypatch):
    """Both have seen that the old key is the current one before either goes on."""
    if database.dialect == "sqlite":
        pytest.skip("there a write transaction is alone from its start")
    both, here, outcomes = Barrier(2), local(), []
    switch, is_current = rotation._switch, rotation.is_current

    def switching(*args):
        here.switching = True
        switch(*args)

    def seen(*args, **lock):
        found = is_current(*args, **lock)
        if getattr(here, "switching", False) and not getattr(here, "met", False):
            here.met = True
            both.wait(30)
        return found

    def one():
        try:
            outcomes.append(rotate(database, key_folder, SIGNING).new)
        except KeyTrouble as error:
            outcomes.append(str(error))

    monkeypatch.setattr(rotation, "_switch", switching)
    monkeypatch.setattr(rotation, "is_current", seen)
    threads = [Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "another rotation was faster: see `opencbr keys list`" in outcomes
    current = [one.file for one in listed(database, key_folder) if one.state == "current"]
    assert str(next(one for one in outcomes if not isinstance(one, str))) in current
