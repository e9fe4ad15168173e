"""Keystone: tokens, who may ask what, roles and EC2 keys."""

import hashlib
import json
import secrets
from collections.abc import Iterator

import pytest
import requests

from .keystone_user import KeystoneUser, keystone_user
from .made import NAME
from .target import Target


def _ask(target: Target, method: str, path: str, token: str | None, **headers: str) -> requests.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        given["X-Auth-Token"] = token
    return requests.request(method, target.keystone + path, headers=given, timeout=30)


def _refused(answer: requests.Response, status: int, message: str) -> None:
    title = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}[status]
    assert (answer.status_code, answer.json()) == (
        status,
        {"error": {"code": status, "message": message, "title": title}},
    )


def test_an_admin_validates_a_token(target: Target) -> None:
    token = target.member.session.get_token()
    answer = _ask(
        target, "GET", "/auth/tokens?nocatalog", target.admin.session.get_token(), X_Subject_Token=token
    )
    assert answer.status_code == 200
    assert answer.headers["X-Subject-Token"] == token
    shown = answer.json()["token"]
    assert list(shown) == [
        *("methods", "user", "audit_ids", "expires_at", "issued_at", "project", "is_domain", "roles"),
    ]
    assert shown["project"]["id"] == target.member.project_id
    assert {role["name"] for role in shown["roles"]} == {"member", "reader"}
    full = _ask(target, "GET", "/auth/tokens", target.admin.session.get_token(), X_Subject_Token=token)
    assert "catalog" in full.json()["token"]
    head = _ask(target, "HEAD", "/auth/tokens", target.admin.session.get_token(), X_Subject_Token=token)
    assert (head.status_code, head.content) == (200, b"")


def test_tokens_that_are_refused(target: Target) -> None:
    admin, member = target.admin.session.get_token(), target.member.session.get_token()
    unauthorized = "The request you have made requires authentication."
    _refused(_ask(target, "GET", "/auth/tokens", "bad", X_Subject_Token=member), 401, unauthorized)
    _refused(_ask(target, "GET", "/auth/tokens", None, X_Subject_Token=member), 401, unauthorized)
    unknown = _ask(target, "GET", "/auth/tokens", admin, X_Subject_Token="gAAAAABnothing")
    assert unknown.status_code == 404
    _refused(
        _ask(target, "GET", "/auth/tokens", member, X_Subject_Token=admin),
        403,
        "You are not authorized to perform the requested action: identity:validate_token.",
    )


@pytest.mark.parametrize("service", ["compute", "volumev3", "network"])
def test_services_refuse_a_bad_token(target: Target, service: str) -> None:
    base = target.member.session.get_endpoint(service_type=service, interface="public")
    path = {"compute": "/servers", "volumev3": "/volumes", "network": "/v2.0/ports"}[service]
    for headers in ({}, {"X-Auth-Token": "bad"}):
        answer = requests.get(base + path, headers=headers, timeout=30)
        assert answer.status_code == 401
        assert answer.json()["error"]["title"] == "Unauthorized"
        assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")


def _log_in(target: Target, password: str, scope: dict[str, object]) -> int:
    given = target.member.session.auth
    user = {"name": given._username, "domain": {"id": "default"}, "password": password}
    identity = {"methods": ["password"], "password": {"user": user}}
    auth = {"auth": {"identity": identity, "scope": scope}}
    return requests.post(f"{target.keystone}/auth/tokens", json=auth, timeout=30).status_code


def test_log_in(target: Target) -> None:
    password = target.member.session.auth._password
    assert _log_in(target, password, {"project": {"id": target.member.project_id}}) == 201
    assert _log_in(target, "wrong", {"project": {"id": target.member.project_id}}) == 401
    assert _log_in(target, password, {"project": {"id": target.other.project_id}}) == 401
    assert _log_in(target, password, {"domain": {"id": "default"}}) == 401


