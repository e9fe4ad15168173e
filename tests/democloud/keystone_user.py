"""A user of a cloud under test who exists for one test, and what it says to Keystone in plain HTTP."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from .target import Target


@dataclass(frozen=True)
class KeystoneUser:
    """Has the role member on the project of the target's member; no default project."""

    target: Target
    id: str
    name: str
    password: str

    @property
    def who(self) -> dict[str, Any]:
        return {"name": self.name, "domain": {"id": "default"}}

    def sign_in(
        self, scope: Any = None, *, receipt: str | None = None, **methods: dict[str, Any]
    ) -> requests.Response:
        """Ask for a token with the methods given, the password where none is."""
        methods = methods or {"password": {"user": self.who | {"password": self.password}}}
        auth: dict[str, Any] = {"identity": {"methods": list(methods), **methods}}
        if scope is not None:
            auth["scope"] = scope
        headers = {"Openstack-Auth-Receipt": receipt} if receipt else {}
        url = f"{self.target.keystone}/auth/tokens?nocatalog"
        return requests.post(url, json={"auth": auth}, headers=headers, timeout=60)

    def token(self, scope: Any = "unscoped") -> str:
        """Sign in with the password."""
        answer = self.sign_in(scope)
        assert answer.status_code == 201, answer.text
        return answer.headers["X-Subject-Token"]

    @property
    def project(self) -> dict[str, Any]:
        """The scope that the user has a role in."""
        return {"project": {"id": self.target.member.project_id}}

    def ask(self, method: str, path: str, token: str, body: Any = None, **headers: str) -> requests.Response:
        """Call Keystone with a token."""
        given = {name.replace("_", "-"): value for name, value in headers.items()} | {"X-Auth-Token": token}
        return requests.request(method, self.target.keystone + path, json=body, headers=given, timeout=60)


@contextmanager
def keystone_user(target: Target) -> Iterator[KeystoneUser]:
    """Make a user and delete it afterwards."""
    name, password = f"opencbr-test-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    body = {"user": {"name": name, "password": password, "domain_id": "default"}}
    answer = target.admin.call("POST", "identity", "/users", body)
    assert answer.status_code == 201, answer.text
    id_ = answer.json()["user"]["id"]
    try:
        role = target.admin.get("identity", "/roles?name=member")["roles"][0]["id"]
        path = f"/projects/{target.member.project_id}/users/{id_}/roles/{role}"
        assert target.admin.call("PUT", "identity", path).status_code == 204
        yield KeystoneUser(target, id_, name, password)
    finally:
        assert target.admin.call("DELETE", "identity", f"/users/{id_}").status_code == 204


def passcode(secret: bytes, periods: int = 0) -> str:
    """Return the one-time password of now, or of so many periods later."""
    return TOTP(secret, 6, SHA1(), 30).generate(int(time.time()) + 30 * periods).decode()


def assert_refused(answer: requests.Response, status: int, message: str) -> None:
    """Check that Keystone refused a call with that sentence."""
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"] == message


UNAUTHORIZED = "The request you have made requires authentication."
NOT_AUTHORIZED = "You are not authorized to perform the requested action: "
