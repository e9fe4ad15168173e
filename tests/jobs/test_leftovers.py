"""What a job could not remove from the cloud: its log says so, and the janitor's rounds take it up."""

import dataclasses
import json

import pytest

from opencbr.jobs.duties import remove_leftovers
from opencbr.jobs.upstream import janitor
from opencbr.jobs.upstream.inventory import take_stock
from support.job_env import JobEnv
from support.job_steps import backed_up, context_of, disk_of

pytestmark = pytest.mark.usefixtures("worker")


def left_snapshot(env: JobEnv) -> str:
    """A good backup whose snapshot stayed; its id."""
    env.demo.faults.inject(service="volume", method="DELETE", path="/snapshots/", status=403, times=0)
    operation = env.request_backup(env.bind("web1"))
    log = env.succeeded(operation)
    env.demo.faults.clear()
    (sentence,) = log.details["left_in_cloud"]
    assert env.upstream("snapshot")[0]["id"] in sentence
    assert "answered 403 (req-" in sentence
    return operation.backup_id or ""


def test_a_snapshot_that_stays_is_told_of_and_removed_by_the_next_round(env: JobEnv) -> None:
    left_snapshot(env)
    remove_leftovers(context_of(env))
    env.assert_nothing_left(backups_left=1)


def test_a_round_leaves_alone_what_a_job_has_not_given_up(env: JobEnv) -> None:
    (backup,) = backed_up(env, env.bind("web1"))
    env.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    assert env.ended(env.request_deletion(backup)).status == "failed"
    env.demo.faults.clear()
    remove_leftovers(context_of(env))
    assert len(env.upstream("backup")) == 1, "whether to delete it once more is the user's to say"


def test_a_failed_job_tells_what_it_left(env: JobEnv) -> None:
    faults = env.demo.faults
    faults.inject(service="volume", method="DELETE", path="/snapshots/", status=403, times=0)
    faults.inject(service="volume", method="POST", path="/backups$", status=403, times=0)
    operation = env.request_backup(env.bind("web1"))
    log = env.ended(operation)
    faults.clear()
    assert log.status == "failed"
    assert log.error_message.startswith("step backups: volume POST /backups answered 403 (req-")
    assert any("snapshot" in sentence for sentence in log.details["left_in_cloud"])
    json.dumps(log.details)
    remove_leftovers(context_of(env))
    env.assert_nothing_left()


def test_a_removal_that_failed_tells_what_it_left_too(env: JobEnv) -> None:
    bound = env.bind("web1")
    older, _newer = backed_up(env, bound, 2)
    full = env.request_backup(bound, incremental=False)
    env.succeeded(full)
    stubborn = [disk_of(env, one).cinder_backup_id for one in (older, full.backup_id or "")]
    env.succeeded(env.request_deletion(older))
    assert env.backup(older, held=True) is not None, "the newer one is built on it"
    for one in stubborn:
        env.demo.faults.inject(
            service="volume", method="DELETE", path=f"/backups/{one}$", status=403, times=0
        )
    log = env.ended(env.request_removal(bound))
    env.demo.faults.clear()
    assert log.status == "failed"
    assert "1 of 2 backups were not deleted" in log.error_message
    (sentence,) = log.details["left_in_cloud"]
    assert stubborn[0] in sentence
    remove_leftovers(context_of(env))
    env.assert_nothing_left(backups_left=1)


def test_cleaning_looks_again_after_the_question(env: JobEnv) -> None:
    """Between the list and the answer an orphan may have become somebody's again, or gone."""
    left_snapshot(env)
    stock = take_stock(env.database, env.cloud)
    (orphan,) = stock.orphans
    remove_leftovers(context_of(env))
    state = env.demo.backend.state
    (cinder_backup,) = env.upstream("backup")
    claimed = dataclasses.replace(orphan, kind="backup", id=cinder_backup["id"], name=cinder_backup["name"])
    assert janitor.clean(context_of(env), [orphan, claimed]) == []
    with state.change():
        assert len(list(state.all("backup"))) == 1


def test_cleaning_frees_the_parent_of_a_failed_backup(env: JobEnv) -> None:
    bound = env.bind("web1")
    backed_up(env, bound)
    faults = env.demo.faults
    faults.inject(service="volume", method="GET", path="/export_record", status=500, times=0)
    faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    operation = env.request_backup(bound)
    assert env.ended(operation).status == "failed"
    faults.clear()
    failed = operation.backup_id or ""
    assert disk_of(env, failed).based_on is not None
    (done,) = janitor.clean(context_of(env), take_stock(env.database, env.cloud).orphans)
    assert done.problem is None
    assert disk_of(env, failed).based_on is None
    env.assert_nothing_left(backups_left=1)
