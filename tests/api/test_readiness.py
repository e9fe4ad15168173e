"""Probes: `/readyz` names what is away, over real HTTP; a part that hangs takes nobody's thread."""

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest

from opencbr.api import health
from opencbr.api.health import Readiness, remembered
from opencbr.clock import SystemClock
from opencbr.store import leases
from support.databases import away
from support.passwords import password_to_rotate, set_password, write_password

from .api_server import ApiServer, open_server
from .api_server import TurnedClock as Turned

NET = 120.0
"""Seconds after which a test that hangs fails."""


def away_of(cbr: ApiServer) -> tuple[int, str, set[str]]:
    """The answer's code and word, and what it says is away."""
    answer = cbr.call("GET", "/readyz", account=None)
    told = answer.json()["checks"]
    assert set(told) == {"database", "keystone", "credential", "mover", "worker"}
    return answer.status_code, answer.json()["status"], {name for name, word in told.items() if word != "ok"}


READY = (200, "ready", set())


@contextmanager
def fault(cbr: ApiServer, **what):
    cbr.cloud.faults.inject(times=0, **what)
    try:
        yield
    finally:
        cbr.cloud.faults.clear()


@contextmanager
def mover(cbr: ApiServer, **changes):
    state = cbr.cloud.backend.state
    before = state.get("cinder-service", "cinder-backup")
    with state.change():
        state.put("cinder-service", before | changes)
    try:
        yield
    finally:
        with state.change():
            state.put("cinder-service", before)


@pytest.mark.parametrize("what", [{"status": 503}, {"drop": "before"}, {"malformed": True}])
def test_a_cinder_that_does_not_tell_is_named(cbr: ApiServer, what):
    with fault(cbr, service="volume", path="/os-services", **what):
        assert away_of(cbr) == (200, "degraded", {"mover"})
    assert away_of(cbr) == READY


@pytest.mark.parametrize("what", [{"state": "down"}, {"status": "disabled"}])
def test_a_mover_that_is_down_is_named(cbr: ApiServer, what):
    with mover(cbr, **what):
        assert away_of(cbr) == (200, "degraded", {"mover"})
    assert away_of(cbr) == READY


def test_a_database_that_is_away_is_named(tmp_path, demo_cloud, database_url):
    with open_server(tmp_path, demo_cloud, database_url) as cbr:
        assert away_of(cbr) == READY
        cbr.database.dispose()
        with away(database_url):
            assert away_of(cbr) == (503, "not ready", {"database", "worker"})
            assert cbr.call("GET", "/healthz", account=None).status_code == 200
        assert away_of(cbr) == READY


def test_without_a_worker_every_server_stays_and_says_so(cbr: ApiServer):
    with cbr.database.write() as conn:
        leases.enter(conn, "a worker", -1.0)
    try:
        assert away_of(cbr) == (200, "degraded", {"worker"})
    finally:
        with cbr.database.write() as conn:
            leases.enter(conn, "a worker", 86_400.0)
    assert away_of(cbr) == READY


def test_a_changed_password_shows_though_the_token_in_use_is_good(cbr: ApiServer):
    cbr.adapter.reader().list_servers(cbr.project())  # there is a token from here on
    with fault(cbr, service="identity", method="POST", path="/auth/tokens", status=401):
        assert away_of(cbr) == (200, "degraded", {"credential"})
    assert away_of(cbr) == READY


def test_a_server_takes_a_rotated_password_up_without_a_restart(cbr: ApiServer):
    def ask() -> tuple[int, str]:
        answer = cbr.call("GET", "vaults", headers={"X-Auth-Token": cbr.fresh_token()})
        return answer.status_code, answer.json().get("error_code", "")

    file = cbr.folder / "clouds.yaml"
    with password_to_rotate(cbr.cloud, file):
        assert ask() == (200, "")
        set_password(cbr.cloud, "a new one")
        assert ask() == (503, "BackupService.9998")
        assert away_of(cbr) == (200, "degraded", {"credential", "mover"}), "whose state only an admin is told"
        write_password(file, "a new one")
        assert ask() == (200, "")
        assert away_of(cbr) == READY
    cbr.adapter.credential_ready()  # the file is as it was: read again


