"""The commands against a running installation: the demo's."""

import contextlib
import itertools
import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from opencbr.model.ids import new_id
from opencbr.model.operation_log import OperationLog
from opencbr.store import operation_logs
from opencbr.store.database import Database


def test_config_check_finds_nothing_missing(on_demo):
    done = on_demo("config", "check", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (0, True), found
    names = {finding["name"] for finding in found["findings"]}
    assert names == {
        *("database", "keys", "files", "keystone", "role", "tenant", "catalogue"),
        *("compute", "volume", "network", "image", "mover", "quotas", "root volumes"),
    }


def test_config_check_says_what_is_missing_and_changes_nothing(opencbr, tmp_path):
    (tmp_path / "opencbr.toml").write_text('[cloud]\ncloud = "nowhere"\nconfig_files = ["clouds.yaml"]\n')
    before = sorted(tmp_path.iterdir())
    done = opencbr("config", "check")
    assert done.returncode == 3
    assert "run `opencbr db upgrade`" in done.stdout
    assert "cloud nowhere cannot be used" in done.stdout
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("words", [["config", "check"], ["serve"], ["worker"], ["orphans", "list"]])
def test_a_slip_in_clouds_yaml_is_a_sentence(opencbr, tmp_path, words):
    opencbr("db", "upgrade")
    entry = {
        "auth": {"auth_url": "http://127.0.0.1:9/v3", "username": "u", "password": "s3cr3t", "tenant": "x"}
    }
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"opencbr": entry}}))
    (tmp_path / "opencbr.toml").write_text('[cloud]\nconfig_files = ["clouds.yaml"]\n')
    done = opencbr(*words)
    told = done.stdout + done.stderr
    assert done.returncode == 3, told
    assert "its auth has a key tenant" in told
    assert "s3cr3t" not in told


@pytest.mark.parametrize("port", ["54x2", "99999"])
@pytest.mark.parametrize("words", [["config", "check"], ["db", "upgrade"], ["record", "chain"]])
def test_a_database_url_with_a_wrong_port_is_a_sentence(opencbr, words, port):
    url = f"postgresql+psycopg://cbr:hushhush@db.example.org:{port}/cbr"
    done = opencbr(*words, env={"OPENCBR_DATABASE_URL": url})
    told = done.stdout + done.stderr
    assert done.returncode == 3, told
    assert "database.url" in told
    assert "port" in told
    assert "hushhush" not in told


def test_config_show_hides_the_password(opencbr):
    urls = [
        f"postgresql+psycopg://cbr{word}"
        for word in (":hushhush@db.example.org/cbr", "@db.example.org/cbr?password=hushhush")
    ]
    for words, url in itertools.product((["config", "show"], ["config", "show", "--json"]), urls):
        done = opencbr(*words, env={"OPENCBR_DATABASE_URL": url})
        assert done.returncode == 0
        assert "db.example.org" in done.stdout
        assert "hushhush" not in done.stdout


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_a_start_without_a_schema_is_refused(opencbr, verb):
    done = opencbr(verb)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "opencbr: the database is not up to date: run `opencbr db upgrade`\n"


def test_db_upgrade_twice(opencbr):
    first, second = opencbr("db", "upgrade"), opencbr("db", "upgrade")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout.startswith("applied ")
    assert second.stdout == "the database is up to date\n"


@pytest.mark.parametrize(
    ("words", "code"), [(["serve"], 3), (["worker"], 3), (["db", "upgrade"], 3), (["config", "check"], 3)]
)
def test_a_database_of_a_newer_program_is_said_to_be_one(opencbr, tmp_path, words, code):
    opencbr("db", "upgrade")
    with contextlib.closing(sqlite3.connect(tmp_path / "opencbr.db")) as conn, conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    done = opencbr(*words)
    told = done.stdout + done.stderr
    assert done.returncode == code, told
    assert "the database was upgraded by a newer opencbr (revision 9999): install that version" in told
    assert "db upgrade" not in told


@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_a_start_with_a_lost_key_is_refused(demo, on_demo, tmp_path, verb):
    done = on_demo(verb, env={"OPENCBR_KEYS_FOLDER": str(tmp_path / "other")})
    assert done.returncode == 3
    assert "is missing" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("verb", ["serve", "worker"])
