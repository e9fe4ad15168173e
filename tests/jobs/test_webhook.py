"""The operator's webhook, asked over HTTP: who is told of what, signed how, and that nothing is lost."""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opencbr.jobs.settings import WebhookSettings
from opencbr.jobs.webhook.delivery import Webhook
from opencbr.jobs.webhook.post import NoAnswer, Post
from opencbr.jobs.webhook.signing import SecretTrouble
from opencbr.model import policy_run as runs
from opencbr.model.drill import Drill
from opencbr.model.policy import Policy
from opencbr.model.policy_run import PolicyRun
from opencbr.model.vault import Resource
from opencbr.service import status
from opencbr.store import drills, notices, policy_runs, tables
from opencbr.store.database import Database
from store.samples import PROJECT, ident
from support.policy_scene import DUE, HOUR, MINUTE, Scene
from support.receiver import Receiver, receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret of the example in the text of Standard Webhooks."""
OPERATE = (Path(__file__).parents[2] / "docs/operate.md").read_text()


class Told:
    """A database with runs and drills, a receiver, and workers that know nothing of each other."""

    def __init__(self, database: Database, folder: Path, hook: Receiver) -> None:
        self.scene, self.hook, self.folder = Scene(database), hook, folder
        self.scene.clock.moment = datetime.now(UTC)
        self.secret_file = folder / "webhook.secret"
        self.write(SECRET)
        self.policy, self.resource = self._policy()

    def _policy(self) -> tuple[Policy, Resource]:
        policy, (bound,) = self.scene.policy(enabled=False)
        return policy, bound

    def write(self, *secrets: str) -> None:
        self.secret_file.write_text("\n".join(secrets) + "\n")
        self.secret_file.chmod(0o600)

    def settings(self, **more: Any) -> WebhookSettings:
        given: dict[str, Any] = {"url": self.hook.url, "secret_file": str(self.secret_file)}
        return WebhookSettings(**given | more)

    def webhook(self, post: Callable[..., int] | None = None, **more: Any) -> Webhook:
        settings = self.settings(**more)
        return Webhook(self.scene.database, self.scene.clock, settings, post or Post(settings))

    def round(self, **more: Any) -> None:
        """A worker that has just begun does all that is due."""
        while self.webhook(**more).round():
            pass

    def later(self, by: timedelta) -> None:
        self.scene.clock.moment += by

    def run(self, status: runs.RunStatus = runs.FAILED, **fields: Any) -> PolicyRun:
        now = self.scene.clock.moment
        run = PolicyRun(
            id=ident(),
            project_id=PROJECT,
            policy_id=self.policy.id,
            vault_id=self.resource.vault_id,
            resource_id=ident(),
            resource_name="payroll",
            resource_type="OS::Nova::Server",
            status=status,
            due_at=now - HOUR,
            not_before=now - HOUR,
            start_by=now,
            code="7100",
            reason="the server does not answer, password=hunter2-and-more",
            created_at=now,
            ended_at=now,
        )
        run = replace(run, **fields)
        with self.scene.database.write() as conn:
            policy_runs.insert(conn, run)
        return run

    def drill(self, verdict: str) -> Drill:
        now = self.scene.clock.moment
        drill = Drill(
            id=ident(),
            project_id=PROJECT,
            backup_id=ident(),
            backup_name="b",
            resource_id=ident(),
            resource_name="payroll",
            verdict=verdict,
            reason="disk db1-data: it is not there",
            created_at=now,
            ended_at=now,
        )
        with self.scene.database.write() as conn:
            drills.insert(conn, drill)
        return drill

    def said(self) -> list[tuple[str, str]]:
        """Event and subject of what has come, in order."""
        documents = [json.loads(body) for body in self.hook.bodies()]
        return [
            (one["type"], one["data"].get("policy_run_id") or one["data"]["drill_id"]) for one in documents
        ]


@pytest.fixture
def told(database: Database, tmp_path: Path) -> Iterator[Told]:
    with receiver() as hook:
        yield Told(database, tmp_path, hook)


def is_genuine(headers: dict[str, str], body: bytes, secret: str = SECRET) -> bool:
    """As docs/operate.md tells a receiver to look."""
    [code] = re.findall(r"^```python\n(.*?)^```$", OPERATE, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(code, names)
    good: bool = names["is_genuine"](headers, body, secret)
    return good


def test_what_went_wrong_is_told_once_and_what_went_well_is_not(told: Told):
    failed, missed = told.run(), told.run(runs.MISSED)
    late = told.run(runs.WAITING, late=True, ended_at=None)
    drill = told.drill("failed")
    told.run(runs.SUCCESS)
    told.run(runs.SKIPPED)
    told.drill("passed")
    told.round()
    told.round()
    assert sorted(told.said()) == sorted(
        [
            ("policy_run.failed", failed.id),
            ("policy_run.missed", missed.id),
            ("policy_run.late", late.id),
            ("drill.failed", drill.id),
        ]
    )
    with told.scene.database.write() as conn:
        policy_runs.end(conn, late, runs.FAILED, now=told.scene.clock.moment)
    told.round()
    assert told.said()[4:] == [("policy_run.failed", late.id)]


def test_only_the_events_of_the_setting_are_told(told: Told):
    told.run()
    told.drill("failed")
    skipped = told.run(runs.SKIPPED)
    told.round(events=("policy_run.skipped",))
    assert told.said() == [("policy_run.skipped", skipped.id)]


def test_a_notice_has_ids_and_reasons_and_neither_names_nor_secrets(told: Told):
    run = told.run()
    told.round()
    [(path, headers, body)] = told.hook.got
    assert (path, headers["Content-Type"]) == ("/hook", "application/json")
    document = json.loads(body)
    assert (document["version"], document["type"]) == (1, "policy_run.failed")
    data = document["data"]
    assert data["resource_id"] == run.resource_id
    assert data["code"] == "BackupService.7100"
    assert data["reason"].startswith("the server does not answer")
    assert data["due_at"].endswith("Z")
    assert b"payroll" not in body
    assert b"hunter2" not in body


def test_the_example_of_the_page_knows_a_genuine_notice(told: Told):
    told.run()
    told.round()
    [(_, headers, body)] = told.hook.got
    assert is_genuine(headers, body)
    assert not is_genuine(headers, body + b" ")
    assert not is_genuine(headers | {"webhook-id": ident()}, body)
    assert not is_genuine(headers, body, "whsec_" + "A" * 32)
    stale = {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    assert not is_genuine(headers | stale, body)


def test_the_signature_is_that_of_standard_webhooks():
    """The example of its text, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md."""
    import base64

    from opencbr.jobs.webhook.signing import headers
    from opencbr.model.notice import Notice

    notice = Notice(
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        event="drill.failed",
        subject_id="",
        project_id="",
        body='{"test": 2432232314}',
        created_at=DUE,
        next_attempt_at=None,
    )
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    sent = headers(notice, [key], datetime.fromtimestamp(1614265330, UTC))
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_changed_without_a_gap(told: Told):
    new = "whsec_" + "B" * 32
    told.write(SECRET, new)
    told.run()
    told.round()
    [(_, headers, body)] = told.hook.got
    assert is_genuine(headers, body, SECRET)
    assert is_genuine(headers, body, new)


@pytest.mark.parametrize(
    "secret", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_dG9vIHNob3J0", "whsec_no base64"]
)
def test_without_a_usable_secret_nothing_is_sent_and_nothing_is_lost(told: Told, secret: str):
    run = told.run()
    told.write(secret)
    with pytest.raises(SecretTrouble, match="openssl rand"):
        told.round()
    told.secret_file.chmod(0o644)
    with pytest.raises(SecretTrouble, match="chmod 600"):
        told.round()
    told.write(SECRET)
    told.round()
    assert told.said() == [("policy_run.failed", run.id)]


def redirected(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(307)
    handler.send_header("Location", "/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.mark.parametrize("answer", [500, 404, redirected])
def test_a_receiver_that_refuses_is_asked_again_and_takes_the_same_notice(told: Told, answer: Any):
    told.run()
    told.hook.answer = answer
    told.round()
    told.round()
    assert len(told.hook.got) == 1, "not again before its time"
    for seconds in (5, 10):
        told.later(timedelta(seconds=seconds))
        told.round()
    assert {path for path, _, _ in told.hook.got} == {"/hook"}, "no redirect is followed"
    told.hook.answer = 200
    told.later(timedelta(seconds=20))
    told.round()
    told.later(HOUR)
    told.round()
    assert len(told.hook.got) == 4
    assert len(set(told.hook.bodies())) == 1
    assert len({headers["webhook-id"] for _, headers, _ in told.hook.got}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in told.hook.got}) == 4
    assert all(is_genuine(headers, body) for _, headers, body in told.hook.got)


def test_one_that_is_refused_keeps_no_other_waiting(told: Told):
    told.run()
    told.later(MINUTE)
    told.run()
    refused: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        refused.append(handler.headers["webhook-id"])
        handler.send_response(400 if handler.headers["webhook-id"] == refused[0] else 200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    told.hook.answer = answer
    told.round()
    assert len(set(refused)) == 2


def test_who_does_not_answer_is_asked_with_one_notice_at_a_time(told: Told):
    released = threading.Event()
    told.hook.answer = lambda _: released.wait(30) and None
    for _ in range(3):
        told.run()
    told.round(timeout_seconds=0.2)
    assert len(told.hook.got) == 1
    with told.scene.database.read() as conn:
        standing = notices.standing(conn, told.scene.clock.moment)
    assert standing.waiting == 3
    assert "no answer within 0.2 seconds" in standing.reason
    released.set()


def test_a_receiver_that_is_away_says_no_more_than_its_host(told: Told):
    with receiver() as gone:
        url = gone.url
    with pytest.raises(NoAnswer) as trouble:
        Post(told.settings(url=f"{url}?key=hidden-word"))("{}", {})
    assert str(trouble.value) == "127.0.0.1: no connection can be made to it"


def rounds(told: Told, count: int) -> None:
    for _ in range(count):
        told.webhook().round()


class Killed(BaseException):
    """What a killed worker does: nothing more."""


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_worker_that_dies_in_a_call_leaves_the_notice_to_the_next(told: Told, place: str):
    run = told.run()

    def dying(body: str, headers: Any) -> int:
        if place == "after":
            Post(told.settings())(body, headers)
        raise Killed

    with pytest.raises(Killed):
        told.webhook(dying).round()
    told.later(timedelta(seconds=5))
    told.round()
    assert set(told.said()) == {("policy_run.failed", run.id)}
    assert len({headers["webhook-id"] for _, headers, _ in told.hook.got}) == 1


def test_a_worker_that_dies_at_any_commit_loses_none(told: Told, monkeypatch: pytest.MonkeyPatch):
    write = Database.write
    for commits in range(1, 5):
        run = told.run()
        left = [commits]

        def dying(self: Database, left: list[int] = left) -> Any:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return write(self)

        with monkeypatch.context() as patch:
            patch.setattr(Database, "write", dying)
            with pytest.raises(Killed):
                rounds(told, 3)
        told.later(MINUTE)
        told.round()
        assert ("policy_run.failed", run.id) in told.said()


def test_two_workers_send_each_notice_once(told: Told):
    for _ in range(20):
        told.run()
    together = threading.Barrier(3)

    def work() -> None:
        together.wait()
        told.round()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told.said()) == len(set(told.said())) == 20


def test_what_nobody_takes_is_given_up_and_said_so(told: Told, caplog: pytest.LogCaptureFixture):
    told.run()
    told.hook.answer = 503
    told.round()
    told.later(HOUR)
    now, database = told.scene.clock.moment, told.scene.database
    jobs = status.of_jobs(database, now, timedelta(hours=24), has_webhook=True)
    [waits] = [one for one in status._of_jobs(jobs, now) if "webhook" in one]
    assert waits.startswith("1 notice(s) of the webhook wait")
    assert waits.endswith("the receiver answered 503")
    told.later(timedelta(hours=72))
    told.round()
    assert "1 notices were not taken within 72 hours" in caplog.text
    now = told.scene.clock.moment
    jobs = status.of_jobs(database, now, timedelta(hours=24), has_webhook=True)
    assert [one for one in status._of_jobs(jobs, now) if "given up" in one]
    told.hook.answer = 200
    told.round()
    assert len(told.hook.got) == 1, "it is not told again"
    told.later(timedelta(days=40))
    told.round()
    with database.read() as conn:
        assert conn.execute(tables.notice.select()).all() == []


def test_a_certificate_of_nobody_s_is_refused_and_the_operator_s_is_not(told: Told):
    certificate = own_certificate(told.folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    told.run()
    with receiver(context) as hook:
        with pytest.raises(NoAnswer, match="its certificate is not trusted"):
            Post(told.settings(url=hook.url))("{}", {})
        assert hook.got == []
        told.round(url=hook.url, ca_file=str(certificate))
        assert len(hook.got) == 1


def own_certificate(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.x509.oid import NameOID

    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    path = folder / "receiver.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return path


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"url": "http://alerts.example.org/x"}, "must begin with https"),
        ({"url": "alerts.example.org"}, "url is none"),
        ({"url": "https://[::1/x"}, "url is none"),
        ({"url": "https://me:word@alerts.example.org"}, "must not have a user"),
        ({"url": "https://alerts.example.org"}, "needs secret_file"),
        ({"url": "https://a.example", "secret_file": "s", "events": ["run"]}, "Invalid enum value"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_with_a_sentence(settings: dict[str, Any], sentence: str):
    with pytest.raises(msgspec.ValidationError, match=sentence):
        msgspec.convert(settings, WebhookSettings)
