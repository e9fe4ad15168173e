"""Application credentials: made, shown, signed in with, and gone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from .keystone_user import NOT_AUTHORIZED, UNAUTHORIZED, KeystoneUser, assert_refused, keystone_user
from .target import Target


@pytest.fixture(name="user")
def _user(target: Target) -> Iterator[KeystoneUser]:
    with keystone_user(target) as user:
        yield user


def _make(user: KeystoneUser, token: str | None = None, **fields: Any) -> requests.Response:
    path = f"/users/{user.id}/application_credentials"
    body = {"application_credential": {"name": "backup"} | fields}
    return user.ask("POST", path, token or user.token(user.project), body)


def _made(user: KeystoneUser, **fields: Any) -> dict[str, Any]:
    answer = _make(user, **fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["application_credential"]
    return made


def _sign_in(user: KeystoneUser, scope: Any = None, /, **given: Any) -> requests.Response:
    return user.sign_in(scope, application_credential=given)


def _in_order(credential: dict[str, Any]) -> dict[str, Any]:
    """Put the roles into an order: Keystone has none."""
    return credential | {"roles": sorted(credential["roles"], key=lambda role: str(role["id"]))}


def test_the_secret_is_shown_once(user: KeystoneUser) -> None:
    made = _made(user, description="nightly")
    assert list(made) == [
        *("id", "name", "description", "user_id", "project_id", "system", "expires_at", "unrestricted"),
        *("roles", "secret", "links"),
    ]
    assert (made["user_id"], made["project_id"]) == (user.id, user.target.member.project_id)
    assert (made["expires_at"], made["unrestricted"], len(made["secret"])) == (None, None, 86)
    assert {role["name"] for role in made["roles"]} == {"member", "reader"}
    assert list(made["roles"][0]) == ["id", "name", "domain_id", "description", "options"]
    assert made["links"]["self"].endswith(f"/v3/application_credentials/{made['id']}")
    kept = _in_order({name: value for name, value in made.items() if name != "secret"})
    path, token = f"/users/{user.id}/application_credentials", user.token(user.project)
    assert _in_order(user.ask("GET", f"{path}/{made['id']}", token).json()["application_credential"]) == kept
    listed = user.ask("GET", path, token).json()["application_credentials"]
    assert [_in_order(row) for row in listed] == [kept]
    assert user.ask("GET", f"{path}?name=other", token).json()["application_credentials"] == []
    admin = user.target.admin.get("identity", f"{path}/{made['id']}")
    assert _in_order(admin["application_credential"]) == kept


@pytest.mark.parametrize("by", ["id", "name"])
def test_it_signs_in_to_its_project(user: KeystoneUser, by: str) -> None:
    made = _made(user)
    given = {"id": made["id"]} if by == "id" else {"name": "backup", "user": user.who}
    answer = _sign_in(user, secret=made["secret"], **given)
    assert answer.status_code == 201
    said = answer.json()["token"]
    assert list(said) == [
        *("methods", "user", "audit_ids", "expires_at", "issued_at", "project", "is_domain", "roles"),
        "application_credential",
    ]
    assert said["methods"] == ["application_credential"]
    assert said["project"]["id"] == user.target.member.project_id
    assert {role["name"] for role in said["roles"]} == {"member", "reader"}
    assert said["application_credential"] == {"id": made["id"], "name": "backup", "restricted": True}
    token = answer.headers["X-Subject-Token"]
    validated = user.ask("GET", "/auth/tokens?nocatalog", token, X_Subject_Token=token)
    assert validated.json()["token"] == said


def test_what_is_refused(user: KeystoneUser) -> None:
    made = _made(user)
    id_, secret = made["id"], made["secret"]
    assert_refused(_sign_in(user, id=id_, secret="wrong"), 401, UNAUTHORIZED)
    assert_refused(_sign_in(user, id=id_), 401, UNAUTHORIZED)
    assert _sign_in(user, user.project, id=id_, secret=secret).status_code == 401
    unknown = _sign_in(user, id="nope", secret=secret)
    assert_refused(unknown, 404, "Could not find Application Credential: nope.")
    assert_refused(_sign_in(user, name="nope", user=user.who, secret=secret), 401, UNAUTHORIZED)
    nobody = user.who | {"name": "opencbr-test-nobody"}
    no_user = _sign_in(user, name="backup", user=nobody, secret=secret)
    assert_refused(no_user, 404, "Could not find user: opencbr-test-nobody.")


def test_what_is_not_made(user: KeystoneUser) -> None:
    _made(user)
    conflict = "Conflict occurred attempting to store application_credential - "
    assert_refused(_make(user), 409, f"{conflict}Duplicate entry found with name backup.")
    past = _make(user, name="past", expires_at="2020-01-01T00:00:00")
    assert past.status_code == 400
    assert past.json()["error"]["message"].startswith("The 'expires_at' must not be before now.")
    invalid = "Invalid application credential: Cannot create an application credential with unassigned role"
    assert_refused(_make(user, name="more", roles=[{"name": "admin"}]), 400, invalid)
    foreign = _make(user, user.target.member.session.get_token(), name="foreign")
    assert_refused(foreign, 403, f"{NOT_AUTHORIZED}identity:create_application_credential.")


def test_it_can_have_less_than_its_user(user: KeystoneUser) -> None:
    made = _made(user, roles=[{"name": "reader"}])
    said = _sign_in(user, id=made["id"], secret=made["secret"]).json()["token"]
    assert [role["name"] for role in said["roles"]] == ["reader"]


def test_it_ends(user: KeystoneUser, target: Target) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)
    made = _made(user, expires_at=f"{end:%Y-%m-%dT%H:%M:%S}")
    assert made["expires_at"] == f"{end:%Y-%m-%dT%H:%M:%S}.000000"
    answer = _sign_in(user, id=made["id"], secret=made["secret"])
    assert datetime.fromisoformat(answer.json()["token"]["expires_at"]) == end
    if target.demo is None:
        return  # a real cloud's clock cannot be moved
    target.demo.backend.clock.advance(601)
    try:
        assert_refused(_sign_in(user, id=made["id"], secret=made["secret"]), 401, UNAUTHORIZED)
    finally:
        target.demo.backend.clock.advance(-601)


def test_a_restricted_one_makes_nothing_and_an_unrestricted_one_does(user: KeystoneUser) -> None:
    made = _made(user)
    token = _sign_in(user, id=made["id"], secret=made["secret"]).headers["X-Subject-Token"]
    path = f"/users/{user.id}/application_credentials"
    managing = "Using method 'application_credential' is not allowed for managing additional application credentials."
    assert_refused(_make(user, token, name="second"), 403, f"{NOT_AUTHORIZED}{managing}.")
    assert_refused(user.ask("DELETE", f"{path}/{made['id']}", token), 403, f"{NOT_AUTHORIZED}{managing}.")
    assert user.ask("GET", path, token).status_code == 200
    free = _made(user, name="free", unrestricted=True)
    answer = _sign_in(user, id=free["id"], secret=free["secret"])
    assert answer.json()["token"]["application_credential"]["restricted"] is False
    assert _make(user, answer.headers["X-Subject-Token"], name="second").status_code == 201


def test_its_token_becomes_no_other_and_sees_no_credentials(user: KeystoneUser) -> None:
    made = _made(user)
    token = _sign_in(user, id=made["id"], secret=made["secret"]).headers["X-Subject-Token"]
    rescoped = user.sign_in(user.project, token={"id": token})
    action = "Using a delegated token to create another token is not allowed."
    assert_refused(rescoped, 403, f"{NOT_AUTHORIZED}{action}.")
    assert user.ask("GET", "/credentials", token).json()["credentials"] == []
    body = {"credential": {"type": "totp", "blob": "JBSWY3DPEHPK3PXP", "user_id": user.id}}
    action = "Delegated tokens cannot access credentials directly"
    assert_refused(user.ask("POST", "/credentials", token, body), 403, f"{NOT_AUTHORIZED}{action}.")


def test_a_deleted_one_takes_its_tokens_with_it(user: KeystoneUser) -> None:
    made = _made(user)
    token = _sign_in(user, id=made["id"], secret=made["secret"]).headers["X-Subject-Token"]
    path = f"/users/{user.id}/application_credentials/{made['id']}"
    foreign = user.ask("DELETE", path, user.target.other.session.get_token())
    assert foreign.status_code == 403
    assert user.ask("DELETE", path, user.token(user.project)).status_code == 204
    assert user.ask("GET", path, user.token(user.project)).status_code == 404
    admin = user.target.admin.session.get_token()
    assert user.ask("GET", "/auth/tokens", admin, X_Subject_Token=token).status_code == 404
    assert _sign_in(user, id=made["id"], secret=made["secret"]).status_code == 404


def test_it_goes_with_its_user_s_role_on_the_project(user: KeystoneUser) -> None:
    made, admin = _made(user), user.target.admin
    role = admin.get("identity", "/roles?name=member")["roles"][0]["id"]
    path = f"/projects/{user.target.member.project_id}/users/{user.id}/roles/{role}"
    assert admin.call("DELETE", "identity", path).status_code == 204
    answer = _sign_in(user, id=made["id"], secret=made["secret"])
    assert answer.status_code in (401, 404)  # 401 where Keystone still has it in its cache


def test_it_rests_while_its_user_is_disabled(user: KeystoneUser) -> None:
    made, path = _made(user), f"/users/{user.id}"
    for enabled, status in ((False, 401), (True, 201)):
        body = {"user": {"enabled": enabled}}
        assert user.target.admin.call("PATCH", "identity", path, body).status_code == 200
        assert _sign_in(user, id=made["id"], secret=made["secret"]).status_code == status
