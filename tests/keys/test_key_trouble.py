"""Keys in trouble: one sentence that says what to do, and nothing made behind anybody's back."""

import pytest

from keys.key_state import FILES, opened, state
from opencbr.keys.check import check_keys
from opencbr.keys.files import KeyTrouble
from opencbr.store.database import Database
from records.protected import protect, server_reading

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])  # it is the files that are in trouble

TROUBLES = {
    "missing": (lambda path: path.unlink(), "is missing"),
    "another installation's": (lambda path: path.write_text("ab" * 32 + "\n"), "holds another key"),
    "too short": (lambda path: path.write_text("ab" * 31), "holds no key"),
    "too long": (lambda path: path.write_text("ab" * 33), "holds no key"),
    "empty": (lambda path: path.write_bytes(b""), "holds no key"),
    "no hex": (lambda path: path.write_bytes(b"\xff" * 64), "holds no key"),
    "32 bytes": (lambda path: path.write_bytes(bytes(range(32))), "holds no key"),
    "readable by the group": (lambda path: path.chmod(0o640), "run chmod 600"),
    "readable by others": (lambda path: path.chmod(0o604), "run chmod 600"),
    "writable by others": (lambda path: path.chmod(0o602), "run chmod 600"),
    "in a folder others may change": (lambda path: path.parent.chmod(0o777), "run chmod 700"),
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_key_in_trouble_is_one_sentence_and_nothing_is_made(database, records, key_folder, file, trouble):
    spoil, words = TROUBLES[trouble]
    protect(database, records, server_reading())
    spoil(key_folder / file)
    before = state(database, key_folder)
    with pytest.raises(KeyTrouble, match=words) as told:
        opened(database, key_folder)
    sentence = str(told.value)
    assert str(key_folder) in sentence
    assert "\n" not in sentence
    assert check_keys(database, key_folder) == sentence
    assert state(database, key_folder) == before


def test_a_lost_folder_is_not_made_anew(database, records, key_folder):
    key_folder.rename(key_folder.with_name("elsewhere"))
    with pytest.raises(KeyTrouble, match=r"master\.key is missing"):
        opened(database, key_folder)
    assert "master.key is missing" in check_keys(database, key_folder)
    assert not key_folder.exists()


def test_before_the_first_start_nothing_is_wrong_and_looking_makes_nothing(database, key_folder):
    before = state(database, key_folder)
    assert check_keys(database, key_folder) is None
    assert check_keys(None, key_folder) is None
    assert state(database, key_folder) == before
    assert not key_folder.parent.exists()


def test_without_a_database_only_the_files_are_judged(database, records, key_folder, tmp_path):
    (key_folder / FILES[1]).unlink()
    (key_folder / FILES[0]).write_text("ab" * 32)
    assert check_keys(None, key_folder) is None
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")  # its schema is not there yet
    assert check_keys(empty, key_folder) is None
    empty.dispose()
    (key_folder / FILES[0]).chmod(0o644)
    assert "run chmod 600" in check_keys(None, key_folder)


def test_a_folder_that_others_may_change_gets_no_keys(database, key_folder):
    key_folder.mkdir(parents=True)
    key_folder.chmod(0o777)
    before = state(database, key_folder)
    with pytest.raises(KeyTrouble, match="run chmod 700"):
        opened(database, key_folder)
    assert state(database, key_folder) == before
    assert "run chmod 700" in (check_keys(database, key_folder) or "nothing is wrong")


@pytest.mark.parametrize("obstacle", ["a file for a folder", "a folder for a file"])
def test_what_is_in_the_way_is_told_too(database, key_folder, obstacle):
    if obstacle == "a file for a folder":
        key_folder.parent.mkdir()
        key_folder.write_text("")
    else:
        (key_folder / FILES[0]).mkdir(parents=True)
    assert str(key_folder) in check_keys(database, key_folder)
    with pytest.raises((KeyTrouble, OSError)):
        opened(database, key_folder)