def test_a_start_with_a_policy_that_cannot_be_used_is_refused(demo, on_demo, tmp_path, verb):
    file = tmp_path / "policy.yaml"
    file.write_text('"cbr:backups:getMetaData": "!"')
    done = on_demo(verb, env={"OPENCBR_POLICY_FILE": str(file)})
    assert done.returncode == 3
    assert f"{file} cannot be used: there is no right cbr:backups:getMetaData" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_configuration_is_one_sentence_with_its_own_exit_code(opencbr):
    done = opencbr("config", "show", env={"OPENCBR_API_LISTN": "x"})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)


def test_an_unreachable_database_is_one_sentence_without_the_password(opencbr):
    url = "postgresql+psycopg://cbr:hushhush@127.0.0.1:1/cbr"
    done = opencbr("db", "upgrade", env={"OPENCBR_DATABASE_URL": url})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "hushhush" not in done.stderr


def test_operation_logs_are_listed(demo, on_demo):
    project = demo.env()["OPENCBR_PROJECT_ID"]
    found = json.loads(on_demo("operation-logs", "list", "--project", project, "--json").stdout)
    assert found["count"] == 1
    assert (found["operation_logs"][0]["status"], found["operation_logs"][0]["progress"]) == ("success", 100)
    table = on_demo("operation-logs", "list", "--project", project).stdout
    assert found["operation_logs"][0]["id"] in table
    assert on_demo("operation-logs", "list", "--project", "0" * 32).stdout == "no operation logs\n"


def test_operation_logs_of_all_projects_are_listed_a_page_at_a_time(opencbr, tmp_path):
    failed, *others = _logs_of_two_projects(opencbr, tmp_path)

    def listed(*words):
        found = json.loads(opencbr("operation-logs", "list", "--json", *words).stdout)
        return found["count"], [log["id"] for log in found["operation_logs"]]

    newest_first = [*reversed(others), failed]
    assert listed() == (3, newest_first)
    assert listed("--limit", 2) == (3, newest_first[:2])
    assert listed("--limit", 2, "--marker", newest_first[1]) == (3, newest_first[2:])
    assert listed("--status", "failed") == (1, [failed])
    assert listed("--type", "delete", "--resource", "r2") == (1, [others[0]])
    assert listed("--project", "b" * 32) == (1, [others[1]])
    assert listed("--since", "2999-01-01") == (0, [])
    table = opencbr("operation-logs", "list", "--limit", 2).stdout
    assert f"3 in all; --limit and --marker {newest_first[1]} show more" in table
    assert "a" * 32 in table
    lost = opencbr("operation-logs", "list", "--marker", "nothing")
    assert (lost.returncode, lost.stderr.count("\n")) == (1, 1)


