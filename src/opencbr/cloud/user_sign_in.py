"""Signing a person in at Keystone: with their own credential, never the service's.

https://docs.openstack.org/api-ref/identity/v3/ (tokens, auth receipts)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from opencbr.cloud.answer import Answer
from opencbr.cloud.breaker import Hanging
from opencbr.cloud.entries import usable
from opencbr.cloud.errors import PasscodeWanted, SignInRefused, UnknownKey, Unreachable, readable_request_id
from opencbr.cloud.identity import Identity
from opencbr.cloud.keystone_faults import NO_KEYSTONE
from opencbr.cloud.scopes import Scopes
from opencbr.deadline import seconds_left, within
from opencbr.model.caller import KeyOwner
from opencbr.model.clock import Clock

_GOOD = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)
_REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_RECEIPT = "Openstack-Auth-Receipt"
_HEADER = re.compile(r"[\x21-\x7e]{1,16384}\Z")
"""What a token or a receipt can be; nothing else is put into a header."""
_PASSWORD, _PASSCODE = "password", "totp"


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

    All methods raise SignInRefused where Keystone does not accept what was given, and CloudError where it could not be
    asked. No error repeats what Keystone has answered: a proxy's answer may hold the request.
    """

    def __init__(self, scopes: Scopes, identity: Identity, clock: Clock, timeout_seconds: float) -> None:
        self._scopes = scopes
        self._identity = identity
        self._clock = clock
        self._timeout = timeout_seconds

    def password(self, user: str, domain: str, password: str) -> UserToken:
        """Sign in to no project yet; `domain` is a name. Raises PasscodeWanted where a second factor is asked for."""
        who = {"name": user, "domain": {"name": domain}, "password": password}
        return self._token({"methods": [_PASSWORD], _PASSWORD: {"user": who}}, "unscoped")

    def passcode(self, user: str, domain: str, receipt: str, passcode: str) -> UserToken:
        """Go on with the one-time password of the second factor, after `password` has raised PasscodeWanted."""
        who = {"name": user, "domain": {"name": domain}, "passcode": passcode}
        return self._token(
            {"methods": [_PASSCODE], _PASSCODE: {"user": who}}, "unscoped", headers={_RECEIPT: receipt}
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
        rows = answer.entries("project_of_user", "projects")
        rows = [row for row in rows if usable("project_of_user", row)[1] is None and row.get("enabled", True)]
        return sorted((UserProject(row["id"], row["name"]) for row in rows), key=lambda one: one.name)

    def access_key(self, access: str, secret: str) -> KeyOwner:
        """Say whose access key it is if the secret is right, asked with the service's credential."""
        try:
            with within(self._seconds()):
                return self._identity.key_owner(access, secret)
        except UnknownKey:
            raise SignInRefused from None

    def revoke(self, token: str) -> None:
        """End a token before its time, and none that came of it or that it came of."""
        self._call("DELETE", "/auth/tokens?cascade=false", {"X-Auth-Token": token, "X-Subject-Token": token})

    def _seconds(self) -> float:
        """Return how long the person waits, who always does: while Keystone hangs most are told so at once."""
        left = seconds_left()
        return self._timeout if left is None else min(left, self._timeout)

    def _token(
        self, identity: Mapping[str, Any], scope: Any, headers: Mapping[str, str] | None = None
    ) -> UserToken:
        auth = {"identity": identity} | ({"scope": scope} if scope else {})
        answer, sent = self._call("POST", "/auth/tokens?nocatalog", headers or {}, {"auth": auth})
        return _user_token(answer, sent.get("X-Subject-Token", ""))

    def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None
    ) -> tuple[Answer, Mapping[str, str]]:
        from keystoneauth1.exceptions import ClientException, ConnectTimeout

        if not all(_HEADER.match(value) for value in headers.values()):
            raise SignInRefused
        base = self._scopes.credential.auth_url.rstrip("/")
        url = (base if base.endswith("/v3") else f"{base}/v3") + path
        where = path.partition("?")[0]
        # The session knows how to verify Keystone's certificate; its own credential stays out of it.
        session = self._scopes.credential.connection.session

        def send() -> Any:
            try:
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
            except ConnectTimeout:
                raise Hanging(f"no answer within {self._timeout:g} seconds") from None

        try:
            with within(self._seconds()):
                response = self._scopes.breaker("identity").call(send, self._timeout)
        except (ClientException, Hanging) as error:
            # Not `from error`: what the library says of a request may hold it.
            reason = str(error) if isinstance(error, Hanging) else type(error).__name__
            raise Unreachable(service="identity", method=method, path=where, reason=reason) from None
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
        if response.status_code == HTTPStatus.UNAUTHORIZED and _RECEIPT in response.headers:
            raise _further(answer, response.headers[_RECEIPT])
        failure = answer.error()
        if response.status_code in _REFUSALS and not isinstance(failure, Unreachable):
            raise SignInRefused
        raise Unreachable(
            service="identity",
            method=method,
            path=where,
            status=response.status_code,
            request_id=answer.request_id,
            reason=NO_KEYSTONE if failure.reason == NO_KEYSTONE else "",
        )


def _further(answer: Answer, receipt: str) -> Exception:
    """Make the error for a receipt: a passcode is all that is known to go on with; other factors cannot be asked for."""
    rules = answer.json().get("required_auth_methods")
    if not isinstance(rules, list) or not _HEADER.match(receipt):
        return answer.garbage("a receipt that cannot be used")
    if any(isinstance(rule, list) and set(map(str, rule)) == {_PASSWORD, _PASSCODE} for rule in rules):
        return PasscodeWanted(receipt)
    return SignInRefused()


def _user_token(answer: Answer, value: str) -> UserToken:
    body = answer.thing("token")
    project = body.get("project") or {}
    try:
        expires_at = datetime.fromisoformat(body["expires_at"])
        user_name = str(body["user"]["name"])
    except (KeyError, TypeError, ValueError):
        raise answer.garbage("token has no user or no end") from None
    if expires_at.tzinfo is None:
        raise answer.garbage("expires_at of token has no zone")
    if not _HEADER.match(value):
        raise answer.garbage("no X-Subject-Token")
    return UserToken(
        value=value,
        user_name=user_name,
        project_id=str(project.get("id", "")),
        project_name=str(project.get("name", "")),
        expires_at=expires_at,
    )
