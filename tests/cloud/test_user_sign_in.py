"""Signing a person in at Keystone: each way, good and bad, and what is said of it."""

import base64
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from opencbr.cloud.errors import CloudError, PasscodeWanted, SignInRefused, Unreachable
from opencbr.cloud.user_sign_in import UserSignIn

from .clouds import CloudEnv

SECRET = "s3cr3t-that-nobody-may-read"
KEY = secrets.token_bytes(20)


@dataclass
class Person:
    """A user of the embedded cloud who exists for one test, with the role member on the project demo."""

    env: CloudEnv
    id: str
    name: str
    password: str

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Ask Keystone as the cloud's admin."""
        session = self.env.as_cloud("admin")._scopes.credential.connection.session
        url = self.env.demo.auth_url + path
        answer = session.request(url, method, **({} if body is None else {"json": body}))
        return answer.json() if answer.content else None

    def ask(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """Ask Keystone with a token of this person's."""
        session = self.env.cloud._scopes.credential.connection.session
        headers = {"X-Auth-Token": token}
        more = {} if body is None else {"json": body}
        url = self.env.demo.auth_url + path
        return session.request(url, method, headers=headers, authenticated=False, raise_exc=False, **more)

    def works(self, token: str) -> bool:
        """Say whether Keystone takes the token."""
        return self.ask("GET", "/auth/projects", token).status_code == 200

    def application_credential(self, token: str) -> dict[str, Any]:
        """Make one for the token's project."""
        path = f"/users/{self.id}/application_credentials"
        made = self.ask("POST", path, token, {"application_credential": {"name": "console"}}).json()
        return dict(made["application_credential"])

    def ask_for_a_passcode(self, rules: list[list[str]]) -> None:
        """Have Keystone want a second factor of this person."""
        blob = base64.b32encode(KEY).decode()
        credential = {"type": "totp", "blob": blob, "user_id": self.id}
        self.admin("POST", "/credentials", {"credential": credential})
        options = {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": rules}
        self.admin("PATCH", f"/users/{self.id}", {"user": {"options": options}})


@pytest.fixture(name="person")
def _person(env: CloudEnv) -> Iterator[Person]:
    person = Person(env, "", f"person-{secrets.token_hex(4)}", SECRET)
    body = {"user": {"name": person.name, "password": SECRET, "domain_id": "default"}}
    person.id = person.admin("POST", "/users", body)["user"]["id"]
    role = person.admin("GET", "/roles?name=member")["roles"][0]["id"]
    person.admin("PUT", f"/projects/{env.project_id}/users/{person.id}/roles/{role}")
    yield person
    env.demo.faults.clear()
    person.admin("DELETE", f"/users/{person.id}")


@pytest.fixture(name="keystone")
def _keystone(env: CloudEnv) -> UserSignIn:
    return env.cloud.user_sign_in


def _passcode() -> str:
    return TOTP(KEY, 6, SHA1(), 30).generate(int(time.time())).decode()


def test_a_password_gives_a_token_of_no_project(person: Person, keystone: UserSignIn):
    token = keystone.password(person.name, "Default", SECRET)
    assert (token.user_name, token.project_id, token.project_name) == (person.name, "", "")
    assert token.expires_at > person.env.clock.now()
    assert token.value not in repr(token)
    assert [(one.id, one.name) for one in keystone.projects(token.value)] == [(person.env.project_id, "demo")]


def test_it_becomes_a_token_of_a_project(person: Person, keystone: UserSignIn):
    token = keystone.password(person.name, "Default", SECRET)
    scoped = keystone.scoped(token.value, person.env.project_id)
    assert (scoped.project_id, scoped.project_name) == (person.env.project_id, "demo")
    assert scoped.expires_at == token.expires_at
    with pytest.raises(SignInRefused):
        keystone.scoped(token.value, person.env.other_project_id)
    with pytest.raises(SignInRefused):
        keystone.scoped("gAAAAABnothing", person.env.project_id)


def test_all_refusals_are_one(person: Person, keystone: UserSignIn):
    person.admin("PATCH", f"/users/{person.id}", {"user": {"enabled": False}})
    refused: list[Callable[[], object]] = [
        lambda: keystone.password(person.name, "Default", SECRET),  # disabled
        lambda: keystone.password("demo", "Default", SECRET),
        lambda: keystone.password("nobody", "Default", SECRET),
        lambda: keystone.password("demo", "no domain", SECRET),
        lambda: keystone.password("", "", ""),
        lambda: keystone.passcode("nobody", "Default", "gAAAAABnothing", "123456"),
        lambda: keystone.application_credential("nobody", SECRET),
        lambda: keystone.describe("gAAAAABnothing"),
        lambda: keystone.access_key("nobody", SECRET),
        lambda: keystone.access_key(person.env.demo.access_key("demo")[0], SECRET),
    ]
    for sign_in in refused:
        with pytest.raises(SignInRefused) as caught:
            sign_in()
        assert (str(caught.value), caught.value.args) == ("", ())


@pytest.mark.parametrize(
    "value", ["", "a b", "line\r\nX-Auth-Token: x", "é", "文", "x" * 16_385, "\x00", "\n"]
)
def test_what_no_header_can_hold_is_refused_unsent(env: CloudEnv, keystone: UserSignIn, value: str):
    for sign_in in (
        lambda: keystone.describe(value),
        lambda: keystone.projects(value),
        lambda: keystone.revoke(value),
        lambda: keystone.passcode("demo", "Default", value, "123456"),
    ):
        with pytest.raises(SignInRefused):
            sign_in()
    assert not env.demo.calls.find(service="identity")


def test_an_application_credential_signs_in_to_its_project(person: Person, keystone: UserSignIn):
    scoped = keystone.scoped(keystone.password(person.name, "Default", SECRET).value, person.env.project_id)
    made = person.application_credential(scoped.value)
    token = keystone.application_credential(made["id"], made["secret"])
    assert (token.user_name, token.project_id) == (person.name, person.env.project_id)
    for id_, secret in ((made["id"], "wrong"), (made["id"], ""), ("wrong", made["secret"])):
        with pytest.raises(SignInRefused):
            keystone.application_credential(id_, secret)
    with pytest.raises(SignInRefused):
        keystone.scoped(token.value, person.env.project_id)  # it becomes no other


def test_a_pasted_token_says_whose_it_is(person: Person, keystone: UserSignIn):
    unscoped = keystone.password(person.name, "Default", SECRET)
    assert keystone.describe(unscoped.value) == unscoped
    scoped = keystone.scoped(unscoped.value, person.env.project_id)
    assert keystone.describe(scoped.value) == scoped


def test_a_second_factor_is_asked_for(person: Person, keystone: UserSignIn):
    person.ask_for_a_passcode([["password", "totp"]])
    with pytest.raises(PasscodeWanted) as caught:
        keystone.password(person.name, "Default", SECRET)
    receipt = caught.value.receipt
    assert receipt not in str(caught.value)
    with pytest.raises(SignInRefused):
        keystone.password(person.name, "Default", "wrong")
    for given in (("wrong-receipt", _passcode()), (receipt, "0"), (receipt, "")):
        with pytest.raises(SignInRefused):
            keystone.passcode(person.name, "Default", *given)
    with pytest.raises(SignInRefused):
        keystone.passcode("demo", "Default", receipt, _passcode())
    token = keystone.passcode(person.name, "Default", receipt, _passcode())
    assert keystone.scoped(token.value, person.env.project_id).project_id == person.env.project_id


@pytest.mark.parametrize("rules", [[["totp", "external"]], [["password", "kerberos"]]])
def test_factors_that_cannot_be_asked_for_are_a_refusal(
    person: Person, keystone: UserSignIn, rules: list[list[str]]
):
    person.ask_for_a_passcode(rules)
    with pytest.raises(SignInRefused):
        keystone.password(person.name, "Default", SECRET)


def test_an_access_key_tells_its_owner_if_the_secret_is_right(env: CloudEnv, keystone: UserSignIn):
    access, secret = env.demo.access_key("demo")
    assert keystone.access_key(access, secret).user_name == "demo"


def test_an_unknown_key_and_a_wrong_secret_take_equally_many_calls(env: CloudEnv, keystone: UserSignIn):
    access, secret = env.demo.access_key("demo")
    calls = []
    for given in (("unknown", SECRET), (access, SECRET), (access, secret[:-1])):
        env.demo.calls.clear()
        with pytest.raises(SignInRefused):
            keystone.access_key(*given)
        calls.append(len(env.demo.calls.find(service="identity")))
    assert calls == [1, 1, 1]


def test_revoking_ends_a_token_and_no_other(person: Person, keystone: UserSignIn):
    unscoped = keystone.password(person.name, "Default", SECRET).value
    first, second = (keystone.scoped(unscoped, person.env.project_id).value for _ in range(2))
    keystone.revoke(first)
    assert [person.works(one) for one in (unscoped, first, second)] == [True, False, True]
    keystone.revoke(unscoped)
    assert [person.works(one) for one in (unscoped, second)] == [False, True]
    with pytest.raises(SignInRefused):
        keystone.revoke(unscoped)
    with pytest.raises(SignInRefused):
        keystone.describe(unscoped)


_ECHO = '{"error": {"code": 500, "message": "' + SECRET + '", "title": "' + SECRET + '"}}'
_FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500, "body": _ECHO},
    "429": {"status": 429, "body": _ECHO},
    "a page": {"status": 502, "body": f"<html>{SECRET}</html>"},
    "a redirect": {"status": 302, "headers": {"Location": f"http://127.0.0.1:1/{SECRET}"}},
    "no answer": {"drop": "before"},
    "half an answer": {"truncated": True},
    "no JSON": {"status": 201, "body": SECRET, "headers": {"X-Subject-Token": "t"}},
    "a list": {"status": 201, "body": f'["{SECRET}"]', "headers": {"X-Subject-Token": "t"}},
    "no user": {"status": 201, "body": '{"token": {}}', "headers": {"X-Subject-Token": "t"}},
    "no zone": {
        "status": 201,
        "body": '{"token": {"user": {"id": "1", "name": "n"}, "expires_at": "2100-01-01T00:00:00"}}',
        "headers": {"X-Subject-Token": "t"},
    },
    "no end": {
        "status": 201,
        "body": '{"token": {"user": {"id": "1", "name": "n"}, "expires_at": "' + SECRET + '"}}',
        "headers": {"X-Subject-Token": "t"},
    },
    "no token": {
        "status": 201,
        "body": '{"token": {"user": {"id": "1", "name": "n"}, "expires_at": "2100-01-01T00:00:00Z"}}',
    },
    "a receipt for nothing": {"status": 401, "body": "{}", "headers": {"Openstack-Auth-Receipt": "r"}},
    "a receipt of two words": {
        "status": 401,
        "body": '{"required_auth_methods": [["password", "totp"]]}',
        "headers": {"Openstack-Auth-Receipt": f"a {SECRET}"},
    },
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_keystone_that_is_away_is_no_refusal_and_says_nothing(
    env: CloudEnv, keystone: UserSignIn, fault: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    env.demo.faults.inject(service="identity", path="/auth/tokens", times=0, **_FAULTS[fault])
    env.demo.calls.clear()
    with pytest.raises(Unreachable) as caught:
        keystone.password("demo", "Default", SECRET)
    assert len(env.demo.calls.find(service="identity")) <= 1  # each call once, no redirect followed
    told: list[BaseException | None] = [caught.value]
    while told[-1] is not None:
        assert SECRET not in f"{told[-1]!s} {told[-1]!r} {told[-1].args}"
        told.append(told[-1].__cause__ or told[-1].__context__)
        if told[-1] is not None and caught.value.__suppress_context__:
            break
    assert SECRET not in caplog.text


def test_no_way_writes_a_secret(person: Person, keystone: UserSignIn, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    token = keystone.password(person.name, "Default", SECRET)
    scoped = keystone.scoped(token.value, person.env.project_id)
    keystone.describe(scoped.value)
    keystone.projects(scoped.value)
    access, secret = person.env.demo.access_key("demo")
    keystone.access_key(access, secret)
    keystone.revoke(token.value)
    for hidden in (SECRET, token.value, scoped.value, secret):
        assert hidden not in caplog.text


def test_a_keystone_that_hangs_is_given_up_and_then_left_alone(env: CloudEnv):
    keystone = env.as_cloud("opencbr", timeout_seconds=0.2, retries=0).user_sign_in
    env.demo.faults.inject(service="identity", path="/auth/tokens", times=0, held=True)
    for _ in range(3):
        with pytest.raises(Unreachable, match="no answer within"):
            keystone.password("demo", "Default", SECRET)
    with pytest.raises(Unreachable, match="asked again in a moment"):
        keystone.password("demo", "Default", SECRET)


def test_projects_that_are_no_projects_are_no_answer(env: CloudEnv, keystone: UserSignIn):
    env.demo.faults.inject(service="identity", path="/auth/projects", status=200, body='{"projects": {}}')
    with pytest.raises(CloudError):
        keystone.projects("token")


@pytest.mark.parametrize(
    "odd", [None, {"id": 5, "name": "n"}, {"id": "5"}, {"id": "5", "name": ["n"]}], ids=str
)
def test_an_odd_project_does_not_hide_the_others(env: CloudEnv, keystone: UserSignIn, odd: object):
    body = json.dumps({"projects": [odd, {"id": "p", "name": "n"}]})
    env.demo.faults.inject(service="identity", path="/auth/projects", status=200, body=body)
    assert [one.id for one in keystone.projects("token")] == ["p"]
