"""`opencbr serve` with a cloud that does not behave."""

import os
import re
import resource
import select
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
import requests
import yaml
from rich.console import Console

from opencbr.cli.app import Failure
from opencbr.cli.demo import command
from opencbr.cli.port import PortTaken, claim_port
from opencbr.democloud import DemoCloud
from sdk.installation import eventually
from support.granian import free_port

from .conftest import OPENCBR

THREADS = 8
SILENT = 1500


@contextmanager
def served(folder, cloud):
    """Serve with THREADS threads in one process; yields the address once it answers."""
    with started(folder, cloud) as (url, _):
        yield url


@contextmanager
def started(folder, cloud):
    """Serve so; yields the address and the process."""
    (folder / "clouds.yaml").write_text(yaml.safe_dump(cloud.clouds_yaml()))
    port = free_port()
    (folder / "opencbr.toml").write_text(
        f'[api]\nlisten = "127.0.0.1:{port}"\nthreads = {THREADS}\n'
        f'[cloud]\nconfig_files = ["{folder}/clouds.yaml"]\n'
        f'[database]\nurl = "sqlite:///{folder}/o.db"\n[keys]\nfolder = "{folder}/keys"\n'
    )
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("OPENCBR_", "OS_"))}
    words = [*OPENCBR, "--config", str(folder / "opencbr.toml")]
    subprocess.run([*words, "db", "upgrade"], env=environ, check=True, capture_output=True)
    process = subprocess.Popen([*words, "serve"], env=environ, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(f"{url}/healthz", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield url, process
    finally:
        process.terminate()
        process.wait(30)


def answers_while_cinder_hangs(cloud, url: str) -> list[requests.Response] | None:
    """Ask with more callers than the server has threads while one waits for Cinder; None if that one was ready first."""
    hanging = cloud.faults.inject(service="volume", path="/os-services", delay_seconds=10.0, times=0)
    waited_for, answers = [], []

    def ask_until_cinder_is_asked() -> None:
        while not hanging.hits:
            waited_for.append(requests.get(f"{url}/readyz", timeout=60))

    try:
        asker = threading.Thread(target=ask_until_cinder_is_asked)
        asker.start()
        eventually(lambda: hanging.hits, "Cinder is asked")
        before = len(waited_for)
        probes = [
            threading.Thread(target=lambda: answers.append(requests.get(f"{url}/readyz", timeout=60)))
            for _ in range(THREADS + 4)
        ]
        for probe in probes:
            probe.start()
        answers.append(requests.get(f"{url}/healthz", timeout=60))
        for probe in probes:
            probe.join()
        in_time = len(waited_for) == before
        asker.join()
        # The asker names who hangs.
        assert waited_for[-1].json()["checks"]["mover"] == "failed"
        return answers if in_time else None
    finally:
        cloud.faults.clear()


@pytest.mark.thorough
@pytest.mark.parametrize("already_known", [True, False])
def test_a_cinder_that_hangs_leaves_the_probes_answering(tmp_path, already_known):
    with DemoCloud(tmp_path / "cloud") as cloud, served(tmp_path, cloud) as url:
        known, answers = already_known, None
        while answers is None:  # on a machine so busy that the asker's patience ends first, again
            if known:
                eventually(lambda: requests.get(f"{url}/readyz", timeout=60).ok, "everything is there")
            answers = answers_while_cinder_hangs(cloud, url)
            known = True
        assert len(answers) == THREADS + 5
        words = {answer.json()["checks"]["mover"] for answer in answers if "checks" in answer.json()}
        assert words <= ({"ok"} if already_known else {"asking", "ok"})
        assert words


def test_who_waits_for_a_cloud_that_hangs_is_answered_when_the_server_is_stopped(tmp_path):
    """The cloud is released only after the process has ended."""
    with DemoCloud(tmp_path / "cloud") as cloud, started(tmp_path, cloud) as (url, process):
        account, answers = cloud.account("demo"), []
        user = {"name": account["user_name"], "password": account["password"], "domain": {"id": "default"}}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": account["project_id"]}},
        }
        signed_in = requests.post(f"{cloud.auth_url}/auth/tokens", json={"auth": auth}, timeout=60)
        headers = {"X-Auth-Token": signed_in.headers["X-Subject-Token"]}
        path = f"{url}/v3/{account['project_id']}/protectables/server/instances"
        assert requests.get(path, headers=headers, timeout=60).status_code == 200
        hanging = cloud.faults.inject(service="compute", path="/servers/detail", held=True, times=0)
        callers = [
            threading.Thread(target=lambda: answers.append(requests.get(path, headers=headers, timeout=60)))
            for _ in range(3)
        ]
        for caller in callers:
            caller.start()
        eventually(lambda: hanging.hits == len(callers), "all wait for Nova")
        process.terminate()
        for caller in callers:
            caller.join()
        assert process.wait(60) == 0
        assert hanging.hits == len(callers), "nobody was asked again"
        assert [answer.status_code for answer in answers] == [503] * len(callers)
        cloud.faults.clear()


@pytest.fixture(scope="module", name="running")
def _running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("running")
    with DemoCloud(folder / "cloud") as cloud, served(folder, cloud) as url:
        yield folder, url


def test_a_port_that_is_taken_is_an_error(running):
    """Both would listen, and the second be sent a part of the first one's requests with their tokens."""
    folder, url = running
    words = [*OPENCBR, "--config", str(folder / "opencbr.toml"), "serve"]
    second = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert (second.returncode, second.stdout) == (1, "")
    assert f"{url.removeprefix('http://')} is taken: another server listens there" in second.stderr
    assert requests.get(f"{url}/healthz", timeout=60).status_code == 200


def test_many_connections_that_say_nothing_leave_room(running):
    """The server closes them in the end: it answers while all of them are still open."""
    _, url = running
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 4 * SILENT:
        pytest.skip(f"this machine allows {most} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * SILENT, most))
    host, _, port = url.removeprefix("http://").partition(":")
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection((host, int(port)), 60)) for _ in range(SILENT)]
        assert requests.get(f"{url}/healthz", timeout=120).status_code == 200
        poll = select.poll()
        for line in lines:
            poll.register(line, select.POLLIN)
        assert poll.poll(0) == [], "the answer came when the server had closed some"


