"""A call to a service ends when its time is over, whatever holds it, and a service that hangs is left alone for a while."""

import threading
from contextlib import suppress

import pytest

from opencbr import deadline
from opencbr.cloud import adapter, breaker
from opencbr.cloud.breaker import Breaker, Hanging
from opencbr.cloud.errors import Unreachable

from .clouds import CloudEnv


@pytest.fixture(name="released")
def _released():
    event = threading.Event()
    yield event
    event.set()


def hang(service: Breaker, released: threading.Event, seconds: float = 0.01) -> None:
    with pytest.raises(Hanging):
        service.call(released.wait, seconds)


def test_calls_that_were_given_up_keep_their_place_until_they_end(released):
    service = Breaker("compute", 2)
    hang(service, released)
    hang(service, released)
    with pytest.raises(Hanging, match="too many"):
        service.call(lambda: "never begun", 0.01)
    released.set()
    assert service.call(lambda: "done", 60) == "done"


def test_an_open_circuit_lets_a_waiting_client_through_after_a_rest(released, monkeypatch):
    service, begun = Breaker("compute", 8), []
    for _ in range(breaker.HANGS):
        hang(service, released)
    with deadline.within(3600), pytest.raises(Hanging, match="asked again"):
        service.call(lambda: begun.append(1), 60)
    assert not begun
    service.call(lambda: begun.append(1), 60)
    assert begun, "a job, for which nobody waits, has patience of its own"
    for _ in range(breaker.HANGS):
        hang(service, released)
    later = breaker.monotonic() + breaker.REST_SECONDS + 1
    monkeypatch.setattr(breaker, "monotonic", lambda: later)
    with deadline.within(3600):
        service.call(lambda: begun.append(1), 60)
        service.call(lambda: begun.append(1), 60)
    assert len(begun) == 3, "and is closed by a call that is answered"


def test_a_hang_that_the_client_below_notices_first_opens_the_circuit_too():
    service, begun = Breaker("compute", 8), []

    def noticed() -> None:
        raise Hanging("no answer within 1 second")

    for _ in range(breaker.HANGS):
        with pytest.raises(Hanging, match="no answer"):
            service.call(noticed, 60)
    with deadline.within(3600), pytest.raises(Hanging, match="asked again"):
        service.call(lambda: begun.append(1), 60)
    assert not begun


def test_one_call_tries_for_all(released, monkeypatch):
    service = Breaker("compute", 8)
    for _ in range(breaker.HANGS):
        hang(service, released)
    later = breaker.monotonic() + breaker.REST_SECONDS + 1
    monkeypatch.setattr(breaker, "monotonic", lambda: later)
    with deadline.within(3600):
        hang(service, released)
        with pytest.raises(Hanging, match="asked again"):
            service.call(lambda: None, 60)


def test_what_a_call_raises_comes_out_and_is_no_hanging():
    service = Breaker("compute", 1)
    for _ in range(breaker.HANGS + 1):
        with deadline.within(3600), pytest.raises(TimeoutError, match="its own"):
            service.call(lambda: (_ for _ in ()).throw(TimeoutError("its own")), 60)


@pytest.mark.parametrize("fault", [{"dripping": True}, {"held": True}], ids=str)
def test_a_call_ends_though_its_answer_does_not(env: CloudEnv, fault):
    """Before, each byte began the time anew."""
    hasty = env.as_cloud("opencbr", timeout_seconds=0.5, retries=0)
    hasty.reader().newest("compute")
    env.demo.faults.inject(service="compute", path="/flavors/1", times=0, **fault)
    with pytest.raises(Unreachable, match="no answer within"):
        hasty.reader().ask("compute", "/flavors/1")


def test_a_dripping_answer_gives_its_place_back(env: CloudEnv):
    hasty = env.as_cloud("opencbr", timeout_seconds=0.5, retries=0, connections=1)
    hasty.reader().newest("compute")
    env.demo.faults.inject(service="compute", path="/flavors/1", dripping=True)
    with pytest.raises(Unreachable):
        hasty.reader().ask("compute", "/flavors/1")
    for _ in range(20):
        with suppress(Unreachable):
            assert hasty.reader().ask("compute", "/flavors/1").status == 200
            return
    pytest.fail("the place was never given back, though the drip goes on")


def test_the_deadline_of_a_client_ends_its_calls_and_their_repetition(env: CloudEnv):
    env.demo.faults.inject(service="compute", path="/flavors/1", times=0, held=True)
    with deadline.within(0.3), pytest.raises(Unreachable, match="no answer within"):
        env.cloud.reader().ask("compute", "/flavors/1")
    with deadline.within(0), pytest.raises(Unreachable, match="the request's time was over"):
        env.cloud.reader().ask("compute", "/flavors/1")


def test_the_socket_of_a_call_waits_hardly_longer_than_the_client(env: CloudEnv, monkeypatch):
    """Or the call would keep its place for the rest of a minute in which nobody waits for it."""
    timeouts = []
    send = adapter.BoundedAdapter.send

    def noted(self, request, *, timeout, **more):
        timeouts.append(timeout)
        return send(self, request, timeout=timeout, **more)

    monkeypatch.setattr(adapter.BoundedAdapter, "send", noted)
    reader = env.cloud.reader()
    reader.ask("volume", "/os-services")
    assert max(timeouts) == env.cloud.settings.timeout_seconds
    timeouts.clear()
    with deadline.within(5):
        reader.ask("volume", "/os-services")
    assert 5 < max(timeouts) <= 6  # the breaker's end comes first


def test_the_deadline_goes_with_parallel_calls(env: CloudEnv):
    with deadline.within(0):
        assert env.cloud.reader().at_once(lambda _: deadline.seconds_left(), range(3)) == [0, 0, 0]


def test_an_answer_without_end_is_refused(env: CloudEnv, monkeypatch):
    monkeypatch.setattr(adapter, "ANSWER_LIMIT", 50)
    fresh = env.as_cloud("opencbr", retries=0)
    with pytest.raises(Unreachable):
        fresh.reader().ask("compute", "/flavors/1")
