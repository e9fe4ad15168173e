"""Raw calls under one token scope: bytes in, bytes out, every failure a CloudError.

keystoneauth keeps the token (renewed before its end) and the connection pool; its own retries, its logging of bodies and its
exceptions stay below this line.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from opencbr.cloud.answer import Answer
from opencbr.cloud.breaker import Breaker, Hanging
from opencbr.cloud.credential import REMEDY, Credential
from opencbr.cloud.endpoints import SERVICES, Endpoint, Endpoints
from opencbr.cloud.errors import CloudError, CredentialRefused, Denied, Unreachable, readable_request_id
from opencbr.cloud.keystone_faults import NO_KEYSTONE, refuses, why_no_token
from opencbr.cloud.retry import AGAIN, NO_PATIENCE, Again, Patience, persist, retry_after
from opencbr.deadline import heed_interruption, seconds_left
from opencbr.model.clock import Clock
from opencbr.observe.repetition import OnceInAWhile

log = logging.getLogger(__name__)
log.addFilter(OnceInAWhile())

Query = Mapping[str, Any]

_LATER_SECONDS = 1.0

_REVOKED_SECONDS = 1.0
"""Keystone revokes all tokens of a user to the second, so that a new one of that second is refused too."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """The project that a scope lies in, and the scope of the credential's own."""

    project_id: str
    home: "Transport"