def test_a_keystone_that_gives_no_token_leaves_the_credential_unknown_and_is_asked_again():
    answers = [TimeoutError(), True, False]
    clock = Turned()

    def sign_in() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    ask = remembered(sign_in, clock, 60.0)
    with pytest.raises(TimeoutError):
        ask()
    assert (ask(), ask()) == (True, True)
    clock.ahead = timedelta(seconds=61)
    assert (ask(), ask()) == (False, False)


def test_an_outage_is_told_once_and_so_is_its_end(cbr: ApiServer, caplog):
    """Probes come every few seconds, and an outage may last for hours."""
    assert away_of(cbr) == READY
    with fault(cbr, service="volume", path="/os-services", status=503):
        for _ in range(3):
            assert away_of(cbr) == (200, "degraded", {"mover"})
    for _ in range(2):
        assert away_of(cbr) == READY
    told = [record for record in caplog.records if record.name == "opencbr.api"]
    failed, again = (record.getMessage() for record in told)
    assert failed.startswith("readiness: mover has failed: volume GET /os-services")
    assert "503" in failed
    assert again == "readiness: mover is ok again"
    assert not any(record.exc_info for record in told), "what may happen to any cloud is no error of ours"


def test_an_error_of_ours_is_told_with_its_place_once(caplog):
    def broken() -> bool:
        raise KeyError("ours")

    readiness = Readiness({"mover": broken}, SystemClock(), seconds=0)
    assert [readiness.answers() for _ in range(3)] == [{"mover": False}] * 3
    (record,) = caplog.records
    assert record.exc_info is not None


def in_a_thread(readiness: Readiness) -> tuple[threading.Thread, list[dict]]:
    answers: list[dict] = []
    asker = threading.Thread(target=lambda: answers.append(readiness.answers()), daemon=True)
    asker.start()
    return asker, answers


def test_one_caller_asks_and_waits_so_long_at_most(monkeypatch):
    asked, mover_answers, patience_ends = [], threading.Event(), threading.Event()

    def hanging() -> bool:
        asked.append(1)
        return mover_answers.wait(NET)

    class Times:
        """An hour passes after the database has been waited for, when the test says so."""

        def __init__(self) -> None:
            self._looks = iter((False, False, True))

        def monotonic(self) -> float:
            if next(self._looks, False):
                assert patience_ends.wait(NET)
                return 3_600.0
            return 0.0

    monkeypatch.setattr(health, "time", Times())
    readiness = Readiness(
        {"database": lambda: True, "mover": hanging}, SystemClock(), seconds=0, patience_seconds=NET
    )
    asker, first = in_a_thread(readiness)
    while not asked:
        time.sleep(0.01)
    # Nobody knows anything yet, and nobody else waits to learn it.
    assert readiness.answers() == {"database": None, "mover": None}
    patience_ends.set()
    asker.join(NET)
    assert first == [{"database": True, "mover": False}]
    # The question still hangs: it is neither asked again nor waited for, though patience would last.
    asker, second = in_a_thread(readiness)
    asker.join(NET / 2)
    assert second == [{"database": True, "mover": False}]
    assert len(asked) == 1
    mover_answers.set()
    while not readiness.answers()["mover"]:
        time.sleep(0.01)


def test_while_one_asks_the_others_get_the_last_answer():
    answering, asking = threading.Event(), threading.Event()
    answering.set()

    def mover() -> bool:
        asking.set()
        return answering.wait(NET)

    readiness = Readiness({"mover": mover}, SystemClock(), seconds=0)
    assert readiness.answers() == {"mover": True}
    answering.clear()
    asking.clear()
    asker = threading.Thread(target=readiness.answers)
    asker.start()
    assert asking.wait(NET)
    assert readiness.answers() == {"mover": True}
    answering.set()
    asker.join(NET)
