"""The console in a real browser: what any page does wrong fails the test that opened it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from api.api_server import ApiServer
from api.protected_cloud import new_server, restored
from console.backup.recorded import HOSTILE, LONG, canary, hostile_backup, rich_server
from opencbr.model.backup import Backup
from opencbr.model.drill import COMMAND, FAILED, SERVER, Finding
from opencbr.model.ids import new_id
from opencbr.model.policy import DRILL
from opencbr.model.policy_run import MISSED, WAITING, PolicyRun
from opencbr.store import backups, drills, operation_logs, policy_runs
from support.chromium import chromium
from support.databases import Databases

from .screens import Things

expect.set_options(timeout=60_000)  # other suites run beside this one in CI


@pytest.fixture(scope="session", name="cbr")
def _cbr(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[ApiServer]:
    with rich_server(tmp_path_factory.mktemp("browser"), databases, one_click=("demo-admin", "demo")) as cbr:
        yield cbr


@pytest.fixture(scope="session", name="backup")
def _backup(cbr: ApiServer) -> Backup:
    return cbr.protected("rich")


@pytest.fixture(scope="session", name="things")
def _things(cbr: ApiServer, backup: Backup) -> Things:
    hostile, vault = hostile_backup(cbr), cbr.vault(name="busy")
    (log,) = cbr.call("GET", f"operation-logs?vault_id={hostile.vault_id}").json()["operation_logs"]
    running = cbr.backup(vault, status="protecting", disks=0)
    running_log = cbr.log(
        vault_id=vault.id, resource_id=running.resource_id, resource_name="db1", progress=30
    )
    plans = _plan(cbr, backup), _plan(cbr, hostile), _plan(cbr, cbr.protected("café-文"))
    restored_log = _restored_log(cbr, backup, plans[0])
    way_back_log = restored(cbr, new_server(cbr, sizes=(1, 1))).id
    drills = _ended_drill(cbr, hostile), _drill(cbr, cbr.backup(vault, resource_name=HOSTILE))
    policies = _policy(cbr, vault_id=hostile.vault_id), _policy(cbr, enabled=False)
    _runs(cbr, policies[0], hostile)
    drilling = _policy(
        cbr, vault_id=hostile.vault_id, operation_type=DRILL, operation_definition={"drill_sample": 3}
    )
    _runs(cbr, drilling, hostile, operation_type=DRILL, operation_log_id=drills[0])
    return Things(
        backup=backup,
        hostile=hostile,
        hostile_log=log["id"],
        running=running,
        running_log=running_log.id,
        restored_log=restored_log,
        checkpoint_log=_checkpoint_log(cbr, hostile),
        way_back_log=way_back_log,
        plans=plans,
        drills=drills,
        policies=policies,
        drilling=drilling,
    )


def _policy(cbr: ApiServer, *, vault_id: str | None = None, **changes: Any) -> str:
    kept = {"max_backups": 14, "day_backups": 7, "timezone": "UTC+01:00", "full_backup_interval": 7}
    pattern = [
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=02,14;BYMINUTE=30",
        "FREQ=DAILY;INTERVAL=2;BYHOUR=22;BYMINUTE=00",
    ]
    trigger = {"properties": {"pattern": pattern, "time_zone": "Europe/Berlin"}}
    policy = {
        "name": "workdays",
        "operation_type": "backup",
        "operation_definition": kept,
        "trigger": trigger,
    }
    answer = cbr.call("POST", "policies", {"policy": policy | changes})
    assert answer.status_code == 200, answer.text
    made = str(answer.json()["policy"]["id"])
    if vault_id is not None:
        assert cbr.call("POST", f"vaults/{vault_id}/associatepolicy", {"policy_id": made}).status_code == 200
    return made


def _runs(cbr: ApiServer, policy_id: str, backup: Backup, **changes: Any) -> None:
    """Write runs of a policy with every link and the longest words: one waits, one was missed."""
    now = cbr.clock.now()
    for status in (WAITING, MISSED):
        run = PolicyRun(
            id=new_id(now),
            project_id=backup.project_id,
            policy_id=policy_id,
            vault_id=backup.vault_id,
            resource_id=backup.resource_id,
            resource_name=HOSTILE,
            resource_type=backup.resource_type,
            status=status,
            due_at=now - timedelta(hours=30),
            not_before=now,
            start_by=now + timedelta(days=1),
            late=True,
            attempts=2,
            code="2005",
            reason=f"{HOSTILE} {LONG}",
            backup_id=backup.id,
            operation_log_id=new_id(now),
            created_at=now,
            ended_at=None if status == WAITING else now,
        )
        with cbr.database.write() as conn:
            assert policy_runs.insert(conn, replace(run, **changes))


def _drill(cbr: ApiServer, backup: Backup) -> str:
    answer = cbr.call("POST", "drills", {"drill": {"backup_id": backup.id}})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["drill"]["id"])


def _ended_drill(cbr: ApiServer, backup: Backup) -> str:
    """Write what a drill could have found; the backup is available again."""
    drill, now = _drill(cbr, backup), cbr.clock.now()
    found = [
        Finding(kind=kind, name=HOSTILE, held=kind != COMMAND, said=f"{HOSTILE} {LONG}")
        for kind in (SERVER, COMMAND)
    ]
    with cbr.database.write() as conn:
        drills.find(conn, drill, found)
        drills.end(conn, drill, FAILED, f"{HOSTILE} {LONG}", now=now)
        operation_logs.finish(conn, drill, "failed", "2005", HOSTILE, now=now)
        assert backups.move_family(conn, backup.project_id, backup.id, "available", updated_at=now)
    return drill


def _plan(cbr: ApiServer, backup: Backup) -> str:
    """Make a restore plan, and return the address of its page."""
    body = {"restore_plan": {"as": "new_server"}}
    answer = cbr.call("POST", f"backups/{backup.id}/restore-plans", body)
    assert answer.status_code == 200, answer.text
    return f"/console/backups/{backup.id}/restore-plans/{answer.json()['restore_plan']['id']}"


def _restored_log(cbr: ApiServer, backup: Backup, plan: str) -> str:
    """Write the log of a restore that has ended, whose report has a row of each kind that is not as before."""
    others = [
        {"document": "server", "field": f"server.{word}", "became": word, "why": f"{HOSTILE} {LONG}"}
        for word in ("mapped", "skipped", "impossible")
    ]
    report = {"restored": 384, "mapped": 1, "renewed": 400, "skipped": 1, "impossible": 1}
    details = {"backup_id": backup.id, "restore_plan_id": plan.rpartition("/")[2], "notes": [HOSTILE]}
    details |= {"target_resource_id": backup.resource_id, "report": report | {"not_as_before": others}}
    return _ended_log(cbr, "restore_new_server", details)


def _checkpoint_log(cbr: ApiServer, backup: Backup) -> str:
    """Write the log of a checkpoint's restore that has ended, with two servers."""
    other = {"document": HOSTILE, "field": LONG, "became": "mapped", "why": f"{HOSTILE} {LONG}"}
    report = {
        "restored": 7,
        "mapped": 1,
        "renewed": 5,
        "skipped": 0,
        "impossible": 0,
        "not_as_before": [other],
    }
    one = {"backup_id": backup.id, "resource_id": backup.resource_id, "report": report}
    resources = [one | {"resource_name": HOSTILE, "target_resource_id": name} for name in (HOSTILE, LONG)]
    details = {"checkpoint_id": backup.checkpoint_id, "resources": resources, "report": report}
    return _ended_log(cbr, "restore_checkpoint", details)


