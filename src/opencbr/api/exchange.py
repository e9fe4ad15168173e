"""One request as the server hands it over (RSGI): its head at once, its body to whoever asks for it."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from types import SimpleNamespace
from typing import Any


class Exchange:
    """The head of a request. Header names are in lower case; of a header sent twice the first counts."""

    __slots__ = ("_headers", "_protocol", "_scope", "method", "path", "query", "scheme")

    def __init__(self, scope: Any, protocol: Any) -> None:
        self.method: str = scope.method
        self.path: str = scope.path or "/"  # decoded once
        self.query: str = scope.query_string  # as on the wire, without the question mark
        self.scheme: str = scope.scheme
        self._headers = scope.headers
        self._scope = scope
        self._protocol = protocol

    def header(self, name: str) -> str | None:
        """Return a header's value; None when it was not sent, or is not ASCII."""
        value: str | None = self._headers.get(name)
        return value

    @property
    def client(self) -> str:
        """Who has connected, without the port."""
        return str(self._scope.client).rpartition(":")[0]

    def headers(self) -> Iterable[tuple[str, str]]:
        """Return all headers that are ASCII."""
        items: Iterable[tuple[str, str]] = self._headers.items()
        return items

    @property
    def chunks(self) -> AsyncIterable[bytes]:
        """The body, to be read once; raises granian's ProtocolClosed where the client went away before its end."""
        chunks: AsyncIterable[bytes] = self._protocol
        return chunks


def local_exchange(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Exchange:
    """Make a request of this process's own; header names are in lower case, Content-Length is added."""
    scope = SimpleNamespace(
        method=method,
        path=path,
        query_string=query,
        scheme="http",
        client="",
        headers={**headers, "content-length": str(len(body))},
    )
    return Exchange(scope, _one_chunk(body))


async def _one_chunk(body: bytes) -> AsyncIterator[bytes]:
    yield body