def test_the_status_of_a_healthy_installation(on_demo):
    done = on_demo("status", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"], found["troubles"]) == (0, True, []), found
    (name,) = found["workers"]["alive"]
    assert found["jobs"]["ended"] == {"success": 1}
    assert (found["jobs"]["unfinished"], found["oldest_waiting"], found["failures"]) == ({}, None, [])
    assert (found["credential"], found["mover"], found["orphans"], found["missing"]) == (True, True, 0, 0)
    shown = on_demo("status").stdout
    assert f"1 alive: {name}" in shown
    assert shown.endswith("all is well\n")


def test_the_status_names_whatever_is_wrong(opencbr, tmp_path):
    failed, *_ = _logs_of_two_projects(opencbr, tmp_path)
    entry = {
        "auth": {"auth_url": "http://127.0.0.1:9/v3", "username": "u", "password": "x", "project_name": "p"}
    }
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"opencbr": entry}}))
    (tmp_path / "opencbr.toml").write_text('[cloud]\nconfig_files = ["clouds.yaml"]\nretries = 0\n')
    done = opencbr("status", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (1, False), done.stderr
    assert found["jobs"]["unfinished"] == {"running": 1, "waiting": 1}
    assert found["oldest_waiting"]["seconds"] > 3_000
    (failure,) = found["failures"]
    assert (failure["id"], failure["project_id"], failure["error_message"]) == (
        failed,
        "a" * 32,
        "step x: it broke",
    )
    assert "parameters" not in failure
    assert found["credential"] is found["orphans"] is None
    told = "\n".join(found["troubles"])
    for words in ("no worker is alive", "has waited since", "1 of the jobs", "the cloud does not tell"):
        assert words in told
    shown = opencbr("status", "--hours", "0.5")
    assert shown.returncode == 1
    assert "step x: it broke" not in shown.stdout  # it was requested an hour ago
    assert "WRONG no worker is alive" in shown.stdout


def test_a_database_is_copied_into_an_empty_one_alone(opencbr, tmp_path):
    made = _logs_of_two_projects(opencbr, tmp_path)
    target = f"sqlite:///{tmp_path / 'other.db'}"
    done = opencbr("db", "copy", env={"OPENCBR_COPY_TO": target})
    assert done.returncode == 0, done.stderr
    assert "operation_log           3 of 3 rows" in done.stdout
    there = {"OPENCBR_DATABASE_URL": target}
    listed = json.loads(opencbr("operation-logs", "list", "--json", env=there).stdout)["operation_logs"]
    assert [log["id"] for log in listed] == [*reversed(made[1:]), made[0]]
    again = opencbr("db", "copy", target)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("opencbr: the target is not empty: ")
    (tmp_path / "third.db.jobs").touch()
    journal = opencbr("db", "copy", f"sqlite:///{tmp_path / 'third.db'}")
    assert (journal.returncode, "has a journal of jobs" in journal.stderr) == (1, True)
    assert not (tmp_path / "third.db").exists()


def test_a_database_whose_worker_runs_is_not_copied(on_demo, tmp_path):
    done = on_demo("db", "copy", f"sqlite:///{tmp_path / 'other.db'}")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "stop every worker first" in done.stderr


def _logs_of_two_projects(opencbr, tmp_path) -> list[str]:
    """Fill a new database: a backup that failed, a deletion that waits, both an hour old; a backup that runs."""
    assert opencbr("db", "upgrade").returncode == 0
    now = datetime.now(UTC) - timedelta(hours=1)
    rows = [
        {
            "status": "failed",
            "error_code": "BackupService.9999",
            "error_message": "step x: it broke",
            "ended_at": now,
        },
        {"operation_type": "delete", "resource_id": "r2"},
        {"project_id": "b" * 32, "status": "running"},
    ]
    database, made = Database(f"sqlite:///{tmp_path / 'opencbr.db'}"), []
    with database.write() as conn:
        for number, row in enumerate(rows):
            at = now + timedelta(seconds=number)
            given = {"project_id": "a" * 32, "operation_type": "backup", "parameters": {"secret": "1"}} | row
            log = OperationLog(id=new_id(at), created_at=at, updated_at=at, **given)
            operation_logs.insert(conn, log)
            made.append(log.id)
    database.dispose()
    return made


def test_what_has_ended_cannot_be_cancelled(demo, on_demo):
    project = demo.env()["OPENCBR_PROJECT_ID"]
    log = json.loads(on_demo("operation-logs", "list", "--project", project, "--json").stdout)[
        "operation_logs"
    ][0]
    done = on_demo("operation-logs", "cancel", "--project", project, log["id"])
    assert (done.returncode, done.stderr) == (1, f"opencbr: operation log {log['id']} has ended: success\n")
    foreign = on_demo("operation-logs", "cancel", "--project", "0" * 32, log["id"])
    assert "has no operation log" in foreign.stderr


def test_a_healthy_installation_has_no_orphans(on_demo):
    assert json.loads(on_demo("orphans", "list", "--json").stdout) == {
        "orphans": [],
        "missing": [],
        "unneeded": [],
    }
    assert on_demo("orphans", "clean").stdout == "nothing to clean\n"


def test_a_record_is_proved_with_its_file_and_the_public_key_alone(demo, on_demo, opencbr, tmp_path):
    env, path = demo.env(), tmp_path / "record.json"
    words = [
        "record",
        "export",
        "--project",
        env["OPENCBR_PROJECT_ID"],
        env["OPENCBR_BACKUP_ID"],
        "--output",
        path,
    ]
    for reveal in ([], ["--reveal", "secrets"], ["--reveal", "secrets", "--reveal", "infrastructure"]):
        path.unlink(missing_ok=True)
        assert on_demo(*words, *reveal).returncode == 0
        assert path.stat().st_mode & 0o077 == 0
        key = on_demo("record", "public-key").stdout
        assert re.fullmatch(r"[0-9a-f]{64}\n", key)
        good = opencbr("record", "verify", path, "--key", key.strip())
        assert (good.returncode, good.stdout.split(":")[0]) == (0, "genuine"), good.stdout
        assert ("I2Nsb3VkLWNvbmZpZ" in path.read_text()) == bool(reveal)
        other = opencbr("record", "verify", path, "--key", "0" * 64, "--json")
        assert (other.returncode, json.loads(other.stdout)["ok"]) == (1, False)
    path.write_text(path.read_text().replace("db1", "db2", 1))
    assert opencbr("record", "verify", path, "--key", key.strip()).returncode == 1


def test_the_chains_are_walked_and_noted_heads_found_again(demo, on_demo, tmp_path):
    env, file = demo.env(), tmp_path / "heads.json"
    done = on_demo("record", "chain")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^resource \S+ of project \S+: head 1 [0-9a-f]{64}$", done.stdout, re.MULTILINE)
    assert f"1  stands     backup {env['OPENCBR_BACKUP_ID']}, closed " in done.stdout
    assert done.stdout.endswith("whole: 1 chain(s) with 1 link(s)\n")
    noted = on_demo("record", "chain", "--project", env["OPENCBR_PROJECT_ID"], "--json").stdout
    file.write_text(noted)
    assert json.loads(noted)["ok"]
    again = on_demo("record", "chain", "--head", file)
    assert again.returncode == 0
    assert again.stdout.endswith("whole: 1 chain(s) with 1 link(s); 1 noted head(s) found again\n")
    assert on_demo("record", "chain", "--resource", "another").stdout == "whole: 0 chain(s) with 0 link(s)\n"


def test_a_head_that_is_not_found_again_is_a_fault(demo, on_demo, tmp_path):
    file = tmp_path / "heads.json"
    noted = json.loads(on_demo("record", "chain", "--json").stdout)
    noted["chains"][0]["head"] = {"sequence": 2, "digest": "ab" * 32}
    file.write_text(json.dumps(noted))
    done = on_demo("record", "chain", "--head", file)
    sentence = (
        f"the head noted before, link 2 with digest {'ab' * 32}, is not in the chain, which ends with link 1"
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, f"BROKEN: {sentence}")
    done = on_demo("record", "chain", "--head", file, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"], found["chains"][0]["problems"]) == (1, False, [sentence])
    for other in (
        "",
        "{}",
        '{"chains": [{}]}',
        '{"chains": [{"project_id": "", "resource_id": "", "head": 1}]}',
    ):
        file.write_text(other)
        done = on_demo("record", "chain", "--head", file)
        assert (done.returncode, done.stdout) == (1, "")
        assert "is not what `opencbr record chain --json` writes" in done.stderr


def test_registering_twice_changes_nothing_the_second_time(demo, on_demo):
    for _ in range(2):
        # The address that the others of this demo need, too.
        done = on_demo("register", "--as", "admin", "--endpoint", demo.env()["OPENCBR_ENDPOINT"])
        assert done.returncode == 0, done.stderr
    assert all(line.startswith("already there") for line in done.stdout.splitlines())


def test_a_wrong_command_line_has_clicks_exit_code(opencbr):
    assert opencbr("serve", "--nonsense").returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["demo"],
        ["serve"],
        ["worker"],
        ["db"],
        ["config"],
        ["register"],
        ["orphans"],
        ["record"],
        ["restore"],
        ["operation-logs"],
        ["operation-logs", "list"],
        ["status"],
        ["db", "copy"],
    ],
)
def test_every_command_has_help(opencbr, words):
    done = opencbr(*words, "--help")
    assert done.returncode == 0
    assert "Usage: opencbr" in done.stdout
