"""A recording proxy between a client and a cloud: every answer is kept as it came over the wire.

The client is given another auth_url. Addresses in the catalogue and in version documents are turned into the
proxy's; every other body goes through untouched, so that what the client read is what the cloud sent.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import requests

_NOT_OURS = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"}
_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Exchange:
    """One call and its answer; `path` is the upstream's path with query, `sent` and `body` what client and cloud sent."""

    origin: str
    method: str
    path: str
    microversion: str | None  # of the service it was sent to, without the service's name
    status: int
    request_id: str | None
    body: bytes
    sent: bytes = field(repr=False)  # a sign-in's has a password


class Recorder:
    """The proxy: a listener on a free port for every origin (scheme, host, port) of the cloud.

    `before_answer` gets each exchange before the client has its answer.
    """

    def __init__(self, verify: bool | str = True) -> None:
        self.verify = verify
        self.exchanges: list[Exchange] = []
        self.troubles: list[str] = []
        self.before_answer: Callable[[Exchange], None] = lambda _: None
        self._fronts: dict[str, tuple[str, ThreadingHTTPServer]] = {}
        self._lock = threading.Lock()

    def front(self, url: str) -> str:
        """Return the proxy's address for an address of the cloud."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._fronts:
                server = _listen(self, origin)
                self._fronts[origin] = (f"http://127.0.0.1:{server.server_address[1]}", server)
            return url.replace(origin, self._fronts[origin][0], 1)

    def fronted(self, text: str) -> str:
        """Turn every address of a known origin into the proxy's; behind TLS clouds may tell http."""
        with self._lock:
            known = [(origin, front) for origin, (front, _) in self._fronts.items()]
        for origin, front in known:
            host = re.escape(origin.partition("://")[2])
            text = re.sub(rf"https?://{host}(?![\w.:-])", front, text)
        return text

    def reads(self) -> dict[str, Exchange]:
        """Return the GETs that were answered, by request id."""
        return {e.request_id: e for e in list(self.exchanges) if e.method == "GET" and e.request_id}

    def close(self) -> None:
        """Stop listening."""
        for _, server in self._fronts.values():
            server.shutdown()
            server.server_close()


@contextmanager
def recording(entry: dict[str, Any]) -> Iterator[tuple[Recorder, dict[str, Any]]]:
    """Yield a recorder and a copy of a cloud's entry in `clouds.yaml` that goes through it."""
    recorder = Recorder(entry.get("cacert") or entry.get("verify", True))
    auth = {**entry["auth"], "auth_url": recorder.front(entry["auth"]["auth_url"])}
    try:
        yield recorder, {**entry, "auth": auth}
    finally:
        recorder.close()


def _listen(recorder: Recorder, origin: str) -> ThreadingHTTPServer:
    relay = type("Relay", (_Relay,), {"recorder": recorder, "origin": origin})
    server = ThreadingHTTPServer(("127.0.0.1", 0), relay)
    server.daemon_threads = True
    server.block_on_close = False  # clients keep their connections
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


class _Relay(BaseHTTPRequestHandler):
    recorder: Recorder
    origin: str
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _relay(self) -> None:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _NOT_OURS | {"host"}}
        headers["Accept-Encoding"] = "identity"
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    self.command,
                    self.origin + self.path,
                    data=sent or None,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=_TIMEOUT_SECONDS,
                    verify=self.recorder.verify,
                )
                body = answer.raw.read(decode_content=False)
        except (requests.RequestException, OSError) as error:
            self.recorder.troubles.append(f"{self.command} {self.origin}{self.path}: {error}")
            self.close_connection = True
            return
        self._keep(sent, answer, body)
        body = self._turned(body)
        self.send_response_only(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in _NOT_OURS:
                self.send_header(name, self.recorder.fronted(value) if name.lower() == "location" else value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _relay  # noqa: N815 -- the library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def _keep(self, sent: bytes, answer: requests.Response, body: bytes) -> None:
        asked = self.headers.get("OpenStack-API-Version", "").rpartition(" ")[2]
        found = answer.headers
        exchange = Exchange(
            origin=self.origin,
            method=self.command,
            path=self.path,
            microversion=asked or self.headers.get("X-OpenStack-Nova-API-Version"),
            status=answer.status_code,
            request_id=found.get("x-openstack-request-id") or found.get("x-compute-request-id"),
            body=body,
            sent=sent,
        )
        self.recorder.exchanges.append(exchange)
        self.recorder.before_answer(exchange)

    def _turned(self, body: bytes) -> bytes:
        """Turn the addresses of a catalogue or a version document; leave all else as it is."""
        try:
            told = json.loads(body)
        except ValueError:
            return body
        if not isinstance(told, dict):
            return body
        if self.command == "POST" and self.path.endswith("/auth/tokens"):
            for service in told.get("token", {}).get("catalog", ()):
                for endpoint in service["endpoints"]:
                    self.recorder.front(endpoint["url"])
        elif not (self.command == "GET" and told.keys() in ({"versions"}, {"version"})):
            return body
        return self.recorder.fronted(body.decode()).encode()
