"""An HTTP server that keeps what arrives: what a sample sends is compared with the call it was made from."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from opencbr.samples import Call
from opencbr.samples.wire import path_of, query_pairs


@dataclass(frozen=True)
class Received:
    """One request: path decoded, pairs decoded and sorted, body as JSON."""

    method: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    headers: dict[str, str] = field(compare=False)
    raw_query: str = field(compare=False, default="")
    raw_body: bytes = field(compare=False, default=b"")


@dataclass
class Recorder:
    url: str
    received: list[Received] = field(default_factory=list)

    def last(self) -> Received:
        """Return the one request that came, and forget it."""
        [one] = self.received
        self.received.clear()
        return one


def wanted(call: Call) -> Received:
    """Return what should arrive."""
    return Received(call.method, unquote(path_of(call)), sorted(query_pairs(call)), call.body, {})


@contextmanager
def recording() -> Iterator[Recorder]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urlsplit(self.path)
            pairs = sorted(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            read = json.loads(body) if body else None
            one = Received(self.command, unquote(url.path), pairs, read, headers, url.query, body)
            recorder.received.append(one)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
