"""Whoever waits takes nothing from the others: silent clients, hanging services and held locks, each released at the very end.

The servers here have two threads for each kind of work. On the `patient` one a request waits for ever, so what hangs does
so until the test lets it go, after everybody else has been served; on the `hasty` one it is told to try again meanwhile.
"""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from msgspec import inspect as types

from opencbr.api.route import Route
from opencbr.api.routes import ROUTES
from opencbr.cloud import breaker
from opencbr.democloud import DemoCloud
from sdk.installation import eventually
from support.databases import Databases

from .api_server import ApiServer, open_server
from .bad_values import valid
from .protected_cloud import new_server, new_vault, server_ref, vault_body
from .test_bad_input import fill, one_shape

THREADS = 2
MANY = 4 * THREADS
"""More than there are threads of any kind."""


@contextmanager
def opened(
    folder: Path, cloud: DemoCloud, databases: Databases, deadline_seconds: float
) -> Iterator[ApiServer]:
    with (
        databases.fresh("sqlite", folder) as url,
        open_server(folder, cloud, url, threads=THREADS, deadline_seconds=deadline_seconds) as cbr,
    ):
        yield cbr


@pytest.fixture(scope="module", name="patient")
def _patient(tmp_path_factory, demo_cloud, databases) -> Iterator[ApiServer]:
    with opened(tmp_path_factory.mktemp("patient"), demo_cloud, databases, 3600) as cbr:
        yield cbr


@pytest.fixture(scope="module", name="hasty")
def _hasty(tmp_path_factory, demo_cloud, databases) -> Iterator[ApiServer]:
    with opened(tmp_path_factory.mktemp("hasty"), demo_cloud, databases, 1) as cbr:
        yield cbr


def known(cbr: ApiServer) -> str:
    """Give a backup to be shown to a caller whom Keystone has vouched for."""
    backup = cbr.protected("web1")
    still_served(cbr, backup.id)
    return backup.id


def still_served(cbr: ApiServer, backup_id: str) -> None:
    """Health, metadata and lists answer callers that are known."""
    for path in ("/healthz", "vaults", "backups", "operation-logs", f"backups/{backup_id}/metadata"):
        assert cbr.call("GET", path).status_code == 200, path


def many(callers: ThreadPoolExecutor, call: Callable[[int], Any]) -> list[Future[Any]]:
    """Make more calls than there are threads of any kind, in the background."""
    return [callers.submit(call, number) for number in range(MANY)]


def promised(
    cbr: ApiServer, path: str, head: str, *, method: str = "POST", length: int = 100, begun: str = "{"
) -> socket.socket:
    """Send the head of a request and what has begun of its body."""
    name, _, port = cbr.url.removeprefix("http://").partition(":")
    line = socket.create_connection((name, int(port)), timeout=60)
    lines = [f"{method} {path} HTTP/1.1", "Host: h", f"Content-Length: {length}", head, "", begun]
    line.sendall("\r\n".join(lines).encode())
    return line


def status(line: socket.socket) -> int:
    return int(line.recv(65_536).split()[1])


def an_unsigned_claim(cbr: ApiServer) -> str:
    """Headers of somebody who knows an access key's id and not its secret."""
    access, _ = cbr.cloud.access_key("demo")
    stamp = f"{cbr.clock.now():%Y%m%dT%H%M%SZ}"
    scheme = f"SDK-HMAC-SHA256 Access={access}, SignedHeaders=x-sdk-date, Signature={'0' * 64}"
    return f"Authorization: {scheme}\r\nX-Sdk-Date: {stamp}"


HEADS = [lambda cbr: f"X-Auth-Token: {cbr.token()}", an_unsigned_claim]
silent = pytest.mark.parametrize("head", HEADS, ids=["a user", "an access key's id"])


@silent
def test_bodies_that_never_come(patient: ApiServer, head: Callable[[ApiServer], str]):
    backup_id, vault = known(patient), patient.vault("demo-admin")
    lines = [promised(patient, f"/v3/{patient.project()}/vaults", head(patient)) for _ in range(3 * MANY)]
    try:
        still_served(patient, backup_id)
        # Nor does anybody else's body wait.
        path, body = f"vaults/{vault.id}/removeresources", {"resource_ids": ["x"]}
        one_shape(patient.call("POST", path, body, account="demo-admin"), 400)
    finally:
        for line in lines:
            line.close()


