"""Probes: `/readyz` names what is away, over real HTTP; a part that hangs takes nobody's thread."""

import threading
import time
from contextlib import contextmanager

import pytest

from opencbr.api.health import Readiness
from opencbr.clock import SystemClock
from support.databases import away

from .api_server import ApiServer, open_server


def checks(cbr: ApiServer) -> tuple[int, dict[str, str]]:
    answer = cbr.call("GET", "/readyz", account=None)
    assert (answer.status_code == 200) == (answer.json()["status"] == "ready")
    return answer.status_code, answer.json()["checks"]


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
        assert checks(cbr) == (503, {"database": "ok", "keystone": "ok", "mover": "failed"})
    assert checks(cbr)[0] == 200


@pytest.mark.parametrize("what", [{"state": "down"}, {"status": "disabled"}])
def test_a_mover_that_is_down_is_named(cbr: ApiServer, what):
    with mover(cbr, **what):
        assert checks(cbr) == (503, {"database": "ok", "keystone": "ok", "mover": "failed"})
    assert checks(cbr)[0] == 200


def test_a_database_that_is_away_is_named(tmp_path, demo_cloud, database_url):
    with open_server(tmp_path, demo_cloud, database_url) as cbr:
        assert checks(cbr)[0] == 200
        cbr.database.dispose()
        with away(database_url):
            assert checks(cbr) == (503, {"database": "failed", "keystone": "ok", "mover": "ok"})
            assert cbr.call("GET", "/healthz", account=None).status_code == 200
        assert checks(cbr)[0] == 200


def test_one_caller_asks_and_waits_so_long_at_most():
    gate, asked = threading.Event(), []

    def hanging() -> bool:
        asked.append(1)
        return gate.wait(60)

    readiness = Readiness(
        {"database": lambda: True, "mover": hanging}, SystemClock(), seconds=0, patience_seconds=0.3
    )
    first: list[dict] = []
    asker = threading.Thread(target=lambda: first.append(readiness.answers()))
    asker.start()
    while not asked:
        time.sleep(0.01)
    # Nobody knows anything yet, and nobody else waits to learn it.
    assert readiness.answers() == {"database": None, "mover": None}
    asker.join(10)
    assert first == [{"database": True, "mover": False}]
    # The question still hangs: it is neither asked again nor waited for.
    begin = time.monotonic()
    assert readiness.answers() == {"database": True, "mover": False}
    assert time.monotonic() - begin < 0.25
    assert len(asked) == 1
    gate.set()
    deadline = time.monotonic() + 10
    while not readiness.answers()["mover"]:
        assert time.monotonic() < deadline


def test_while_one_asks_the_others_get_the_last_answer():
    gate, asking = threading.Event(), threading.Event()
    gate.set()

    def mover() -> bool:
        asking.set()
        return gate.wait(60)

    readiness = Readiness({"mover": mover}, SystemClock(), seconds=0)
    assert readiness.answers() == {"mover": True}
    gate.clear()
    asking.clear()
    asker = threading.Thread(target=readiness.answers)
    asker.start()
    assert asking.wait(10)
    assert readiness.answers() == {"mover": True}
    gate.set()
    asker.join(10)
