"""A user of the embedded cloud who signs in to the console, and what Keystone has of them."""

import base64
import secrets
import time
from dataclasses import dataclass
from typing import Any

import requests
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from api.api_server import ApiServer

from .browser import Browser

KEY = secrets.token_bytes(20)


def passcode() -> str:
    """Return the one-time password of now."""
    return TOTP(KEY, 6, SHA1(), 30).generate(int(time.time())).decode()


@dataclass
class Person:
    """A user who exists for one test, with the role member on the project demo."""

    cbr: ApiServer
    id: str
    name: str
    password: str = "a password with <signs> & spaces"

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> requests.Response:
        """Ask Keystone, as the admin where no token is given."""
        headers = {"X-Auth-Token": token or self.cbr.token("admin")}
        return requests.request(
            method, self.cbr.cloud.auth_url + path, json=body, headers=headers, timeout=60
        )

    def token(self, scope: Any = "unscoped") -> str:
        user = {"id": self.id, "password": self.password}
        identity = {"methods": ["password"], "password": {"user": user}}
        answer = self.ask("POST", "/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
        return answer.headers["X-Subject-Token"]

    @property
    def scope(self) -> dict[str, Any]:
        return {"project": {"id": self.cbr.project()}}

    def works(self, token: str) -> bool:
        return self.ask("GET", "/auth/projects", token=token).status_code == 200

    def join(self, project_id: str, role: str = "member") -> None:
        role = self.ask("GET", f"/roles?name={role}").json()["roles"][0]["id"]
        assert self.ask("PUT", f"/projects/{project_id}/users/{self.id}/roles/{role}").status_code == 204

    def tokens(self) -> list[dict[str, Any]]:
        """The tokens of this user that are good."""
        state = self.cbr.cloud.backend.state
        with state.change():
            return [doc for doc in state.all("token") if doc["user"]["id"] == self.id]

    def sign_in(self, browser: Browser, **fields: str) -> requests.Response:
        return browser.sign_in("password", user=self.name, password=self.password, **fields)

    def application_credential(self) -> dict[str, Any]:
        body = {"application_credential": {"name": "console"}}
        path = f"/users/{self.id}/application_credentials"
        return dict(self.ask("POST", path, body, self.token(self.scope)).json()["application_credential"])

    def access_key(self) -> tuple[str, str]:
        body = {"tenant_id": self.cbr.project()}
        made = self.ask("POST", f"/users/{self.id}/credentials/OS-EC2", body).json()["credential"]
        return made["access"], made["secret"]

    def want_a_passcode(self) -> None:
        blob = base64.b32encode(KEY).decode()
        self.ask("POST", "/credentials", {"credential": {"type": "totp", "blob": blob, "user_id": self.id}})
        options = {"multi_factor_auth_rules": [["password", "totp"]]}
        assert self.ask("PATCH", f"/users/{self.id}", {"user": {"options": options}}).status_code == 200
