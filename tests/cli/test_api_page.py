"""docs/api.md's way from a vault to the metadata is gone as it stands there, on a demo of its own."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from cli.conftest import Demo

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text()
WAYS = re.findall(
    r"^```(sh|python)\n(.*?)^```$",
    PAGE.split("## From a vault")[1].split("\n## ")[0],
    re.DOTALL | re.MULTILINE,
)


@pytest.fixture(scope="module", name="own")
def _own(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("way"))
    demo.until("serving until Ctrl-C")
    yield demo
    demo.stop()


@pytest.fixture(name="calls")
def _calls(own):
    """Take the vaults of the page away again: a server is in one vault at a time."""
    env = own.env()
    url = f"{env['OPENCBR_ENDPOINT']}/v3/{env['OPENCBR_PROJECT_ID']}/vaults"
    session = requests.Session()
    session.headers["X-Auth-Token"] = env["OPENCBR_TOKEN"]

    def made():
        return [
            row for row in session.get(url, timeout=60).json()["vaults"] if row["name"].startswith("with-")
        ]

    yield made
    for vault in made():
        session.delete(f"{url}/{vault['id']}", timeout=60)
    deadline = time.monotonic() + 120
    while made():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_there_are_three_ways():
    assert [kind for kind, _ in WAYS] == ["sh", "python", "sh"]


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(0, id="curl"),
        pytest.param(1, id="sdk"),
        # Each of its commands is a program that takes seconds to start.
        pytest.param(2, id="openstack cbr", marks=pytest.mark.thorough),
    ],
)
def test_a_way_as_the_page_says_it(own, calls, way):
    kind, text = WAYS[way]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "OPENCBR_"))}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-e"] if kind == "sh" else [sys.executable, "-"],
        input=text,
        env=clean | own.env() | {"PATH": path, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r'^ +"name": "web1",$', done.stdout, re.MULTILINE), done.stdout
    assert len(calls()) == 1
