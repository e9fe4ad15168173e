"""A client of the demo's own API: plain HTTP, signed in as any user of the embedded cloud."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from opencbr.cli.app import Failure

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the embedded cloud on one project; `secret` and `password` are made at the first start."""

    user: str
    password: str
    project: str
    project_id: str
    access: str
    secret: str


@dataclass(frozen=True, slots=True)
class Token:
    """A Keystone token and when it ends."""

    value: str
    expires_at: datetime


def sign_in(auth_url: str, account: Account) -> Token:
    """Get a token for the account's project. Raises Failure."""
    domain = {"id": "default"}
    user = {"name": account.user, "password": account.password, "domain": domain}
    body = {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": account.project, "domain": domain}},
        }
    }
    headers, answer = _send("POST", f"{auth_url}/auth/tokens", {}, body)
    return Token(headers["X-Subject-Token"], datetime.fromisoformat(answer["token"]["expires_at"]))


@dataclass(frozen=True, slots=True)
class Client:
    """Calls below `/v3/{project_id}` with one token."""

    endpoint: str
    project_id: str
    token: str

    def get(self, path: str, **query: str) -> Any:
        """GET and return the decoded body. Raises Failure."""
        url = f"{self.endpoint}/v3/{self.project_id}{path}" + (f"?{urlencode(query)}" if query else "")
        return _send("GET", url, {"X-Auth-Token": self.token}, None)[1]

    def post(self, path: str, body: Any) -> Any:
        """POST and return the decoded body. Raises Failure."""
        url = f"{self.endpoint}/v3/{self.project_id}{path}"
        return _send("POST", url, {"X-Auth-Token": self.token}, body)[1]


def answers(url: str) -> bool:
    """Say whether a GET is answered with 200 now."""
    try:
        with _open(urllib.request.Request(url)) as response:  # noqa: S310 -- an http address of ours
            return bool(response.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def _send(method: str, url: str, headers: dict[str, str], body: Any) -> tuple[Any, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 -- an http address of ours
        url, data, {"Content-Type": "application/json", **headers}, method=method
    )
    try:
        with _open(request) as response:
            text = response.read()
            return response.headers, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        raise Failure(
            f"{method} {url} answered {error.code}: {error.read(2000).decode(errors='replace')}"
        ) from error
    except OSError as error:
        raise Failure(f"{method} {url} was not answered: {error}") from error


def _open(request: urllib.request.Request) -> Any:
    # A proxy of the environment knows nothing about an address of this machine.
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        request, timeout=_TIMEOUT_SECONDS
    )
