"""A second factor: one-time passwords, the rules of a user, and the receipt between the two steps."""

import base64
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from .keystone_user import NOT_AUTHORIZED, UNAUTHORIZED, KeystoneUser, assert_refused, keystone_user, passcode
from .target import Target

SECRET = secrets.token_bytes(20)
_RULES = {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": [["password", "totp"]]}


@pytest.fixture(name="user")
def _user(target: Target) -> Iterator[KeystoneUser]:
    with keystone_user(target) as user:
        body = {"credential": {"type": "totp", "blob": base64.b32encode(SECRET).decode(), "user_id": user.id}}
        made = user.ask("POST", "/credentials", user.token(user.project), body)
        assert made.status_code == 201, made.text
        answer = _passcode(user, passcode(SECRET))
        if "totp" not in answer.json().get("error", {}).get("identity", {}).get("methods", ["totp"]):
            pytest.skip("this Keystone's [auth] methods have no totp")
        yield user


def _rules(user: KeystoneUser, **options: Any) -> requests.Response:
    body = {"user": {"options": options}}
    return user.target.admin.call("PATCH", "identity", f"/users/{user.id}", body)


def _passcode(user: KeystoneUser, code: str, receipt: str | None = None) -> requests.Response:
    return user.sign_in("unscoped", receipt=receipt, totp={"user": user.who | {"passcode": code}})


def _receipt(user: KeystoneUser) -> str:
    assert _rules(user, **_RULES).status_code == 200
    return user.sign_in("unscoped").headers["Openstack-Auth-Receipt"]


def test_a_secret_is_kept_for_oneself(user: KeystoneUser) -> None:
    token = user.token()
    rows = user.ask("GET", "/credentials?type=totp", token).json()["credentials"]
    assert [list(row) for row in rows] == [["id", "user_id", "project_id", "type", "blob", "links"]]
    assert (rows[0]["user_id"], rows[0]["project_id"], rows[0]["type"]) == (user.id, None, "totp")
    body = {"credential": {"type": "totp", "blob": "JBSWY3DP", "user_id": user.target.member.user_id}}
    foreign = user.ask("POST", "/credentials", token, body)
    assert_refused(foreign, 403, f"{NOT_AUTHORIZED}identity:create_credential.")
    path = f"/credentials/{rows[0]['id']}"
    assert user.ask("GET", path, user.target.other.session.get_token()).status_code == 403
    assert user.ask("DELETE", path, token).status_code == 204
    assert user.ask("GET", "/credentials?type=totp", token).json()["credentials"] == []
    assert_refused(_passcode(user, passcode(SECRET)), 401, UNAUTHORIZED)


def test_the_rules_are_the_admin_s_to_set(user: KeystoneUser) -> None:
    path = f"/users/{user.id}"
    own = user.ask("PATCH", path, user.token(), {"user": {"options": _RULES}})
    assert_refused(own, 403, f"{NOT_AUTHORIZED}identity:update_user.")
    assert _rules(user, **_RULES).json()["user"]["options"] == _RULES
    assert user.target.admin.get("identity", path)["user"]["options"] == _RULES
    assert _rules(user, multi_factor_auth_rules=["password"]).status_code == 400
    assert _rules(user, multi_factor_auth_enabled=False).status_code == 200
    assert user.sign_in("unscoped").status_code == 201
    assert _rules(user, multi_factor_auth_rules=None).json()["user"]["options"] == {
        "multi_factor_auth_enabled": False
    }


def test_a_password_alone_is_given_a_receipt(user: KeystoneUser) -> None:
    assert _rules(user, **_RULES).status_code == 200
    answer = user.sign_in("unscoped")
    assert answer.status_code == 401
    assert answer.headers["Openstack-Auth-Receipt"]
    assert "X-Subject-Token" not in answer.headers
    said = answer.json()
    assert list(said) == ["receipt", "required_auth_methods"]
    assert [sorted(rule) for rule in said["required_auth_methods"]] == [["password", "totp"]]
    receipt = said["receipt"]
    assert list(receipt) == ["methods", "user", "expires_at", "issued_at"]
    assert receipt["methods"] == ["password"]
    assert list(receipt["user"]) == ["id", "name", "domain"]
    assert receipt["user"]["id"] == user.id
    begun, end = (datetime.fromisoformat(receipt[name]) for name in ("issued_at", "expires_at"))
    assert end - begun == timedelta(minutes=5)
    wrong = user.sign_in("unscoped", password={"user": user.who | {"password": "wrong"}})
    assert_refused(wrong, 401, UNAUTHORIZED)
    assert "Openstack-Auth-Receipt" not in wrong.headers


def test_receipt_and_passcode_are_a_token(user: KeystoneUser) -> None:
    answer = _passcode(user, passcode(SECRET), _receipt(user))
    assert answer.status_code == 201, answer.text
    assert sorted(answer.json()["token"]["methods"]) == ["password", "totp"]
    token = answer.headers["X-Subject-Token"]
    scoped = user.sign_in(user.project, token={"id": token})
    assert scoped.status_code == 201
    assert sorted(scoped.json()["token"]["methods"]) == ["password", "token", "totp"]


def test_both_at_once_need_no_receipt(user: KeystoneUser) -> None:
    assert _rules(user, **_RULES).status_code == 200
    password = {"user": user.who | {"password": user.password}}

    def both(code: str) -> requests.Response:
        return user.sign_in("unscoped", password=password, totp={"user": user.who | {"passcode": code}})

    assert both(passcode(SECRET)).status_code == 201
    assert_refused(both("000000" if passcode(SECRET) != "000000" else "111111"), 401, UNAUTHORIZED)


def test_a_passcode_is_good_again_and_a_period_longer(user: KeystoneUser) -> None:
    receipt = _receipt(user)
    now = passcode(SECRET)
    assert [_passcode(user, now, receipt).status_code for _ in range(2)] == [201, 201]
    for periods in (-3, 2):  # a period may end while this runs
        assert_refused(_passcode(user, passcode(SECRET, periods), receipt), 401, UNAUTHORIZED)
    assert_refused(_passcode(user, "", receipt), 401, UNAUTHORIZED)


def test_the_one_before_is_taken_and_the_next_is_not(user: KeystoneUser, target: Target) -> None:
    if target.demo is None:
        pytest.skip("needs a clock that stands still")
    from opencbr.democloud.identity.totp import fits

    now = datetime.fromisoformat("2009-02-13T23:31:30Z")  # RFC 6238, appendix B
    secret = base64.b32encode(b"12345678901234567890").decode().rstrip("=")
    assert fits([secret], "005924", now)
    assert fits(["%%%", secret], "005924", now + timedelta(seconds=30))
    assert not fits([secret], "005924", now + timedelta(seconds=60))
    assert not fits([secret], "005924", now - timedelta(seconds=1))
    assert not fits([secret], "", now)
    assert not fits([], "005924", now)


def test_a_receipt_alone_or_another_s_is_nothing(user: KeystoneUser) -> None:
    receipt = _receipt(user)
    alone = _passcode(user, passcode(SECRET))
    assert alone.status_code == 401
    assert alone.json()["receipt"]["methods"] == ["totp"]
    unknown = _passcode(user, passcode(SECRET), "gAAAAABnothing")
    assert_refused(unknown, 401, "Could not find auth receipt: gAAAAABnothing.")
    with keystone_user(user.target) as other:
        foreign = other.sign_in("unscoped", receipt=receipt)
        assert_refused(foreign, 401, f"Could not find auth receipt: {receipt}.")


def test_a_receipt_ends(user: KeystoneUser, target: Target) -> None:
    if target.demo is None:
        pytest.skip("needs a clock that can be moved")
    receipt = _receipt(user)
    assert _passcode(user, passcode(SECRET), receipt).status_code == 201
    target.demo.backend.clock.advance(300)
    try:
        late = _passcode(user, passcode(SECRET, 10), receipt)
        assert_refused(late, 401, f"Could not find auth receipt: {receipt}.")
        assert "Openstack-Auth-Receipt" not in late.headers
    finally:
        target.demo.backend.clock.advance(-300)


def test_a_user_with_rules_signs_in_with_no_application_credential(user: KeystoneUser) -> None:
    body = {"application_credential": {"name": "backup"}}
    path = f"/users/{user.id}/application_credentials"
    made = user.ask("POST", path, user.token(user.project), body).json()["application_credential"]
    assert _rules(user, **_RULES).status_code == 200
    given = {"id": made["id"], "secret": made["secret"]}
    answer = user.sign_in(application_credential=given)
    assert answer.status_code == 401
    assert answer.json()["required_auth_methods"] == []
