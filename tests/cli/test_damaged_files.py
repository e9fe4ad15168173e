"""A file of the installation that is damaged is told by its name, whichever command opens it."""

import json

import pytest

from opencbr.store.database import Database

READS_ROWS = [
    ["db", "upgrade"],
    ["serve"],
    ["worker"],
    ["config", "check"],
    ["status"],
    ["operation-logs", "list"],
    ["orphans", "list"],
    ["record", "chain"],
    ["keys", "rotate", "signing"],
]
OPENS_THE_JOURNAL = [["worker"], ["config", "check"]]


def spoil(file, way):
    """Make a file one that is no database, or a database whose pages behind the first are lost."""
    text = b"no database at all\n" * 1000
    whole = file.read_bytes() if file.exists() else b""
    file.write_bytes(
        text if way == "another file" else whole[:4096] + text * 10 + whole[len(text) * 10 + 4096 :]
    )
    for name in ("-wal", "-shm"):
        file.with_name(file.name + name).unlink(missing_ok=True)


@pytest.fixture
def installation(tmp_path):
    auth = {"auth_url": "http://127.0.0.1:9/v3", "username": "u", "password": "s3cr3t", "project_name": "p"}
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(json.dumps({"clouds": {"opencbr": {"auth": auth}}}))
    clouds.chmod(0o600)
    (tmp_path / "opencbr.toml").write_text(
        '[api]\nlisten = "127.0.0.1:0"\n[cloud]\nconfig_files = ["clouds.yaml"]\n'
    )
    database = Database(f"sqlite:///{tmp_path}/opencbr.db")
    database.upgrade()
    database.dispose()
    return tmp_path


@pytest.mark.parametrize("way", ["another file", "lost pages"])
@pytest.mark.matrix(fast=4)
@pytest.mark.parametrize("words", READS_ROWS, ids=" ".join)
def test_a_damaged_database_is_named(opencbr, installation, words, way):
    spoil(installation / "opencbr.db", way)
    told = opencbr(*words)
    assert told.returncode == 3, told
    assert f"{installation}/opencbr.db is damaged or is no SQLite database" in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("words", OPENS_THE_JOURNAL, ids=" ".join)
def test_a_damaged_journal_is_named(opencbr, installation, words):
    spoil(installation / "opencbr.db.jobs", "another file")
    told = opencbr(*words)
    assert told.returncode == 3, told
    assert f"{installation}/opencbr.db.jobs is damaged or is no SQLite database" in told.stdout + told.stderr
    assert "remove it" in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("file", ["opencbr.db", "opencbr.db.jobs", "cloud/cloud.sqlite3"])
def test_the_demo_names_a_damaged_file_of_its_folder(opencbr, tmp_path, file):
    (tmp_path / "cloud").mkdir()
    spoil(tmp_path / file, "another file")
    told = opencbr("demo", "--once", "--state", tmp_path, "--listen", "127.0.0.1:0")
    assert told.returncode == 3, told
    assert str((tmp_path / file).parent) in told.stderr.replace("\n", "")
    assert "Traceback" not in told.stderr