def test_a_revoked_token_opens_nothing(target: Target) -> None:
    body = {"identity": {"methods": ["token"], "token": {"id": target.member.session.get_token()}}}
    body["scope"] = {"project": {"id": target.member.project_id}}
    answer = requests.post(f"{target.keystone}/auth/tokens", json={"auth": body}, timeout=30)
    token = answer.headers["X-Subject-Token"]
    assert sorted(answer.json()["token"]["methods"]) == [
        "password",
        "token",
    ]  # in no order that can be relied on
    assert _ask(target, "GET", "/auth/projects", token).status_code == 200
    assert _ask(target, "DELETE", "/auth/tokens", token, X_Subject_Token=token).status_code == 204
    assert _ask(target, "GET", "/auth/projects", token).status_code == 401


def test_projects_and_users_are_the_admin_s_and_one_s_own(target: Target) -> None:
    member, admin = target.member.session.get_token(), target.admin.session.get_token()
    own = _ask(target, "GET", f"/projects/{target.member.project_id}", member)
    assert own.status_code == 200
    name = own.json()["project"]["name"]
    found = _ask(target, "GET", f"/projects?name={name}", admin).json()["projects"]
    assert [row["id"] for row in found] == [target.member.project_id]
    action = "You are not authorized to perform the requested action: identity:"
    _refused(_ask(target, "GET", f"/projects?name={name}", member), 403, f"{action}list_projects.")
    _refused(_ask(target, "GET", "/projects/nope", admin), 404, "Could not find project: nope.")
    mine = _ask(target, "GET", "/auth/projects", member).json()["projects"]
    assert [row["id"] for row in mine] == [target.member.project_id]
    user = _ask(target, "GET", f"/users/{target.member.user_id}", member).json()["user"]
    by_name = _ask(target, "GET", f"/users?name={user['name']}", admin).json()["users"]
    assert [row["id"] for row in by_name] == [target.member.user_id]


def test_effective_roles(target: Target) -> None:
    query = (
        f"user.id={target.member.user_id}&scope.project.id={target.member.project_id}&effective&include_names"
    )
    answer = _ask(target, "GET", f"/role_assignments?{query}", target.admin.session.get_token())
    rows = answer.json()["role_assignments"]
    assert {row["role"]["name"] for row in rows} == {"member", "reader"}
    assert {row["scope"]["project"]["id"] for row in rows} == {target.member.project_id}
    refused = _ask(target, "GET", f"/role_assignments?{query}", target.member.session.get_token())
    assert refused.status_code == 403


def test_a_role_inherited_from_the_domain_opens_every_project(target: Target) -> None:
    admin = target.admin
    body = {
        "user": {
            "name": "opencbr-test-conformance-inherit",
            "password": "A-long-pass-word-1",
            "domain_id": "default",
        }
    }
    user = admin.call("POST", "identity", "/users", body).json()["user"]["id"]
    try:
        role = admin.get("identity", "/roles?name=member")["roles"][0]["id"]
        path = f"/OS-INHERIT/domains/default/users/{user}/roles/{role}/inherited_to_projects"
        scope = {"project": {"id": target.other.project_id}}
        given = {"user": {"id": user, "password": "A-long-pass-word-1"}}
        auth = {"auth": {"identity": {"methods": ["password"], "password": given}, "scope": scope}}
        assert requests.post(f"{target.keystone}/auth/tokens", json=auth, timeout=30).status_code == 401
        assert admin.call("PUT", "identity", path).status_code == 204
        assert admin.call("PUT", "identity", path).status_code == 204
        assert requests.post(f"{target.keystone}/auth/tokens", json=auth, timeout=30).status_code == 201
        query = f"user.id={user}&scope.project.id={target.other.project_id}&effective&include_names"
        rows = admin.get("identity", f"/role_assignments?{query}")["role_assignments"]
        assert "member" in {row["role"]["name"] for row in rows}
        again = admin.call("POST", "identity", "/users", body)
        assert (again.status_code, again.json()["error"]["title"]) == (409, "Conflict")
    finally:
        assert admin.call("DELETE", "identity", f"/users/{user}").status_code == 204


