"""Keys that cannot be used, over the command line: one sentence that says what to do, exit code 3, nothing changed."""

import json
import shutil

import pytest

FILES = ("master.key", "signing.key")


@pytest.fixture(name="folder")
def _folder(demo, tmp_path):
    """A copy of the demo's keys."""
    place = tmp_path / "keys"
    shutil.copytree(demo.state / "keys", place)
    assert {path.name for path in place.iterdir()} == set(FILES)
    return place


@pytest.fixture(name="on_copy")
def _on_copy(demo, opencbr, folder):
    """Run a command on the demo's database and the copied keys."""
    environ = {"OPENCBR_KEYS_FOLDER": str(folder)}
    return lambda *words: opencbr("--config", demo.state / "opencbr.toml", *words, env=environ)


def missing(path):
    path.unlink()
    return "is missing", "put it back from its backup"


def other(path):
    path.write_text("0123456789abcdef" * 4 + "\n")
    return "holds another key", "put the right file there"


def no_key(path):
    path.write_text("not a key\n")
    return "holds no key", "put the right file there"


def exposed(path):
    path.chmod(0o640)
    return "others may read", f"chmod 600 {path}"


def open_folder(path):
    path.parent.chmod(0o770)
    return "others may change the key folder", f"chmod 700 {path.parent}"


TROUBLES = [missing, other, no_key, exposed, open_folder]


def state(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.matrix
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_trouble_is_a_sentence(on_copy, folder, trouble, file):
    what, advice = trouble(folder / file)
    before = state(folder)
    done = on_copy("record", "public-key")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), done.stderr
    assert done.stderr.startswith("opencbr: ")
    assert what in done.stderr
    assert advice in done.stderr
    assert str(folder) in done.stderr
    assert state(folder) == before


@pytest.mark.matrix
@pytest.mark.parametrize("verb", ["serve", "worker"])
@pytest.mark.parametrize("trouble", [missing, other, exposed])
def test_no_server_and_no_worker_starts_with_it(on_copy, folder, trouble, verb):
    what, advice = trouble(folder / "master.key")
    before = state(folder)
    done = on_copy(verb)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), done.stderr
    assert what in done.stderr
    assert advice in done.stderr
    assert state(folder) == before


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("trouble", [missing, exposed])
def test_no_record_is_exported_with_it(on_copy, demo, folder, trouble, tmp_path):
    what, _ = trouble(folder / "signing.key")
    env, path = demo.env(), tmp_path / "record.json"
    done = on_copy(
        "record", "export", "--project", env["OPENCBR_PROJECT_ID"], env["OPENCBR_BACKUP_ID"], "--output", path
    )
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert what in done.stderr
    assert not path.exists()


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("trouble", [missing, other, exposed])
def test_the_check_names_it_beside_everything_else(on_copy, folder, trouble):
    what, _ = trouble(folder / "master.key")
    done = on_copy("config", "check", "--json")
    found = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert not found["keys"]["ok"]
    assert what in found["keys"]["message"]
    assert found["database"]["ok"]
    assert found["keystone"]["ok"]


def test_no_key_stands_in_any_of_these_sentences(on_copy, folder):
    keys = [(folder / file).read_text().strip() for file in FILES]
    (folder / "master.key").write_text(keys[1] + "\n")  # the wrong one, and a real one
    for words in (["record", "public-key"], ["--debug", "record", "public-key"], ["config", "check"]):
        done = on_copy(*words)
        assert done.returncode in {1, 3}
        assert not any(key in done.stdout + done.stderr for key in keys)


def test_the_right_keys_do(on_copy):
    done = on_copy("record", "public-key")
    assert (done.returncode, len(done.stdout.strip())) == (0, 64), done.stderr


def test_no_export_goes_into_a_file_that_is_there(on_copy, demo, tmp_path):
    env, path = demo.env(), tmp_path / "record.json"
    words = ("record", "export", "--project", env["OPENCBR_PROJECT_ID"], env["OPENCBR_BACKUP_ID"])
    somebodys = tmp_path / "somebody's"
    somebodys.write_text("old")
    for there in (lambda: path.write_text("old"), lambda: path.symlink_to(somebodys)):
        path.unlink(missing_ok=True)
        there()
        done = on_copy(*words, "--reveal", "secrets", "--output", path)
        assert (done.returncode, path.read_text()) == (1, "old")
        assert "is there already" in done.stderr
    path.unlink()
    assert on_copy(*words, "--reveal", "secrets", "--output", path).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["manifest"]


def test_keys_are_listed_and_rotated(demo, opencbr, tmp_path):
    environ = {
        "OPENCBR_KEYS_FOLDER": str(tmp_path / "keys"),
        "OPENCBR_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}",
    }

    def run(*words):
        done = opencbr("--config", demo.state / "opencbr.toml", *words, env=environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def states(kind):
        return [one["state"] for one in json.loads(run("keys", "list", "--json")) if one["kind"] == kind]

    run("db", "upgrade")
    first = run("record", "public-key").strip()
    assert (states("master"), states("signing")) == (["current"], ["current"])
    assert "copy it to the key folder of every machine" in run("keys", "new", "master")
    assert states("master") == ["current", "new"]
    for kind in ("master", "signing"):
        assert f"the {kind} key is {tmp_path / 'keys'}/{kind}-" in run("keys", "rotate", kind)
        assert states(kind) == ["retired", "current"]
    now, *before = run("record", "public-key", "--all").split()
    assert (before, run("record", "public-key").strip()) == ([first], now)
    assert len(run("keys", "list").splitlines()) == 4


def test_a_retired_master_key_is_to_leave_the_folder(demo, opencbr, tmp_path):
    folder = tmp_path / "keys"
    environ = {"OPENCBR_KEYS_FOLDER": str(folder), "OPENCBR_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"}

    def run(*words):
        return opencbr("--config", demo.state / "opencbr.toml", *words, env=environ).stdout

    def keys_finding():
        return next(line for line in run("config", "check").splitlines() if " keys " in line)

    run("db", "upgrade")
    run("record", "public-key")
    assert keys_finding().startswith("ok")
    assert "move it out of the key folder" in run("keys", "rotate", "master")
    assert keys_finding().startswith("WARNING")
    assert f"retired master key {folder}/master.key still stands in the key folder" in keys_finding()
    (folder / "master.key").rename(tmp_path / "with-the-older-backups.key")
    assert keys_finding().startswith("ok")
