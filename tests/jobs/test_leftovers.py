"""What a job could not remove from the cloud: its log says so, and the janitor's rounds take it up."""

import dataclasses
import json
import threading

import pytest

from opencbr.jobs import janitor, rounds
from opencbr.jobs.engine import Lost
from opencbr.jobs.kit import Site
from opencbr.jobs.rounds import Rounds
from support.deeds import backed_up, disk_of, site_of
from support.yard import Yard, eventually

pytestmark = pytest.mark.usefixtures("worker")


def left_snapshot(yard: Yard) -> str:
    """A good backup whose snapshot stayed; its id."""
    yard.demo.faults.inject(service="volume", method="DELETE", path="/snapshots/", status=403, times=0)
    order = yard.order_backup(yard.bind("web1"))
    log = yard.succeeded(order)
    yard.demo.faults.clear()
    (sentence,) = log.details["left_in_cloud"]
    assert yard.upstream("snapshot")[0]["id"] in sentence
    assert "answered 403 (req-" in sentence
    return order.backup_id or ""


def test_a_snapshot_that_stays_is_told_of_and_removed_by_the_next_round(yard: Yard) -> None:
    left_snapshot(yard)
    rounds.go_round(site_of(yard))
    yard.assert_nothing_left(backups_left=1)


def test_a_round_leaves_alone_what_a_job_has_not_given_up(yard: Yard) -> None:
    (backup,) = backed_up(yard, yard.bind("web1"))
    yard.demo.faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    assert yard.ended(yard.order_delete(backup)).status == "failed"
    yard.demo.faults.clear()
    rounds.go_round(site_of(yard))
    assert len(yard.upstream("backup")) == 1, "whether to delete it once more is the user's to say"


def test_a_failed_job_tells_what_it_left(yard: Yard) -> None:
    faults = yard.demo.faults
    faults.inject(service="volume", method="DELETE", path="/snapshots/", status=403, times=0)
    faults.inject(service="volume", method="POST", path="/backups$", status=403, times=0)
    order = yard.order_backup(yard.bind("web1"))
    log = yard.ended(order)
    faults.clear()
    assert log.status == "failed"
    assert log.error_message.startswith("step backups: volume POST /backups answered 403 (req-")
    assert any("snapshot" in sentence for sentence in log.details["left_in_cloud"])
    json.dumps(log.details)
    rounds.go_round(site_of(yard))
    yard.assert_nothing_left()


def test_a_removal_that_failed_tells_what_it_left_too(yard: Yard) -> None:
    bound = yard.bind("web1")
    older, _newer = backed_up(yard, bound, 2)
    full = yard.order_backup(bound, incremental=False)
    yard.succeeded(full)
    stubborn = [disk_of(yard, one).cinder_backup_id for one in (older, full.backup_id or "")]
    yard.succeeded(yard.order_delete(older))
    assert yard.backup(older, held=True) is not None, "the newer one is built on it"
    for one in stubborn:
        yard.demo.faults.inject(
            service="volume", method="DELETE", path=f"/backups/{one}$", status=403, times=0
        )
    log = yard.ended(yard.order_removal(bound))
    yard.demo.faults.clear()
    assert log.status == "failed"
    assert "1 of 2 backups were not deleted" in log.error_message
    (sentence,) = log.details["left_in_cloud"]
    assert stubborn[0] in sentence
    rounds.go_round(site_of(yard))
    yard.assert_nothing_left(backups_left=1)


def test_rounds_come_again_and_again_and_end_with_the_worker(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    halt = threading.Event()

    def guard() -> None:
        if halt.is_set():
            raise Lost

    site = dataclasses.replace(site_of(yard), guard=guard)
    going = Rounds(yard.database, worker_id="w", lease_seconds=0.1, seconds=0.05)
    calls: list[Site] = []

    def go(where: Site) -> None:
        calls.append(where)
        if len(calls) == 1:
            raise ConnectionError("the cloud is away")
        where.guard()

    monkeypatch.setattr(rounds, "go_round", go)
    going.start(site)
    eventually(lambda: len(calls) > 2, "a third round after one that broke off")
    halt.set()
    going.join(10)
    assert not [one for one in threading.enumerate() if one.name == "janitor" and one is going._thread]


def test_cleaning_looks_again_after_the_question(yard: Yard) -> None:
    """Between the list and the answer an orphan may have become somebody's again, or gone."""
    left_snapshot(yard)
    stock = janitor.take_stock(yard.database, yard.cloud)
    (orphan,) = stock.orphans
    rounds.go_round(site_of(yard))
    state = yard.demo.backend.state
    (copy,) = yard.upstream("backup")
    claimed = dataclasses.replace(orphan, kind="backup", id=copy["id"], name=copy["name"])
    assert janitor.clean(site_of(yard), [orphan, claimed]) == []
    with state.change():
        assert len(list(state.all("backup"))) == 1


def test_cleaning_frees_the_parent_of_a_failed_backup(yard: Yard) -> None:
    bound = yard.bind("web1")
    backed_up(yard, bound)
    faults = yard.demo.faults
    faults.inject(service="volume", method="GET", path="/export_record", status=500, times=0)
    faults.inject(service="volume", method="DELETE", path="/backups/", status=403, times=0)
    order = yard.order_backup(bound)
    assert yard.ended(order).status == "failed"
    faults.clear()
    failed = order.backup_id or ""
    assert disk_of(yard, failed).based_on is not None
    (done,) = janitor.clean(site_of(yard), janitor.find(yard.database, yard.cloud))
    assert done.problem is None
    assert disk_of(yard, failed).based_on is None
    yard.assert_nothing_left(backups_left=1)
