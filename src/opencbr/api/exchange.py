"""One request as the server hands it over (RSGI): its head at once, its body to whoever asks for it."""

from collections.abc import AsyncIterable
from typing import Any


class Exchange:
    """The head of a request. Header names are in lower case; of a header sent twice the first counts."""

    __slots__ = ("_headers", "_protocol", "method", "path", "query", "scheme")

    def __init__(self, scope: Any, protocol: Any) -> None:
        self.method: str = scope.method
        self.path: str = scope.path or "/"  # decoded once
        self.query: str = scope.query_string  # as on the wire, without the question mark
        self.scheme: str = scope.scheme
        self._headers = scope.headers
        self._protocol = protocol

    def header(self, name: str) -> str | None:
        """Return a header's value; None when it was not sent, or is not ASCII."""
        value: str | None = self._headers.get(name)
        return value

    @property
    def chunks(self) -> AsyncIterable[bytes]:
        """The body, to be read once; raises granian's ProtocolClosed where the client went away before its end."""
        chunks: AsyncIterable[bytes] = self._protocol
        return chunks