def test_a_port_is_claimed_by_one_and_shared_by_its_processes():
    with claim_port("127.0.0.1", 0) as held, socket.socket() as listener:
        port = held.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} is taken"):
            claim_port("127.0.0.1", port)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        with pytest.raises(PortTaken):
            claim_port("0.0.0.0", port)
        socket.create_connection(("127.0.0.1", port), 60).close()
    claim_port("127.0.0.1", port).close()


def test_two_demos_started_together_have_a_port_each():
    console = Console(quiet=True)
    with command._port("127.0.0.1", 0, console, may_give_way=True) as first:
        port = first.getsockname()[1]
        with command._port("127.0.0.1", port, console, may_give_way=True) as second:
            assert second.getsockname()[1] != port


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_an_address_that_is_not_of_this_machine_is_a_sentence(host):
    with pytest.raises(Failure, match=host):
        claim_port(host, 0)


@pytest.mark.parametrize(
    "host", ["224.0.0.1", "255.255.255.255", pytest.param(f"{'a' * 64}.example", id="long"), "two..dots"]
)
def test_what_no_machine_can_be_called_is_a_sentence(host):
    with pytest.raises(Failure, match=re.escape(host)):
        claim_port(host, 0)


@pytest.mark.parametrize("host", ["localhost", "127.1", "::1"])
def test_an_address_in_any_spelling_is_served_and_told_as_a_url(running, tmp_path, host):
    """The server's own code takes addresses in numbers only, and an IPv6 address in a URL stands in brackets."""
    folder, _ = running
    words = [*OPENCBR, "--config", str(folder / "opencbr.toml"), "serve", "--listen", f"{host}:0"]
    log = tmp_path / "log"
    with log.open("w") as out, subprocess.Popen(words, stderr=out) as process:
        try:
            told = eventually(lambda: re.search(r"serving on (http://\S+),", log.read_text()), "it serves")

            def healthy() -> bool:
                assert process.poll() is None, log.read_text()
                try:
                    return requests.get(f"{told[1]}/healthz", timeout=60).status_code == 200
                except requests.ConnectionError:
                    return False

            eventually(healthy, f"{told[1]} answers")
        finally:
            process.terminate()


def test_a_taken_ipv6_address_is_told_as_a_url_has_it():
    with claim_port("::1", 0) as held:
        port = held.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"\[::1\]:{port} is taken"):
            claim_port("::1", port)
