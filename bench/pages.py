"""Pages of the console beside the JSON calls that they show, in a project with 100,000 backups.

Both are asked of one demo over HTTP, in turns; the best of twenty. The ratio says what the page adds: its templates, its session, and
that it asks for more than one thing.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import requests

from bench.demo import console_of, running
from bench.lists import fill
from opencbr.model.ids import new_id
from opencbr.store.database import Database

BACKUPS = 100_000
TIMES = 20


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "demo") as (_, said):
        return table(Path(folder) / "demo", console_of(said))


def table(state: Path, url: str) -> list[str]:
    browser, api, project = signed_in(state, url)
    own = f"/v3/{project}"
    start = datetime.now(UTC)
    backup = api.get(f"{url}{own}/backups").json()["backups"][0]["id"]
    body = {"restore_plan": {"as": "new_server"}}
    made = api.post(f"{url}{own}/backups/{backup}/restore-plans", json=body, timeout=60)
    plan = made.json()["restore_plan"]["id"]
    database = Database(f"sqlite:///{state}/opencbr.db")
    fill(database, [new_id(start) for _ in range(20)], 0, BACKUPS, project=project)
    database.dispose()
    pairs = {
        "overview": (
            "/console",
            [
                *("vaults/summary", "vaults?limit=5", "backups?limit=5", "operation-logs?limit=5"),
                "operation-logs?status=running&status=waiting&limit=5",
            ],
        ),
        "vaults": ("/console/vaults", ["vaults?limit=25"]),
        "backups": ("/console/backups", ["backups?limit=25"]),
        "operation logs": ("/console/operation-logs", ["operation-logs?limit=25"]),
        "backup": (
            f"/console/backups/{backup}",
            [f"backups/{backup}{part}" for part in ("", "/metadata", "/record", "/record/report")],
        ),
        "restore plan": (f"/console/backups/{backup}/restore-plans/{plan}", [f"restore-plans/{plan}"]),
        "explorer": ("/explorer", ["vaults?limit=1"]),
        "operation in the explorer": ("/explorer/CreateVault", ["vaults?limit=1"]),
    }
    lines = [f"{'page':28}{'page, ms':>10}{'calls':>8}{'calls, ms':>11}{'ratio':>8}"]
    for name, (page, calls) in pairs.items():
        shown, asked = [], []
        for _ in range(TIMES):
            shown.append(timed(lambda page=page: browser.get(url + page)))
            asked.append(sum(timed(lambda call=call: api.get(f"{url}{own}/{call}")) for call in calls))
        lines.append(
            f"{name:28}{min(shown):10.1f}{len(calls):8}{min(asked):11.1f}{min(shown) / min(asked):7.1f} x"
        )
    return lines


def signed_in(state: Path, url: str) -> tuple[requests.Session, requests.Session, str]:
    """Return a browser's session, an API client's, and the project, all of demo-admin."""
    browser, api = requests.Session(), requests.Session()
    form = browser.get(f"{url}/console/sign-in").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert found is not None
    given = {"csrf_token": found[1], "user": "demo-admin"}
    browser.post(f"{url}/console/sign-in/one-click", data=given).raise_for_status()
    env = (state / "env").read_text()
    known = {
        name: re.search(rf"{name}='?([^'\n]+)", env)[1] for name in ("OPENCBR_TOKEN", "OPENCBR_PROJECT_ID")
    }
    api.headers["X-Auth-Token"] = known["OPENCBR_TOKEN"]
    return browser, api, json.loads((state / "accounts.json").read_text())[0]["project_id"]


def timed(ask: Callable[[], requests.Response]) -> float:
    begun = time.perf_counter()
    ask().raise_for_status()
    return (time.perf_counter() - begun) * 1000
