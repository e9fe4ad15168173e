"""Who is asking, as Keystone tells it."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from opencbr.cloud.errors import InvalidToken, UnknownKey, Unreachable

from .clouds import CloudEnv


def token_of(env: CloudEnv, name: str) -> str:
    return env.as_cloud(name)._scopes.home.access().auth_token


def test_a_token_tells_its_caller(env: CloudEnv):
    caller = env.cloud.identity.validate(token_of(env, "demo"))
    account = env.demo.account("demo")
    assert (caller.user_id, caller.user_name) == (account["user_id"], "demo")
    assert (caller.project_id, caller.project_domain_id) == (account["project_id"], "default")
    assert caller.roles == {"member", "reader"}
    assert caller.expires_at > env.clock.now()


@pytest.mark.parametrize(
    "token", ["", "unknown", "with space", "line\r\nX-Auth-Token: x", "é", "x" * 20_000, "\x00"]
)
def test_what_is_no_token_is_refused(env: CloudEnv, token):
    with pytest.raises(InvalidToken):
        env.cloud.identity.validate(token)


def test_a_token_without_a_project_is_refused(env: CloudEnv):
    account = env.demo.account("demo")
    identity = {
        "methods": ["password"],
        "password": {"user": {"id": account["user_id"], "password": account["password"]}},
    }
    transport = env.cloud._scopes.home
    answer = transport._session.post(
        env.demo.auth_url + "/auth/tokens",
        json={"auth": {"identity": identity, "scope": "unscoped"}},
        authenticated=False,
    )
    with pytest.raises(InvalidToken, match="not scoped to a project"):
        env.cloud.identity.validate(answer.headers["X-Subject-Token"])


def test_a_keystone_that_is_down_is_no_verdict(env: CloudEnv):
    token = token_of(env, "demo")
    env.demo.faults.inject(service="identity", method="GET", path="/auth/tokens", times=0, status=503)
    with pytest.raises(Unreachable):
        env.cloud.identity.validate(token)


def answered(env: CloudEnv, expires_at: str) -> None:
    """Have Keystone vouch for any token once, until `expires_at`."""
    named = {"id": "1", "name": "n", "domain": {"id": "default"}}
    token = {"user": named, "project": named, "roles": [], "expires_at": expires_at}
    env.demo.faults.inject(
        service="identity",
        method="GET",
        path="/auth/tokens",
        status=200,
        body=json.dumps({"token": token}),
    )


def test_an_end_without_a_zone_is_utc(env: CloudEnv):
    answered(env, "2030-01-02T03:04:05")
    assert env.cloud.identity.validate("any").expires_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("end", ["soon", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_an_end_that_is_no_time_is_no_verdict(env: CloudEnv, end):
    answered(env, end)
    with pytest.raises(Unreachable, match="expires_at of token is no time"):
        env.cloud.identity.validate("any")


def test_an_access_key_tells_its_owner_and_hides_its_secret(env: CloudEnv):
    access, secret = env.demo.access_key("demo-admin")
    owner = env.cloud.identity.key_owner(access)
    account = env.demo.account("demo-admin")
    assert owner.secret == secret
    assert secret not in repr(owner)
    assert (owner.user_id, owner.project_id) == (account["user_id"], account["project_id"])
    assert "admin" in owner.roles
    assert owner.caller().project_id == account["project_id"]
    assert owner.caller().expires_at is None


@pytest.mark.parametrize("access", ["", "unknown", "../users", "a b", "é", "x" * 300])
def test_what_is_no_key_is_refused(env: CloudEnv, access):
    with pytest.raises(UnknownKey):
        env.cloud.identity.key_owner(access)


@pytest.mark.parametrize("what", ["user", "project", "domain"])
def test_a_disabled_owner_s_key_is_refused(env: CloudEnv, what):
    access, _ = env.demo.access_key("other")
    account = env.demo.account("other")
    target = {"user": account["user_id"], "project": account["project_id"], "domain": "default"}[what]
    state = env.demo.backend.state

    def enable(value: bool) -> None:
        with state.change():
            doc = state.get(what, target)
            state.put(what, {**doc, "enabled": value})

    enable(False)
    try:
        with pytest.raises(UnknownKey):
            env.cloud.identity.key_owner(access)
    finally:
        enable(True)
    assert env.cloud.identity.key_owner(access).user_id == account["user_id"]


@pytest.mark.parametrize("field", ["trust_id", "app_cred_id"])
def test_a_key_bound_to_less_than_its_user_is_refused(env: CloudEnv, field):
    access, secret = env.demo.access_key("other")
    id_ = hashlib.sha256(access.encode()).hexdigest()
    state = env.demo.backend.state
    with state.change():
        before = state.get("credential", id_)
        blob = json.dumps({"access": access, "secret": secret, field: "something"})
        state.put("credential", {**before, "blob": blob})
    try:
        with pytest.raises(UnknownKey, match="bound to a trust"):
            env.cloud.identity.key_owner(access)
    finally:
        with state.change():
            state.put("credential", before)