def test_ec2_keys(target: Target) -> None:
    base = f"/users/{target.member.user_id}/credentials/OS-EC2"
    made = target.member.call("POST", "identity", base, {"tenant_id": target.member.project_id})
    assert made.status_code == 201
    key = made.json()["credential"]
    try:
        assert list(key) == ["user_id", "tenant_id", "access", "secret", "trust_id", "links"]
        listed = target.member.get("identity", base)["credentials"]
        assert key["access"] in {row["access"] for row in listed}
        id_ = hashlib.sha256(key["access"].encode()).hexdigest()
        shown = target.admin.get("identity", f"/credentials/{id_}")["credential"]
        assert list(shown) == ["id", "user_id", "project_id", "type", "blob", "links"]
        assert json.loads(shown["blob"]) == {
            "access": key["access"],
            "secret": key["secret"],
            "trust_id": None,
        }
        stranger = target.other.call("GET", "identity", f"/credentials/{id_}")
        assert stranger.status_code == 403
        assert id_ in {
            row["id"] for row in target.admin.get("identity", "/credentials?type=ec2")["credentials"]
        }
    finally:
        assert target.member.call("DELETE", "identity", f"{base}/{key['access']}").status_code == 204
    gone = target.member.call("GET", "identity", f"{base}/{key['access']}")
    assert gone.status_code == 404


def test_the_catalogue_takes_another_service(target: Target) -> None:
    service = target.admin.call(
        "POST", "identity", "/services", {"service": {"name": "opencbr-test-conformance", "type": "x-test"}}
    )
    assert service.status_code == 201
    id_ = service.json()["service"]["id"]
    try:
        url = "http://127.0.0.1:1/v3/$(project_id)s"
        point = {"service_id": id_, "interface": "public", "url": url, "region_id": "RegionOne"}
        assert target.admin.call("POST", "identity", "/endpoints", {"endpoint": point}).status_code == 201
        entries = target.member.get("identity", "/auth/catalog")["catalog"]
        found = [row["endpoints"][0]["url"] for row in entries if row["type"] == "x-test"]
        assert found == [f"http://127.0.0.1:1/v3/{target.member.project_id}"]
        refused = target.member.call(
            "POST", "identity", "/services", {"service": {"name": "no", "type": "x"}}
        )
        assert refused.status_code == 403
    finally:
        assert target.admin.call("DELETE", "identity", f"/services/{id_}").status_code == 204


@pytest.fixture(name="leaver")
def _leaver(target: Target) -> Iterator[KeystoneUser]:
    """Whoever leaves a group has no token any more: nobody whom other tests are."""
    with keystone_user(target) as user:
        yield user


@pytest.mark.parametrize("inherits", [False, True], ids=["on the project", "inherited from the domain"])
def test_a_group_s_role_is_told_as_its_user_s(target: Target, leaver: KeystoneUser, inherits: bool) -> None:
    admin = target.admin
    body = {"group": {"name": f"{NAME}-{secrets.token_hex(4)}", "domain_id": "default"}}
    made = admin.call("POST", "identity", "/groups", body)
    assert made.status_code == 201, made.text
    group = made.json()["group"]["id"]
    (role,) = admin.get("identity", "/roles?name=manager")["roles"]
    project, user = target.member.project_id, leaver.id
    where = "OS-INHERIT/domains/default" if inherits else f"projects/{project}"
    path = f"/{where}/groups/{group}/roles/{role['id']}" + ("/inherited_to_projects" if inherits else "")
    query = f"/role_assignments?effective&include_names&user.id={user}&scope.project.id={project}"

    def told() -> set[str]:
        rows = admin.get("identity", query)["role_assignments"]
        assert {row["user"]["id"] for row in rows} == {user}
        return {row["role"]["name"] for row in rows}

    try:
        assert admin.call("PUT", "identity", path).status_code == 204
        assert told() == {"member", "reader"}
        assert admin.call("PUT", "identity", f"/groups/{group}/users/{user}").status_code == 204
        assert told() == {"manager", "member", "reader"}
        (row,) = admin.get("identity", f"/role_assignments?group.id={group}")["role_assignments"]
        assert (row["group"]["id"], row["role"]["id"]) == (group, role["id"])
        assert admin.call("DELETE", "identity", f"/groups/{group}/users/{user}").status_code == 204
        assert told() == {"member", "reader"}
    finally:
        assert admin.call("DELETE", "identity", f"/groups/{group}").status_code == 204