class Transport:
    """One credential in one scope, a tenant's project or its own. Thread-safe.

    `breakers` bound each service's calls over all scopes. `session` signs in with version `version` of the credential.

    `timeout_seconds` bounds a whole call, its body included; the deadline of a client that waits shortens it.
    """

    def __init__(
        self,
        *,
        session: Any,
        credential: Credential,
        version: int,
        tenant: Tenant | None,
        endpoints: Endpoints,
        clock: Clock,
        patience: Patience,
        breakers: Mapping[str, Breaker],
        timeout_seconds: float,
    ) -> None:
        self._session = session
        self._credential = credential
        self._tenant = tenant
        self._lock = threading.Lock()
        self._version = version
        self._endpoints = endpoints
        self._clock = clock
        self._breakers = breakers
        self._timeout = timeout_seconds
        self.patience = patience
        self.clock = clock

    @property
    def credential(self) -> str:
        """Whose credential it is, and where it stands: for operators."""
        return str(self._credential)

    @property
    def auth_url(self) -> str:
        """Keystone's address: for operators."""
        return self._credential.auth_url

    def get(
        self,
        service: str,
        path: str,
        query: Query | None = None,
        *,
        microversion: str | None = None,
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """GET `path` (relative to the versioned endpoint); asked again while that may help.

        The body is a JSON object; `timeout_seconds` is for probes, which wait less long.
        Raises NotFound, Denied, Refused or Unreachable.
        """
        where = path + ("?" + urlencode(query, doseq=True) if query else "")

        def attempt() -> Answer:
            answer = self._once(
                service,
                "GET",
                where,
                microversion=microversion,
                headers=headers,
                timeout_seconds=timeout_seconds,
            )
            try:
                answer.json()
            except Unreachable as garbage:
                raise Again(garbage) from garbage
            return answer

        return persist(attempt, patience or self.patience, self._clock)

    def delete(self, service: str, path: str, *, microversion: str | None = None) -> Answer:
        """DELETE `path`; asked again while that may help, so that a first success may show as NotFound."""
        return persist(
            lambda: self._once(service, "DELETE", path, microversion=microversion), self.patience, self._clock
        )

    def put(self, service: str, path: str, body: Any = None) -> Answer:
        """PUT `path`: idempotent, asked again while that may help."""
        return persist(lambda: self._once(service, "PUT", path, body=body), self.patience, self._clock)

    def patch(self, service: str, path: str, body: Any) -> Answer:
        """PATCH `path` with absolute values: idempotent, asked again while that may help."""
        return persist(lambda: self._once(service, "PATCH", path, body=body), self.patience, self._clock)

    def post(self, service: str, path: str, body: Any, *, microversion: str | None = None) -> Answer:
        """POST once: what to do after Unreachable is the caller's to know (`retry.get_or_create`).

        A body that is no JSON object is Unreachable too: the effect may well be there.
        """
        try:
            answer = self._once(service, "POST", path, body=body, microversion=microversion)
        except Again as again:
            raise again.error from again.__cause__
        answer.json()
        return answer

    def act(
        self,
        service: str,
        path: str,
        body: Any,
        *,
        microversion: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """POST an action that the state of its object guards; asked again while that may help, its answer has no body.

        One whose answer was lost is Refused when it is asked again: look at the state then.
        """
        persist(
            lambda: self._once(service, "POST", path, body=body, microversion=microversion),
            patience or self.patience,
            self._clock,
        )

    def newest(self, service: str) -> str:
        """Return the newest microversion that `service` speaks, "" where it has none."""

        def attempt() -> Any:
            self._sign_in()  # first, so that its trouble is not told as the service's
            return self._endpoint(service)

        return str(persist(attempt, self.patience, self._clock).newest)

    def access(self, patience: Patience | None = None) -> Any:
        """Return keystoneauth's access information of a valid token. Raises Denied or Unreachable, CredentialRefused too."""
        return persist(self._sign_in, patience or self.patience, self._clock)

    def signs_in(self) -> bool:
        """Say whether Keystone gives this credential a token, by asking for a new one. Raises Unreachable.

        The one in use says nothing: it may stay good for hours after a password has changed.
        """
        try:
            persist(
                lambda: self._token(lambda auth: auth.get_auth_ref(self._session), rests=False),
                NO_PATIENCE,
                self._clock,
            )
        except (Denied, CredentialRefused):
            return False
        return True

    def _once(
        self,
        service: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        microversion: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        access = self._sign_in()
        endpoint = self._endpoint(service)
        extra = {"Accept": "application/json", **(headers or {})}
        if body is not None:
            extra["Content-Type"] = "application/json"
        kwargs: dict[str, Any] = {}
        if microversion:
            kwargs = {"microversion": microversion, "microversion_service_type": SERVICES[service].header}

        timeout, left = timeout_seconds or self._timeout, seconds_left()
        if left is not None:
            # Nobody waits for it any longer; the breaker gives it up before that, and counts it.
            timeout = min(timeout, left + _LATER_SECONDS)

        def send() -> Any:
            return self._calling(
                service,
                lambda: self._session.request(
                    endpoint.url + path,
                    method,
                    authenticated=True,
                    allow_reauth=False,
                    raise_exc=False,
                    log=False,  # bodies and headers hold secrets
                    connect_retries=0,
                    status_code_retries=0,
                    timeout=timeout,
                    headers=extra,
                    data=json.dumps(body) if body is not None else None,
                    **kwargs,
                ),
                method,
                path,
                timeout_seconds,
            )

        response = send()
        for seconds in (0.0, _REVOKED_SECONDS):
            left = seconds_left()
            if response.status_code != HTTPStatus.UNAUTHORIZED or (left is not None and left < seconds):
                break
            access = self._renewed(access, seconds)
            response = send()
        answer = Answer(
            service=service,
            method=method,
            path=path,
            microversion=microversion,
            status=response.status_code,
            request_id=readable_request_id(
                response.headers.get("x-openstack-request-id") or response.headers.get("x-compute-request-id")
            ),
            read_at=self._clock.now(),
            body=response.content,
        )
        if answer.status in AGAIN:
            wanted = retry_after(response.headers.get("Retry-After"), self._clock.now())
            raise Again(answer.error(), wanted)
        if not 200 <= answer.status < 300:  # noqa: PLR2004 -- HTTP statuses are better read as numbers
            raise answer.error()
        return answer

    def _renewed(self, refused: Any, seconds: float) -> Any:
        """Return another token than the one that was refused, `seconds` later; another thread may have it by now.

        keystoneauth's own way gives it to the first of several threads alone, the others would be refused. After a wait it is
        of a later second too: what another thread has fetched meanwhile may be of the second of the revocation.
        """
        if seconds:
            heed_interruption()
            self._clock.sleep(seconds)
        access = self._sign_in()
        if access is refused or (seconds and _second(access) <= _second(refused)):
            self._session.invalidate()
            access = self._sign_in()
        return access

    def _endpoint(self, service: str) -> Endpoint:
        known = self._endpoints.known(service)
        if known is not None:
            return known
        found: Endpoint = self._calling(service, lambda: self._endpoints.get(self._session, service))
        return found

    def _sign_in(self) -> Any:
        auth = self._plugin()[0]
        # A token at hand asks nobody: callers whose sign-in hangs take no place from those who have one.
        held = getattr(auth, "auth_ref", None)
        if held is not None and not held.will_expire_soon(auth.MIN_TOKEN_LIFE_SECONDS):
            return held
        return self._token(lambda auth: auth.get_access(self._session))

    def _plugin(self) -> tuple[Any, int]:
        """Return keystoneauth's plugin of the credential as it was read last, and the version of that."""
        with self._lock:
            version = self._credential.version
            if self._version != version:
                self._session.auth = self._credential.plugin(
                    self._tenant.project_id if self._tenant else None
                )
                self._version = version
            return self._session.auth, version

    def _token(self, ask: Callable[[Any], Any], *, rests: bool = True) -> Any:
        """Have `ask` fetch a token with the plugin; once more where a refused credential has been corrected meanwhile.

        With `rests` Keystone is left alone with what it refused a moment ago.
        Raises Denied, CredentialRefused, Unreachable or Again.
        """
        credential = self._credential
        is_sure = False
        while True:
            auth, version = self._plugin()
            try:
                if rests and credential.is_refused:
                    raise self._credential_refused()
                access = self._calling("identity", lambda auth=auth: ask(auth), "POST", "/auth/tokens")
            except (Denied, CredentialRefused) as error:
                if credential.is_newer_than(version):
                    continue
                if isinstance(error, CredentialRefused) or is_sure:
                    raise
                if self._tenant and self._tenant.home.signs_in():
                    is_sure = True  # unless the password was corrected between the two
                    continue
                credential.refused()
                raise self._credential_refused(error) from error
            credential.accepted()
            return access

    def _credential_refused(self, refusal: CloudError | None = None) -> CredentialRefused:
        return CredentialRefused(
            service="identity",
            method="POST",
            path="/auth/tokens",
            status=refusal.status if refusal else HTTPStatus.UNAUTHORIZED,
            request_id=refusal.request_id if refusal else None,
            # Jobs tell it to tenants, who need not know which file and user that is: the log has said so.
            reason=f"Keystone refuses the service's credential: {REMEDY}",
        )

    def _no_role(self) -> str:
        """Say why Keystone gives no token for the project, and what to change."""
        if self._tenant is None:
            return ""
        if self._credential.is_bound:
            return (
                f"the service's credential is bound to one project and cannot work in project {self._tenant.project_id}: "
                "give the service user's name and password"
            )
        return (
            f"the service user has no role on project {self._tenant.project_id}: run `opencbr register` with an "
            "admin credential, and see that the project is enabled"
        )

    def _no_token(self, cause: Exception) -> str:
        why = why_no_token(cause)
        if why == NO_KEYSTONE:
            # Jobs tell the reason to tenants, who need not know the address.
            log.error(
                "there is no Keystone at %s, the auth_url of %s", self._credential.auth_url, self._credential
            )
        return why

    def _calling(
        self, service: str, call: Any, method: str = "GET", path: str = "/", seconds: float | None = None
    ) -> Any:
        """Run a keystoneauth call; its exceptions become ours, without texts that may hold addresses."""
        from keystoneauth1 import exceptions

        def error(kind: type[CloudError], reason: str, cause: Any = None) -> CloudError:
            status = getattr(cause, "http_status", None) or None
            request_id = readable_request_id(getattr(cause, "request_id", None))
            return kind(
                service=service, method=method, path=path, status=status, request_id=request_id, reason=reason
            )

        bound = seconds or self._timeout

        def work() -> Any:
            try:
                return call()
            except exceptions.ConnectTimeout as cause:
                raise Hanging(f"no answer within {bound:g} seconds") from cause

        try:
            return self._breakers[service].call(work, bound)
        except Hanging as cause:
            raise Again(error(Unreachable, str(cause))) from cause
        except exceptions.ConnectionError as cause:
            raise _lost(cause, error) from cause
        except exceptions.HttpError as cause:
            # With raise_exc off only signing in raises these, also when a call needed a new token in between.
            service, method, path = "identity", "POST", "/auth/tokens"
            if refuses(cause):
                raise error(Denied, self._no_role(), cause) from None
            raise Again(error(Unreachable, self._no_token(cause), cause)) from cause
        except (exceptions.ClientException, AssertionError) as cause:
            # keystoneauth asserts that it has a token; after a 401 another thread may just have thrown that away.
            raise Again(error(Unreachable, self._no_token(cause))) from cause
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as cause:
            # A catalogue, token or discovery body of another kind: keystoneauth stumbles over it.
            raise Again(error(Unreachable, "the answer is not what the API promises")) from cause


def _lost(cause: Exception, error: Callable[[type[CloudError], str], CloudError]) -> Exception:
    """Make the error for an answer that did not come whole: keystoneauth's exception hides which one it was made of."""
    from opencbr.cloud.adapter import TooLong

    if isinstance(cause.__context__, TooLong):
        return error(Unreachable, str(cause.__context__))  # it would be as long again
    return Again(error(Unreachable, "the connection failed or was cut"))


def _second(access: Any) -> datetime:
    issued: datetime = access.issued
    return issued.replace(microsecond=0)