@silent
def test_a_body_has_to_come_in_time_and_only_so_many_are_waited_for(hasty: ApiServer, head):
    """A user is told to wait; of those who only name a key, the oldest have had their time when more come."""
    path = f"/v3/{hasty.project()}/vaults"

    def waited_for() -> bool:
        with promised(hasty, path, head(hasty)) as line:
            return status(line) == 408

    eventually(waited_for, "Keystone has vouched for the caller in time")
    lines = [promised(hasty, path, head(hasty)) for _ in range(3 * MANY)]
    try:
        assert {status(line) for line in lines} == ({408} if head is an_unsigned_claim else {408, 503})
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize("head", ["X-Auth-Token: nobody", "X-Nothing: x"])
def test_the_body_of_an_unchecked_request_is_not_read(patient: ApiServer, head: str):
    with promised(patient, f"/v3/{patient.project()}/vaults", head) as line:
        assert status(line) == 401


def test_too_long_a_body_of_an_unchecked_signature_is_refused_before_it_comes(patient: ApiServer):
    path, head = f"/v3/{patient.project()}/vaults", an_unsigned_claim(patient)
    with promised(patient, path, head, length=2_000_000) as line:
        assert status(line) == 413


def test_a_body_that_ends_early_is_refused(patient: ApiServer):
    backup, body = patient.backup(patient.vault()), '{"backup":{"name":"cut"}}'
    path, head = f"/v3/{patient.project()}/backups/{backup.id}", f"X-Auth-Token: {patient.token()}"
    with promised(patient, path, head, method="PUT", length=len(body) + 1, begun=body) as line:
        line.shutdown(socket.SHUT_WR)
        assert status(line) == 400
    assert patient.call("GET", f"backups/{backup.id}").json()["backup"]["name"] == backup.name


@contextmanager
def held(cloud: DemoCloud, **fault: Any) -> Iterator[Any]:
    try:
        yield cloud.faults.inject(times=0, held=True, **fault)
    finally:
        cloud.faults.clear()


def unknown(cbr: ApiServer, number: int) -> requests.Response:
    path = f"/v3/{cbr.project()}/vaults"
    return cbr.call("GET", path, account=None, headers={"X-Auth-Token": f"nobody-{number}"})


def test_a_keystone_that_hangs(patient: ApiServer):
    backup_id = known(patient)
    with ThreadPoolExecutor(MANY) as callers, held(patient.cloud, service="identity") as fault:
        answers = many(callers, lambda number: unknown(patient, number))
        eventually(lambda: fault.hits, "Keystone is asked")
        still_served(patient, backup_id)
    assert {answer.result().status_code for answer in answers} == {401}


def test_a_nova_that_hangs(patient: ApiServer):
    backup_id = known(patient)
    nova = {"service": "compute", "path": "/servers/detail"}
    with ThreadPoolExecutor(MANY) as callers, held(patient.cloud, **nova) as fault:
        answers = many(callers, lambda _: patient.call("GET", "protectables/server/instances"))
        eventually(lambda: fault.hits, "Nova is asked")
        still_served(patient, backup_id)
        assert unknown(patient, 0).status_code == 401, "nor does signing in wait"
    assert {answer.result().status_code for answer in answers} == {200}


def orders(cbr: ApiServer) -> dict[str, Callable[[], requests.Response]]:
    """Orders that look at servers in the cloud before they are taken."""
    server, other = new_server(cbr), new_server(cbr)
    vault = new_vault(cbr, server_ref(server))
    return {
        "vaults": lambda: cbr.call("POST", "vaults", vault_body(server_ref(other))),
        "checkpoints": lambda: cbr.call(
            "POST", "checkpoints", {"checkpoint": {"vault_id": vault["id"], "parameters": {}}}
        ),
    }


@pytest.mark.parametrize(("order", "status"), [("vaults", 503), ("checkpoints", 200)])
def test_the_looks_of_an_order_end_with_its_time(hasty: ApiServer, monkeypatch, order: str, status: int):
    monkeypatch.setattr(breaker, "REST_SECONDS", 0.1)
    send = orders(hasty)[order]
    known(hasty)
    with held(hasty.cloud, service="compute", path="/servers/[0-9a-f]") as fault:
        answer = send()
        assert fault.hits
        assert answer.status_code == status, answer.text
        taken = hasty.call("GET", "operation-logs").json()["operation_logs"]
    assert len([one for one in taken if one["operation_type"] == "backup"]) == (order == "checkpoints"), (
        "what was refused is not done all the same"
    )


