"""`opencbr serve` with a cloud that does not behave."""

import os
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
import requests
import yaml

from opencbr.cli.demo.state import choose_port
from opencbr.democloud import DemoCloud

from .conftest import OPENCBR

THREADS = 8


@contextmanager
def served(folder, cloud):
    """Serve with THREADS threads in one process; yields the address once it answers."""
    (folder / "clouds.yaml").write_text(yaml.safe_dump(cloud.clouds_yaml()))
    port = choose_port("127.0.0.1", 0)
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
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("already_known", [True, False])
def test_a_cinder_that_hangs_leaves_the_probes_answering(tmp_path, already_known):
    with DemoCloud(tmp_path / "cloud") as cloud, served(tmp_path, cloud) as url:
        if already_known:
            assert requests.get(f"{url}/readyz", timeout=30).status_code == 200
            time.sleep(2.1)  # as long as an answer is kept
        cloud.faults.inject(service="volume", path="/os-services", delay_seconds=10.0, times=0)
        try:
            answers = []
            probes = [
                threading.Thread(target=lambda: answers.append(requests.get(f"{url}/readyz", timeout=60)))
                for _ in range(THREADS + 4)
            ]
            for probe in probes:
                probe.start()
            time.sleep(0.5)
            begin = time.monotonic()
            assert requests.get(f"{url}/healthz", timeout=20).status_code == 200
            assert time.monotonic() - begin < 2
            for probe in probes:
                probe.join()
            # All but the one that asked had an answer at once; the asker names who hangs.
            assert len(answers) == len(probes)
            slow = [answer for answer in answers if answer.elapsed.total_seconds() > 2]
            assert [answer.json()["checks"] for answer in slow] == [
                {"database": "ok", "keystone": "ok", "mover": "failed"}
            ]
            assert requests.get(f"{url}/readyz", timeout=20).status_code == 503
        finally:
            cloud.faults.clear()
