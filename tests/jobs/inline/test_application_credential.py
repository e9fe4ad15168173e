"""A service user's entry of clouds.yaml that can work in one project only: said before any backup, and by the backup."""

import logging
import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
import yaml

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.democloud import DemoCloud
from opencbr.jobs.context import JobContext
from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.upstream.inventory import Inventory, take_stock
from opencbr.model.operation_log import LEFT
from support.inline_job import WatchedClock, carry_out_inline, job_context
from support.job_env import JobEnv

NOTHING = Inventory(orphans=(), missing=(), unneeded=())


def application_credential(demo: DemoCloud) -> dict[str, str]:
    """Make one for the service user, as its entry of clouds.yaml names it."""
    account = demo.account("opencbr")
    user = {"name": account["user_name"], "password": account["password"], "domain": {"id": "default"}}
    auth = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"id": account["project_id"]}},
    }
    signed_in = requests.post(f"{demo.auth_url}/auth/tokens", json={"auth": auth}, timeout=10)
    answer = requests.post(
        f"{demo.auth_url}/users/{account['user_id']}/application_credentials",
        json={"application_credential": {"name": secrets.token_hex(4), "unrestricted": True}},
        headers={"X-Auth-Token": signed_in.headers["X-Subject-Token"]},
        timeout=10,
    )
    made = answer.json()["application_credential"]
    return {
        "auth_url": demo.auth_url,
        "application_credential_id": made["id"],
        "application_credential_secret": made["secret"],
    }


@pytest.fixture
def bound(env: JobEnv, clock: WatchedClock) -> Iterator[Cloud]:
    file = env.folder / "bound.yaml"
    entry = {"auth": application_credential(env.demo), "auth_type": "v3applicationcredential"}
    file.write_text(yaml.safe_dump({"clouds": {"opencbr": entry}}))
    cloud = Cloud(CloudSettings(config_files=(str(file),), retries=0), clock)
    yield cloud
    cloud.close()


@pytest.fixture
def ctx(env: JobEnv, bound: Cloud, clock: WatchedClock) -> JobContext:
    return replace(job_context(env), cloud=bound, clock=clock)


def test_the_check_says_so(bound: Cloud) -> None:
    (tenant,) = [finding for finding in bound.check() if finding.name == "tenant"]
    assert not tenant.ok
    assert "is bound to one project" in tenant.message


def test_a_backup_says_so_and_calls_nothing_left_that_was_never_made(
    env: JobEnv, ctx: JobContext, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
        assert log.status == "failed"
        assert "the service's credential is bound to one project" in log.error_message
        (planned,) = env.ledger()
        for told in (log.error_message, str(log.details)):
            assert planned.name not in told
            assert "still in the cloud" not in told
        assert LEFT not in log.details
        assert take_stock(env.database, ctx.cloud) == NOTHING
        remove_leftovers(ctx)
        remove_leftovers(replace(ctx, cloud=env.cloud))  # an operator has given a password
    assert env.ledger() == []
    said = [line for line in caplog.messages if planned.name in line]
    assert len(said) == 2
    assert all(line.startswith(f"whether {planned.kind} {planned.name} was ever made") for line in said), said


def test_a_way_back_that_breaks_is_told_as_that(
    env: JobEnv, ctx: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("opencbr.jobs.compensation.remove_briefly", broken)
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert log.status == "failed"
    assert LEFT not in log.details
    assert "still in the cloud" not in log.error_message
    assert "; the way back was cut short: step compensate: an unforeseen RuntimeError" in log.error_message