def test_a_write_lock_held_by_another_process(patient: ApiServer):
    backup_id, backup = known(patient), patient.backup(patient.vault())
    with ThreadPoolExecutor(MANY) as callers, locked(patient):
        answers = many(callers, lambda number: renamed(patient, backup.id, number))
        still_served(patient, backup_id)
        assert not any(answer.done() for answer in answers)
    assert {answer.result().status_code for answer in answers} == {200}


def renamed(cbr: ApiServer, backup_id: str, number: int) -> requests.Response:
    return cbr.call("PUT", f"backups/{backup_id}", {"backup": {"name": f"n{number}"}})


@contextmanager
def locked(cbr: ApiServer) -> Iterator[None]:
    with closing(sqlite3.connect(cbr.database.url.removeprefix("sqlite:///"))) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_database_that_takes_no_write_is_not_ready(patient: ApiServer):
    def database() -> str:
        return patient.call("GET", "/readyz", account=None).json()["checks"]["database"]

    assert database() == "ok"
    with locked(patient):
        assert database() == "failed"
        assert patient.call("GET", "backups").status_code == 200
    eventually(lambda: database() == "ok", "it is written again", 60)


# What is told to those who wait


def in_vain(answers: list[Future[requests.Response]]) -> None:
    """All were told to try again."""
    told = [answer.result() for answer in answers]
    assert [answer.status_code for answer in told] == [503] * len(told)
    assert all(answer.headers["Retry-After"] and answer.json()["message"] for answer in told)


def test_unknown_callers_are_told_to_try_again_and_keystone_has_a_rest(hasty: ApiServer, monkeypatch):
    monkeypatch.setattr(breaker, "REST_SECONDS", 3600)
    asked = []
    with held(hasty.cloud, service="identity") as fault:
        for batch in range(3):
            with ThreadPoolExecutor(MANY) as callers:
                answers = many(callers, lambda number: unknown(hasty, batch * MANY + number))
            in_vain(answers)
            asked.append(fault.hits)
    assert asked[1] == asked[2] > 0, "a service that hangs is left alone"
    monkeypatch.setattr(breaker, "monotonic", lambda: time.monotonic() + 3601)
    eventually(lambda: unknown(hasty, 0).status_code == 401, "Keystone is asked again", 60)


def test_what_nova_should_tell_is_given_up_and_cinder_is_asked(hasty: ApiServer, monkeypatch):
    monkeypatch.setattr(breaker, "REST_SECONDS", 0.1)
    known(hasty)
    with held(hasty.cloud, service="compute", path="/servers/detail"):
        with ThreadPoolExecutor(MANY) as callers:
            answers = many(callers, lambda _: hasty.call("GET", "protectables/server/instances"))
        in_vain(answers)
        eventually(lambda: hasty.call("GET", "protectables/disk/instances").ok, "Cinder's disks", 60)
    eventually(lambda: hasty.call("GET", "protectables/server/instances").ok, "Nova is asked again", 60)


def test_a_lock_is_waited_for_no_longer_than_the_client_waits(hasty: ApiServer):
    backup = hasty.backup(hasty.vault())
    hasty.token()
    with locked(hasty):
        with ThreadPoolExecutor(MANY) as callers:
            answers = many(callers, lambda number: renamed(hasty, backup.id, number))
        in_vain(answers)
    eventually(lambda: renamed(hasty, backup.id, 0).status_code == 200, "the lock is gone", 60)


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if not route.upstream], ids=lambda route: route.operation.name
)
def test_what_does_not_say_so_asks_no_cloud(patient: ApiServer, route: Route, monkeypatch):
    """It would take the threads of those who do not."""
    ids = {"vault_id": patient.vault().id, "backup_id": known(patient)}
    for chapter in (patient.services.vaults, patient.services.checkpoints, patient.services.protectables):
        monkeypatch.setattr(chapter, "_cloud", None)
    body = valid(types.type_info(route.types.body)) if route.types.body else None
    answer = patient.call(route.operation.method, fill(patient, route.operation.path, **ids), body)
    assert answer.status_code < 500, answer.text
