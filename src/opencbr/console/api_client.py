"""The API, asked in process with the credential of the browser's session: rights, isolation and audit are the API's own."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import msgspec

from opencbr.api.dispatch import MASKED, VIEW
from opencbr.api.exchange import Exchange, local_exchange
from opencbr.console.browser_session import SignedIn
from opencbr.console.credential import masked_headers, signable
from opencbr.model.clock import Clock

Ask = Callable[[Exchange], tuple[int, bytes, list[tuple[str, str]]]]
"""Answers a request of this process's own; `opencbr.api.app.Application.ask` is it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API has said; `seconds` is how long it took, `sent` the request's headers with the credential masked."""

    status: int
    body: bytes
    headers: list[tuple[str, str]]
    seconds: float
    sent: tuple[tuple[str, str], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it is a good answer."""
        return self.status < 400  # noqa: PLR2004 -- HTTP statuses are better read as numbers

    @property
    def request_id(self) -> str:
        """The request's id in the server's log."""
        return dict(self.headers).get("X-Request-Id", "")

    def json(self) -> Any:
        """Return the decoded body, None where there is none; a text in it may hold half a UTF-16 pair, as the cloud's may."""
        if not self.body:
            return None
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return json.loads(self.body)


class Refused(Exception):
    """The API has refused what a page needs."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the API answered {answer.status}")
        self.answer = answer


class ApiClient:
    """Asks in the name of whoever is signed in."""

    def __init__(self, ask: Ask, who: SignedIn, clock: Clock) -> None:
        self._ask = ask
        self._who = who
        self._clock = clock

    def send(
        self,
        method: str,
        path: str,
        query: Iterable[tuple[str, str]] = (),
        body: Any = None,
        *,
        masked: bool = False,
    ) -> Answer:
        """Send a request; `path` is whole and decoded. With `masked` no secret is read, whatever rights there are."""
        request = signable(method, path, query, body)
        headers = self._who.credential.headers(request, self._clock.now())
        if request.body:
            headers["content-type"] = "application/json"
        if masked:
            headers[VIEW.lower()] = MASKED
        begun = perf_counter()
        exchange = local_exchange(method, path, request.query, headers, request.body)
        status, answer, more = self._ask(exchange)
        return Answer(status, answer, more, perf_counter() - begun, masked_headers(exchange.headers()))

    def get(self, path: str, **query: object) -> Any:
        """GET a path below the project and decode the answer; a list is sent value by value, None is not. Raises Refused."""
        given = [
            (name, str(one))
            for name, value in query.items()
            for one in (value if isinstance(value, list | tuple) else [value])
            if one not in (None, "")
        ]
        answer = self.send("GET", self.path(path), given)
        if not answer.ok:
            raise Refused(answer)
        return answer.json()

    def path(self, below: str) -> str:
        """Return the whole path of one below the project."""
        return f"/v3/{self._who.project_id}{below}"