def _ended_log(cbr: ApiServer, operation_type: str, details: dict[str, object]) -> str:
    log = cbr.log(operation_type=operation_type, resource_name=canary("log.resource"), details=details)
    with cbr.database.write() as conn:
        assert operation_logs.finish(conn, log.id, "success", now=cbr.clock.now())
    return log.id


@pytest.fixture(scope="session", name="browser")
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Debian's Chromium has no sandbox for root, which tests in a container are.
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


def watched(context: BrowserContext, cbr: ApiServer, wrong: list[str]) -> Page:
    """Open a page that notes what no page may do: errors and violations in the log, other hosts, dialogs of a script."""
    page = context.new_page()
    page.on(
        "console",
        lambda said: (
            said.type in {"error", "warning"} and not _is_status(said.text) and wrong.append(said.text)
        ),
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    here = urlsplit(cbr.url).netloc
    page.on(
        "request",
        lambda sent: urlsplit(sent.url).netloc not in ("", here) and wrong.append(f"asked {sent.url}"),
    )
    return page


def _is_status(text: str) -> bool:
    """Chromium logs every answer of 400 and more; those are what some tests are about."""
    return text.startswith("Failed to load resource: the server responded with a status of")


@pytest.fixture(name="wrong")
def _wrong() -> list[str]:
    return []


@pytest.fixture(name="context")
def _context(browser: Browser, cbr: ApiServer) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=cbr.url)
    context.set_default_timeout(60_000)  # other suites run beside this one in CI
    yield context
    context.close()


@pytest.fixture(name="page")
def _page(context: BrowserContext, cbr: ApiServer, wrong: list[str]) -> Iterator[Page]:
    page = watched(context, cbr, wrong)
    yield page
    assert wrong == []


@pytest.fixture(name="admin")
def _admin(page: Page) -> Page:
    """A page, signed in as demo-admin."""
    return enter(page, "demo-admin")


@pytest.fixture(name="member")
def _member(page: Page) -> Page:
    """A page, signed in as a plain member."""
    return enter(page, "demo")


def enter(page: Page, user: str) -> Page:
    page.goto("/console")
    page.get_by_role("button", name=f"Sign in as {user}", exact=True).click()
    page.wait_for_url("**/console")
    return page
