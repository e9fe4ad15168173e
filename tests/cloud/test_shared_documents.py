"""Servers that are backed up together: what they have in common is read once, and told as it was read."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from opencbr.cloud.capture import read_server
from opencbr.cloud.errors import Unreachable
from opencbr.cloud.references import Want
from opencbr.cloud.second_reading import read_again
from opencbr.cloud.shared_documents import MAX_AGE, DocumentsInCommon, SharedDocuments
from opencbr.model.document import Document, Reading, Unread

from .clouds import CloudEnv

NETWORK = Want("network/n", "network", "/networks/n")


class SetClock:
    """Stands where it is set."""

    moment = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Asked:
    """A cloud that counts what it is asked, and may be held."""

    def __init__(self, clock: SetClock) -> None:
        self.clock, self.count, self.may_answer = clock, 0, threading.Event()
        self.may_answer.set()

    def __call__(self, want: Want) -> Document | Unread:
        self.count += 1
        assert self.may_answer.wait(30)
        body = f'{{"network": {{"count": {self.count}}}}}'.encode()
        return Document(
            name=want.name, service=want.service, method="GET", path=want.path, microversion=None, status=200,
            request_id=f"req-{self.count}", read_at=self.clock.now(), body=body,
        )  # fmt: skip


@pytest.fixture
def asked() -> Asked:
    return Asked(SetClock())


def test_it_is_read_once_a_minute_by_those_who_are_together(asked: Asked) -> None:
    documents = SharedDocuments()
    ours, theirs = (documents.of(name, asked.clock) for name in ("ours", "theirs"))
    first = ours.get(NETWORK, asked)
    asked.clock.sleep(MAX_AGE.total_seconds() - 1)
    assert ours.get(NETWORK, asked) == first, "with the time and the request id of the call that gave it"
    assert theirs.get(NETWORK, asked) != first
    assert ours.get(NETWORK, asked, as_project=True) != first, "the project may be shown less"
    assert asked.count == 3
    asked.clock.sleep(1)
    assert ours.get(NETWORK, asked) != first
    asked.clock.sleep(-3600)
    ours.get(NETWORK, asked)
    assert asked.count == 5, "nothing is known of how old it is once the clock was set back"


def test_a_second_reading_takes_only_what_was_read_after_the_first(asked: Asked) -> None:
    first = SharedDocuments().of("ours", asked.clock)
    before = first.get(NETWORK, asked)
    second = first.since(asked.clock.now())
    asked.clock.sleep(1)
    again = second.get(NETWORK, asked)
    assert again != before, "what the first reading had shows nothing that moved"
    assert second.get(NETWORK, asked) == first.get(NETWORK, asked) == again
    assert asked.count == 2


def test_what_is_a_servers_own_is_read_for_each(asked: Asked) -> None:
    shared = SharedDocuments().of("ours", asked.clock)
    for name in ("server", "interface", "ports", "port/p", "volume/v", "floatingips/p"):
        own = replace(NETWORK, name=name)
        assert shared.get(own, asked) != shared.get(own, asked)


def test_one_call_by_two_names_is_one_document_of_each_name(asked: Asked) -> None:
    shared = SharedDocuments().of("ours", asked.clock)
    subnet = shared.get(replace(NETWORK, name="subnet/n"), asked)
    assert shared.get(NETWORK, asked) == replace(subnet, name="network/n")


def test_those_who_ask_at_the_same_time_wait_for_one_answer(asked: Asked) -> None:
    shared = SharedDocuments().of("ours", asked.clock)
    asked.may_answer.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(shared.get, NETWORK, asked) for _ in range(8)]
        asked.may_answer.set()
        assert len({answer.result(30).request_id for answer in answers}) == 1
    assert asked.count == 1


def test_a_call_that_failed_is_nobodys_answer(asked: Asked) -> None:
    documents = SharedDocuments()
    shared = documents.of("ours", asked.clock)

    def fail(want: Want) -> Document:
        raise Unreachable(service=want.service, method="GET", path=want.path)

    with pytest.raises(Unreachable):
        shared.get(NETWORK, fail)
    assert isinstance(shared.get(NETWORK, asked), Document)


def captured(env: CloudEnv, name: str, shared: DocumentsInCommon | None) -> tuple[Reading, list[str]]:
    """Read a server; the paths that were asked for."""
    server, nothing = env.server_id(name), frozenset[str]()
    env.demo.calls.clear()
    reading = read_server(
        env.cloud.reader(), server_id=server, project_id=env.project_id, exclude=nothing, include=nothing,
        clock=env.clock, shared=shared,
    )  # fmt: skip
    return reading, [call.path for call in env.demo.calls.find()]


def test_the_flavor_is_read_again_once_for_servers_that_are_backed_up_together(env: CloudEnv) -> None:
    shared = SharedDocuments().of("both", env.clock)
    firsts = [captured(env, name, shared)[0] for name in ("web1", "web1")]
    env.demo.calls.clear()
    seconds = [read_again(env.cloud.reader(), first, env.clock, shared) for first in firsts]
    assert [call.request_id for call in env.demo.calls.find(path="/flavors/")] == [
        one.request_id for one in seconds[0].documents if one.name == "flavor"
    ]
    assert bodies(seconds[0]) == bodies(seconds[1])


def bodies(reading: Reading) -> dict[str, bytes]:
    return {one.name: one.body for one in reading.documents}


def test_two_servers_of_one_network_ask_for_it_once_and_have_the_same_records(env: CloudEnv) -> None:
    alone = {name: captured(env, name, None) for name in ("db1", "web1")}
    shared = SharedDocuments().of("both", env.clock)
    together = {name: captured(env, name, shared) for name in ("db1", "web1")}
    for name, (reading, _) in alone.items():
        assert bodies(together[name][0]) == bodies(reading)
        assert together[name][0].unread == reading.unread
    asked_alone, asked = (
        [path for _, paths in found.values() for path in paths] for found in (alone, together)
    )
    repeated = {path for path in asked_alone if asked_alone.count(path) > 1}
    common = {
        path
        for path in repeated
        if any(f"/{kind}" in path for kind in ("networks/", "subnets/", "security-groups/"))
    }
    assert len(common) >= 3
    assert {path: asked.count(path) for path in common} == dict.fromkeys(common, 1)
    second = together["web1"][0]
    assert second.started_at == min(one.read_at for one in second.documents), (
        "when the first of its documents was read"
    )
