"""Signing a person in at Keystone: with their own credential, never the service's.

https://docs.openstack.org/api-ref/identity/v3/ (tokens, auth receipts)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from opencbr.cloud.answer import Answer
from opencbr.cloud.breaker import Hanging
from opencbr.cloud.errors import PasscodeWanted, SignInRefused, Unreachable, readable_request_id
from opencbr.cloud.identity import Identity
from opencbr.cloud.scopes import Scopes
from opencbr.model.caller import KeyOwner
from opencbr.model.clock import Clock

_GOOD = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_RECEIPT = "Openstack-Auth-Receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserToken:
    """A token that Keystone has given a person; `project_id` is "" where it is scoped to no project."""

    value: str = field(repr=False)
    user_name: str
    project_id: str
    project_name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UserProject:
    """A project in which a person has a role."""

    id: str
    name: str


class UserSignIn:
    """Asks Keystone, each call once: whoever waits can try again. Thread-safe.

    All methods raise SignInRefused where Keystone does not accept what was given, and Unreachable.
    """

    def __init__(self, scopes: Scopes, identity: Identity, clock: Clock, timeout_seconds: float) -> None:
        self._scopes = scopes
        self._identity = identity
        self._clock = clock
        self._timeout = timeout_seconds

    def password(self, user: str, domain: str, password: str) -> UserToken:
        """Sign in to no project yet; `domain` is a name. Raises PasscodeWanted where a second factor is asked for."""
        who = {"name": user, "domain": {"name": domain}, "password": password}
        return self._token({"methods": ["password"], "password": {"user": who}}, "unscoped")

    def passcode(self, user: str, domain: str, receipt: str, passcode: str) -> UserToken:
        """Go on with the one-time password of the second factor, after `password` has raised PasscodeWanted."""
        who = {"name": user, "domain": {"name": domain}, "passcode": passcode}
        return self._token(
            {"methods": ["totp"], "totp": {"user": who}}, "unscoped", headers={_RECEIPT: receipt}
        )

    def application_credential(self, credential_id: str, secret: str) -> UserToken:
        """Sign in to the credential's project."""
        given = {"id": credential_id, "secret": secret}
        return self._token({"methods": ["application_credential"], "application_credential": given}, None)

    def scoped(self, token: str, project_id: str) -> UserToken:
        """Get a token for one of the person's projects; it ends when `token` does."""
        return self._token({"methods": ["token"], "token": {"id": token}}, {"project": {"id": project_id}})

    def describe(self, token: str) -> UserToken:
        """Say whose a token is, asked with itself."""
        answer, _ = self._call(
            "GET", "/auth/tokens?nocatalog", {"X-Auth-Token": token, "X-Subject-Token": token}
        )
        return _user_token(answer, token)

    def projects(self, token: str) -> list[UserProject]:
        """List the projects in which the person has a role, by name."""
        answer, _ = self._call("GET", "/auth/projects", {"X-Auth-Token": token})
        rows = [row for row in answer.rows("project") if row.get("enabled", True)]
        return sorted((UserProject(row["id"], row["name"]) for row in rows), key=lambda one: one.name)

    def key_owner(self, access: str) -> KeyOwner:
        """Say whose access key it is, asked with the service's credential. Raises UnknownKey, CloudError."""
        return self._identity.key_owner(access)

    def revoke(self, token: str) -> None:
        """End a token before its time."""
        self._call("DELETE", "/auth/tokens", {"X-Auth-Token": token, "X-Subject-Token": token})

    def _token(
        self, identity: Mapping[str, Any], scope: Any, headers: Mapping[str, str] | None = None
    ) -> UserToken:
        auth = {"identity": identity} | ({"scope": scope} if scope else {})
        answer, sent = self._call("POST", "/auth/tokens?nocatalog", headers or {}, {"auth": auth})
        return _user_token(answer, sent.get("X-Subject-Token", ""))

    def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None
    ) -> tuple[Answer, Mapping[str, str]]:
        from keystoneauth1.exceptions import ClientException

        base = self._scopes.auth_url().rstrip("/")
        url = (base if base.endswith("/v3") else f"{base}/v3") + path
        where = path.partition("?")[0]
        # The session knows how to verify Keystone's certificate; its own credential stays out of it.
        session = self._scopes.credential.connection.session

        def send() -> Any:
            return session.request(
                url,
                method,
                authenticated=False,
                raise_exc=False,
                redirect=False,
                log=False,
                connect_retries=0,
                timeout=self._timeout,
                headers={"Accept": "application/json", **headers},
                **({} if body is None else {"json": body}),
            )

        try:
            response = self._scopes.breaker("identity").call(send, self._timeout)
        except (ClientException, Hanging) as error:
            raise Unreachable(
                service="identity", method=method, path=where, reason=type(error).__name__
            ) from error
        answer = Answer(
            service="identity",
            method=method,
            path=where,
            microversion=None,
            status=response.status_code,
            request_id=readable_request_id(response.headers.get("x-openstack-request-id")),
            read_at=self._clock.now(),
            body=response.content,
        )
        if response.status_code in _GOOD:
            return answer, response.headers
        if receipt := response.headers.get(_RECEIPT):
            raise PasscodeWanted(receipt)
        if response.status_code in _REFUSALS:
            raise SignInRefused
        raise answer.error()


def _user_token(answer: Answer, value: str) -> UserToken:
    body = answer.thing("token")
    project = body.get("project") or {}
    try:
        expires_at = datetime.fromisoformat(body["expires_at"])
        user_name = str(body["user"]["name"])
    except (KeyError, TypeError, ValueError) as error:
        raise answer.garbage("token has no user or no end") from error
    if not value:
        raise answer.garbage("no X-Subject-Token")
    return UserToken(
        value=value,
        user_name=user_name,
        project_id=str(project.get("id", "")),
        project_name=str(project.get("name", "")),
        expires_at=expires_at,
    )
