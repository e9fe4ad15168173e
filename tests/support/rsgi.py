"""An application asked without a server: what it says to one request."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes = b""


class _Protocol:
    answer: Answer

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answer = Answer(status, dict(headers), body)

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.answer = Answer(status, dict(headers))


def answer_of(  # noqa: PLR0917
    application: Any, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """Give the answer to one request; header names in lower case."""
    sent = {"host": "127.0.0.1", "content-length": str(len(body)), **headers}
    scope = SimpleNamespace(method=method, path=path, query_string=query, scheme="http", headers=sent)
    protocol = _Protocol(body)
    asyncio.run(application.__rsgi__(scope, protocol))
    return protocol.answer
