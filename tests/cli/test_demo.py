"""The demo does what its first page promises, and leaves nothing behind."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.conftest import Demo
from opencbr.cli.demo.story import NOW
from opencbr.console.explorer.environment import environment_line
from opencbr.jobs import backup
from opencbr.samples.languages import LANGUAGES

VARIABLES = {
    "OPENCBR_ENDPOINT",
    "OPENCBR_PROJECT_ID",
    "OPENCBR_AK",
    "OPENCBR_SK",
    "OPENCBR_TOKEN",
    "OPENCBR_BACKUP_ID",
    "OS_AUTH_URL",
    "OS_USERNAME",
    "OS_PASSWORD",
    "OS_PROJECT_NAME",
    "OS_USER_DOMAIN_NAME",
    "OS_PROJECT_DOMAIN_NAME",
    "OS_IDENTITY_API_VERSION",
    "OS_PROJECT_ID",
    "OS_USER_DOMAIN_ID",
    "HUAWEICLOUD_SDK_AK",
    "HUAWEICLOUD_SDK_SK",
}
MEMBERS = {"backup_id", "backups", "server", "volumes", "interface", "flavor", "ports", "floatingips"}


def block(said: str, first: str, last: str) -> str:
    """The printed lines from one that begins with `first` to one that begins with `last`."""
    lines = said.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(first))
    end = next(i for i, line in enumerate(lines[start:], start) if line.startswith(last))
    return "\n".join(lines[start : end + 1])


def test_it_prints_what_a_person_wants_to_know(demo):
    said = demo.output.read_text()
    for words in (
        "db1",
        "m1.tiny",
        "10.1.0.20",
        "db1-archive",
        "demo-key",
        "user_data",
        "verdict: complete",
        "memory at rest",
    ):
        assert words in said, words
    told = re.findall(r"^ +(\d+) %  (.*)$", said, re.MULTILINE)
    assert len({percent for percent, _ in told}) >= 3  # progress while it ran
    assert all(" " in words for _, words in told), told  # in words, not by the name of a step
    assert told[-1] == ("100", "done: 3 disks, 5 GiB")


def test_every_step_of_a_backup_has_its_words():
    told = set()
    for file in Path(backup.__file__).parent.glob("*.py"):
        told |= set(re.findall(r"advance\([^\"]*\"(\w+)\"", file.read_text()))
    assert len(told) >= 6
    assert told <= NOW.keys()


def test_it_keeps_its_secrets_off_the_screen_and_its_files_to_itself(demo):
    said, env = demo.output.read_text(), demo.env()
    for name in ("OPENCBR_SK", "OPENCBR_TOKEN", "OS_PASSWORD"):
        assert env[name] not in said
    assert "correct-horse" not in said
    for path in (
        demo.env_file,
        demo.state / "env-member",
        demo.state / "clouds.yaml",
        demo.state / "opencbr.toml",
    ):
        assert path.stat().st_mode & 0o077 == 0, path
    assert demo.state.stat().st_mode & 0o077 == 0


def test_the_console_finds_what_samples_read_for_each_user_of_the_demo(demo):
    """The line that stands before a sample sets every variable of the samples that a shell can run.

    No file has OS_TOKEN: the OpenStack client refuses a token beside a password.
    """
    rows = json.loads((demo.state / "accounts.json").read_text())
    assert [row["user"] for row in rows] == ["demo-admin", "demo"]
    for row in rows:
        for language in LANGUAGES:
            if language.packages is None:
                continue
            script = environment_line(row["environment"], language.variables) + "env"
            said = subprocess.run(
                ["sh", "-c", script], env={"OS_TOKEN": "old"}, check=True, capture_output=True
            )
            found = dict(line.partition("=")[::2] for line in said.stdout.decode().splitlines())
            assert set(language.variables) <= found.keys()
            assert (found["OS_USERNAME"], found["OS_PROJECT_ID"]) == (row["user"], row["project_id"])
            if "OS_TOKEN" in language.variables:
                assert found["OS_TOKEN"] == found["OPENCBR_TOKEN"]
            elif "OS_PASSWORD" in language.variables:
                assert "OS_TOKEN" not in found


def test_the_file_has_the_promised_variables_in_the_promised_form(demo):
    assert demo.env().keys() == VARIABLES
    comment, *exports = demo.env_file.read_text().splitlines()
    assert re.fullmatch(r"# OPENCBR_TOKEN ends \d{4}-\d\d-\d\d \d\d:\d\d UTC\. .* source it again\.", comment)
    for line in exports:
        assert re.fullmatch(r"export [A-Z_]+='[^']*'", line)


def test_the_printed_curl_line_gives_the_verbatim_metadata(demo):
    script = block(demo.output.read_text(), ". ", "curl ")
    answer = json.loads(subprocess.run(["sh", "-c", script], check=True, capture_output=True).stdout)
    assert answer.keys() == MEMBERS
    assert "correct-horse" not in json.dumps(answer)  # in base64, as Nova gives it
    assert json.loads(answer["server"])["server"]["OS-EXT-SRV-ATTR:user_data"].startswith("I2Nsb3VkLWNvbmZpZ")


def test_the_lines_after_it_show_a_document_decoded(demo):
    said = demo.output.read_text()
    script = block(said, ". ", ". ") + "\n" + block(said[said.index("decoded:") :], "curl ", "'")
    done = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["server"]["name"] == "db1"
    assert done.stdout.count("\n") > 20
    assert f"The token in there ends at {demo.env_file.read_text().split()[4]} UTC" in said


def test_once_it_prints_nothing_that_needs_a_server(tmp_path):
    once = Demo(tmp_path, "--once")
    assert once.process.wait(120) == 0
    said = once.output.read_text()
    assert "verdict: complete" in said
    assert "without --once it keeps serving" in said
    for words in ("curl", "python3 -", "\n. "):
        assert words not in said


def test_the_printed_python_lines_give_the_same(demo):
    said = demo.output.read_text()
    here = f'PATH="{Path(sys.executable).parent}:$PATH"; '
    script = block(said, ". ", ". ") + "\n" + here + block(said, "python3 - <<", "END")
    answer = json.loads(subprocess.run(["sh", "-c", script], check=True, capture_output=True).stdout)
    assert answer["backup_id"] == demo.env()["OPENCBR_BACKUP_ID"]
    assert json.loads(answer["server"])["server"]["name"] == "db1"


def test_a_plain_member_sees_the_same_documents_masked(demo):
    script = f". '{demo.state}/env-member'\n" + block(demo.output.read_text(), "curl ", "curl ")
    answer = json.loads(subprocess.run(["sh", "-c", script], check=True, capture_output=True).stdout)
    server = json.loads(answer["server"])["server"]
    assert server["name"] == "db1"
    assert server["OS-EXT-SRV-ATTR:user_data"].startswith("(masked secret")
    assert server["OS-EXT-SRV-ATTR:host"].startswith("(masked infrastructure")


def test_a_second_demo_in_the_same_folder_is_refused(demo, opencbr):
    done = opencbr("demo", "--once", "--state", demo.state, "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "another demo runs in" in done.stderr


@pytest.fixture(name="taken")
def _taken():
    """An address that somebody else listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_an_address_that_is_taken_is_refused_in_a_sentence(opencbr, tmp_path, taken):
    done = opencbr("demo", "--once", "--state", tmp_path / "s", "--listen", taken)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{taken} is taken" in done.stderr


