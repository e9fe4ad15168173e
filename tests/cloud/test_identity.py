"""Who is asking, as Keystone tells it."""

import hashlib
import json

import pytest

from opencbr.cloud.errors import InvalidToken, UnknownKey, Unreachable

from .clouds import Rig


def token_of(rig: Rig, name: str) -> str:
    return rig.as_cloud(name)._scopes.home.access().auth_token


def test_a_token_tells_its_caller(rig: Rig):
    caller = rig.cloud.identity.validate(token_of(rig, "demo"))
    account = rig.demo.account("demo")
    assert (caller.user_id, caller.user_name) == (account["user_id"], "demo")
    assert (caller.project_id, caller.project_domain_id) == (account["project_id"], "default")
    assert caller.roles == {"member", "reader"}
    assert caller.expires_at > rig.clock.now()


@pytest.mark.parametrize(
    "token", ["", "unknown", "with space", "line\r\nX-Auth-Token: x", "é", "x" * 20_000, "\x00"]
)
def test_what_is_no_token_is_refused(rig: Rig, token):
    with pytest.raises(InvalidToken):
        rig.cloud.identity.validate(token)


def test_a_token_without_a_project_is_refused(rig: Rig):
    account = rig.demo.account("demo")
    identity = {
        "methods": ["password"],
        "password": {"user": {"id": account["user_id"], "password": account["password"]}},
    }
    wire = rig.cloud._scopes.home
    answer = wire._session.post(
        rig.demo.auth_url + "/auth/tokens",
        json={"auth": {"identity": identity, "scope": "unscoped"}},
        authenticated=False,
    )
    with pytest.raises(InvalidToken, match="not scoped to a project"):
        rig.cloud.identity.validate(answer.headers["X-Subject-Token"])


def test_a_keystone_that_is_down_is_no_verdict(rig: Rig):
    token = token_of(rig, "demo")
    rig.demo.faults.inject(service="identity", method="GET", path="/auth/tokens", times=0, status=503)
    with pytest.raises(Unreachable):
        rig.cloud.identity.validate(token)


def test_an_access_key_tells_its_owner_and_hides_its_secret(rig: Rig):
    access, secret = rig.demo.access_key("demo-admin")
    owner = rig.cloud.identity.key_owner(access)
    account = rig.demo.account("demo-admin")
    assert owner.secret == secret
    assert secret not in repr(owner)
    assert (owner.user_id, owner.project_id) == (account["user_id"], account["project_id"])
    assert "admin" in owner.roles
    assert owner.caller().project_id == account["project_id"]
    assert owner.caller().expires_at is None


@pytest.mark.parametrize("access", ["", "unknown", "../users", "a b", "é", "x" * 300])
def test_what_is_no_key_is_refused(rig: Rig, access):
    with pytest.raises(UnknownKey):
        rig.cloud.identity.key_owner(access)


@pytest.mark.parametrize("what", ["user", "project", "domain"])
def test_a_disabled_owner_s_key_is_refused(rig: Rig, what):
    access, _ = rig.demo.access_key("other")
    account = rig.demo.account("other")
    target = {"user": account["user_id"], "project": account["project_id"], "domain": "default"}[what]
    state = rig.demo.backend.state

    def enable(value: bool) -> None:
        with state.change():
            doc = state.get(what, target)
            state.put(what, {**doc, "enabled": value})

    enable(False)
    try:
        with pytest.raises(UnknownKey):
            rig.cloud.identity.key_owner(access)
    finally:
        enable(True)
    assert rig.cloud.identity.key_owner(access).user_id == account["user_id"]


@pytest.mark.parametrize("field", ["trust_id", "app_cred_id"])
def test_a_key_bound_to_less_than_its_user_is_refused(rig: Rig, field):
    access, secret = rig.demo.access_key("other")
    id_ = hashlib.sha256(access.encode()).hexdigest()
    state = rig.demo.backend.state
    with state.change():
        before = state.get("credential", id_)
        blob = json.dumps({"access": access, "secret": secret, field: "something"})
        state.put("credential", {**before, "blob": blob})
    try:
        with pytest.raises(UnknownKey, match="bound to a trust"):
            rig.cloud.identity.key_owner(access)
    finally:
        with state.change():
            state.put("credential", before)
