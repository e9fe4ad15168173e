"""Tokens of no project: what Keystone says of them, and what becomes of them."""

import time
from collections.abc import Iterator

import pytest

from .keystone_user import NOT_AUTHORIZED, UNAUTHORIZED, KeystoneUser, assert_refused, keystone_user
from .target import Target


@pytest.fixture(name="user")
def _user(target: Target) -> Iterator[KeystoneUser]:
    with keystone_user(target) as user:
        yield user


def test_a_token_of_no_project_says_only_who_it_is(user: KeystoneUser) -> None:
    answer = user.sign_in("unscoped")
    assert answer.status_code == 201
    said = answer.json()["token"]
    assert list(said) == ["methods", "user", "audit_ids", "expires_at", "issued_at"]
    assert said["user"]["id"] == user.id
    assert answer.headers["X-Subject-Token"]
    assert list(user.sign_in().json()["token"]) == list(said)  # who has no default project


def test_it_validates_itself_and_the_same_user_s_others(user: KeystoneUser) -> None:
    token, other = user.token(), user.token(user.project)
    for subject in (token, other):
        answer = user.ask("GET", "/auth/tokens?nocatalog", token, X_Subject_Token=subject)
        assert answer.status_code == 200
        assert answer.json()["token"]["user"]["id"] == user.id
    refused = f"{NOT_AUTHORIZED}identity:validate_token."
    foreign = user.target.member.session.get_token()
    assert_refused(user.ask("GET", "/auth/tokens", token, X_Subject_Token=foreign), 403, refused)
    assert_refused(user.ask("GET", "/auth/tokens", token), 403, refused)
    unknown = user.ask("GET", "/auth/tokens", token, X_Subject_Token="gAAAAABnothing")
    assert_refused(unknown, 404, "Could not recognize Fernet token")


def test_it_lists_its_user_s_projects(user: KeystoneUser) -> None:
    rows = user.ask("GET", "/auth/projects", user.token()).json()["projects"]
    assert [row["id"] for row in rows] == [user.target.member.project_id]
    assert {"id", "name", "domain_id", "enabled"} <= set(rows[0])


def test_it_becomes_a_token_of_a_project_that_ends_no_later(user: KeystoneUser) -> None:
    first = user.sign_in("unscoped")
    token = first.headers["X-Subject-Token"]
    answer = user.sign_in(user.project, token={"id": token})
    assert answer.status_code == 201
    said, before = answer.json()["token"], first.json()["token"]
    assert sorted(said["methods"]) == ["password", "token"]
    assert said["expires_at"] == before["expires_at"]
    assert said["audit_ids"][1:] == before["audit_ids"]
    assert_refused(user.sign_in({"project": {"id": "nope"}}, token={"id": token}), 401, UNAUTHORIZED)
    unknown = user.sign_in(user.project, token={"id": "gAAAAABnothing"})
    assert_refused(unknown, 404, "Could not recognize Fernet token")


def test_revoking_reaches_what_came_of_it_unless_one_says_no(user: KeystoneUser) -> None:
    def derived(token: str) -> str:
        return user.sign_in(user.project, token={"id": token}).headers["X-Subject-Token"]

    def revoke(token: str, query: str = "") -> None:
        answer = user.ask("DELETE", f"/auth/tokens{query}", token, X_Subject_Token=token)
        assert answer.status_code == 204

    def works(token: str) -> bool:
        return user.ask("GET", "/auth/projects", token).status_code == 200

    def ended(token: str) -> bool:
        # A real Keystone answers from its cache where the revocation's word did not reach it: each of its threads takes a
        # cache that was slow to answer for dead, a minute. A user who is deleted empties that cache on another thread.
        end = time.monotonic() + 180
        while works(token) and user.target.demo is None and time.monotonic() < end:
            with keystone_user(user.target):
                pass
        return not works(token)

    token = user.token()
    first, second = derived(token), derived(token)
    revoke(first)
    assert ended(first)
    assert (works(token), works(second)) == (True, True)
    revoke(token, "?cascade=false")
    assert ended(token)
    assert works(second)
    if user.target.demo is None:
        return  # the processes of a real Keystone remember what they have accepted, some of them for minutes
    token = user.token()
    third = derived(token)
    revoke(token)
    assert ended(token)
    assert ended(third)


def test_a_disabled_user_is_signed_out_and_kept_out(user: KeystoneUser) -> None:
    token = user.token()
    path = f"/users/{user.id}"
    disabled = user.target.admin.call("PATCH", "identity", path, {"user": {"enabled": False}})
    assert disabled.json()["user"]["enabled"] is False
    assert user.ask("GET", "/auth/projects", token).status_code == 401
    assert_refused(user.sign_in("unscoped"), 401, UNAUTHORIZED)
