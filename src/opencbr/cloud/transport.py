"""Raw calls under one token scope: bytes in, bytes out, every failure a CloudError.

keystoneauth keeps the token (renewed before its end, once more after a 401) and the connection pool; its
own retries, its
logging of bodies and its exceptions stay below this line.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from opencbr.cloud.answer import Answer
from opencbr.cloud.breaker import Breaker, Hanging
from opencbr.cloud.endpoints import SERVICES, Endpoint, Endpoints
from opencbr.cloud.errors import CloudError, Denied, Unreachable, readable_request_id
from opencbr.cloud.retry import AGAIN, NO_PATIENCE, Again, Patience, persist, retry_after
from opencbr.model.clock import Clock

Query = Mapping[str, Any]


class Transport:
    """One credential in one scope. Thread-safe; `breakers` bound each service's calls over all scopes.

    `timeout_seconds` bounds a whole call, its body included; the deadline of a client that waits shortens it.
    """

    def __init__(
        self,
        *,
        session: Any,
        endpoints: Endpoints,
        clock: Clock,
        patience: Patience,
        breakers: Mapping[str, Breaker],
        timeout_seconds: float,
        no_role: str,
    ) -> None:
        self._session = session
        self._endpoints = endpoints
        self._clock = clock
        self._breakers = breakers
        self._timeout = timeout_seconds
        self._no_role = no_role
        self.patience = patience
        self.clock = clock

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

    def newest(self, service: str) -> str:
        """Return the newest microversion that `service` speaks, "" where it has none."""

        def attempt() -> Any:
            self._sign_in()  # first, so that its trouble is not told as the service's
            return self._endpoint(service)

        return str(persist(attempt, self.patience, self._clock).newest)

    def access(self, patience: Patience | None = None) -> Any:
        """Return keystoneauth's access information of a valid token. Raises Denied or Unreachable."""
        return persist(self._sign_in, patience or self.patience, self._clock)

    def signs_in(self) -> bool:
        """Say whether Keystone gives this credential a token, by asking for a new one. Raises Unreachable.

        The one in use says nothing: it stays good for hours after a password has changed.
        """
        auth = self._session.auth

        def sign_in() -> Any:
            return self._calling("identity", lambda: auth.get_auth_ref(self._session), "POST", "/auth/tokens")

        try:
            persist(sign_in, NO_PATIENCE, self._clock)
        except Denied:
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
                    timeout=timeout_seconds or self._timeout,
                    headers=extra,
                    data=json.dumps(body) if body is not None else None,
                    **kwargs,
                ),
                method,
                path,
                timeout_seconds,
            )

        response = send()
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            # A token that ended early: once more with a new one. keystoneauth's own way gives it to the first
            # of several threads alone, the others would be refused.
            if self._sign_in() is access:
                self._session.invalidate()
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

    def _endpoint(self, service: str) -> Endpoint:
        known = self._endpoints.known(service)
        if known is not None:
            return known
        found: Endpoint = self._calling(service, lambda: self._endpoints.get(self._session, service))
        return found

    def _sign_in(self) -> Any:
        auth = self._session.auth
        # A token at hand asks nobody: callers whose sign-in hangs take no place from those who have one.
        held = getattr(auth, "auth_ref", None)
        if held is not None and not held.will_expire_soon(auth.MIN_TOKEN_LIFE_SECONDS):
            return held
        return self._calling("identity", lambda: auth.get_access(self._session), "POST", "/auth/tokens")

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
            raise Again(error(Unreachable, _lost(cause))) from cause
        except exceptions.HttpError as cause:
            # With raise_exc off only signing in raises these, also when a call needed a new token in between.
            service, method, path = "identity", "POST", "/auth/tokens"
            if cause.http_status in (401, 403, 404):
                raise error(Denied, self._no_role, cause) from None
            raise Again(error(Unreachable, "no token could be had", cause)) from cause
        except exceptions.ClientException as cause:
            raise Again(error(Unreachable, f"signing in failed ({type(cause).__name__})")) from cause
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as cause:
            # A catalogue, token or discovery body of another kind: keystoneauth stumbles over it.
            raise Again(error(Unreachable, "the answer is not what the API promises")) from cause


def _lost(cause: Exception) -> str:
    """Say why an answer did not come whole: keystoneauth's exception hides which one it was made of."""
    from opencbr.cloud.adapter import TooLong

    return (
        str(cause.__context__)
        if isinstance(cause.__context__, TooLong)
        else "the connection failed or was cut"
    )