@pytest.mark.matrix(fast=2)
@pytest.mark.parametrize(
    "homes",
    [
        ("{tmp}/data home", "data home/opencbr/demo"),
        ("~/data", "home/data/opencbr/demo"),
        ("", "home/.local/share/opencbr/demo"),
        (None, "home/.local/share/opencbr/demo"),
    ],
)
def test_without_a_word_it_keeps_everything_in_the_user_s_data_folder(
    opencbr, tmp_path, monkeypatch, taken, homes
):
    data_home, folder = homes
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    env = {"HOME": str(tmp_path / "home")}
    if data_home is not None:
        env["XDG_DATA_HOME"] = data_home.format(tmp=tmp_path)
    # It takes its folder first, and comes no further than to the address.
    done = opencbr("demo", "--once", "--listen", taken, env=env)
    assert f"{taken} is taken" in done.stderr
    made = sorted(path for path in tmp_path.rglob("*") if not path.is_dir())
    assert made == [tmp_path / folder / "lock"]
    assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700


def secrets_of(demo: Demo) -> dict[str, str]:
    """Every credential that a demo has made: both users' variables, and the passwords of all its users."""
    found = {}
    for name in ("env", "env-member"):
        _, *lines = (demo.state / name).read_text().splitlines()
        values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        secret = ("OPENCBR_AK", "OPENCBR_SK", "OPENCBR_TOKEN", "OS_PASSWORD")
        found |= {f"{name} {one}": values[one] for one in secret}
    clouds = json.loads((demo.state / "clouds.yaml").read_text())["clouds"]
    found |= {f"clouds.yaml {name}": cloud["auth"]["password"] for name, cloud in clouds.items()}
    # The service's own keys, which open and sign what is backed up.
    found |= {path.name: path.read_text() for path in (demo.state / "keys").iterdir()}
    return found


@pytest.mark.thorough
def test_no_two_demos_have_a_credential_in_common(demo, tmp_path):
    other = Demo(tmp_path, "--once")
    assert other.process.wait(120) == 0, other.output.read_text()
    here, there = secrets_of(demo), secrets_of(other)
    assert here.keys() == there.keys()
    assert {"clouds.yaml opencbr", "clouds.yaml admin", "clouds.yaml demo"} <= here.keys()
    assert len(here) >= 14
    assert set(here.values()) & set(there.values()) == set()


@pytest.mark.matrix(fast=1)
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_stops_without_leaving_a_process_and_finds_its_backups_again(tmp_path, name):
    first = Demo(tmp_path)
    first.until("serving until Ctrl-C")
    backup_id, password = first.env()["OPENCBR_BACKUP_ID"], first.env()["OS_PASSWORD"]
    family = first.processes()
    assert len(family) >= 3
    code = first.stop(name)
    assert code == (-9 if name == signal.SIGKILL else 0), first.output.read_text()
    deadline = time.monotonic() + 20
    while first.processes():
        assert time.monotonic() < deadline, first.processes()
        time.sleep(0.1)

    second = Demo(tmp_path, "--once")
    assert second.process.wait(120) == 0, second.output.read_text()
    assert backup_id in second.output.read_text()
    assert "earlier starts" in second.output.read_text()
    assert (second.env()["OPENCBR_BACKUP_ID"], second.env()["OS_PASSWORD"]) == (backup_id, password)
    assert not second.processes()


@pytest.mark.thorough
def test_interrupted_in_the_middle_of_the_backup_it_stops_and_goes_on_at_the_next_start(tmp_path):
    first = Demo(tmp_path)
    first.until("all documents are read")
    assert first.stop() == 130
    assert not first.processes()
    second = Demo(tmp_path, "--once")
    assert second.process.wait(120) == 0, second.output.read_text()
    said = second.output.read_text()
    assert "1 backup(s) from earlier starts" in said
    assert "verdict: complete" in said
