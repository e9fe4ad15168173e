"""A WSGI application behind the server's RSGI interface: pages for people, in threads of their own.

The body has arrived before the application begins, within the bounds of every body, and the answer is whole before it is sent.
"""

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any

from opencbr.api.body import Bodies
from opencbr.api.exchange import Exchange
from opencbr.api.pools import Pool
from opencbr.api.response import Reply, Responder

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_BODIES = frozenset({"POST", "PUT", "PATCH"})


def wsgi_responder(application: WsgiApplication, pool: Pool, bodies: Bodies) -> Responder:
    """Make what answers with the application; its environment has the request's id as `opencbr.request_id`."""

    async def respond(exchange: Exchange, request_id: str, _path: dict[str, str]) -> Reply:
        body = b""
        if exchange.method in _BODIES:
            body = await bodies.read(exchange, exchange.client, verified=False)
        return await pool.run(lambda: _answer(application, _environment(exchange, request_id, body)))

    return respond


def _answer(application: WsgiApplication, environment: dict[str, Any]) -> Reply:
    begun: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
        begun[:] = [int(status.split(" ", 1)[0]), tuple(headers)]

    parts = application(environment, start_response)
    try:
        body = b"".join(parts)
    finally:
        if close := getattr(parts, "close", None):
            close()
    status, headers = begun
    # The server counts the bytes itself; an answer to HEAD has none.
    return status, body, tuple((name, value) for name, value in headers if name.lower() != "content-length")


def _environment(exchange: Exchange, request_id: str, body: bytes) -> dict[str, Any]:
    """Describe the request as PEP 3333 says: texts hold bytes, one a character."""
    host, _, port = (exchange.header("host") or "").partition(":")
    environment: dict[str, Any] = {
        "REQUEST_METHOD": exchange.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": exchange.path.encode().decode("latin-1"),
        "QUERY_STRING": exchange.query,
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": exchange.client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": exchange.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "opencbr.request_id": request_id,
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in exchange.headers():
        if name in {"content-type", "content-length"}:
            continue
        environment[f"HTTP_{name.upper().replace('-', '_')}"] = value
    if content_type := exchange.header("content-type"):
        environment["CONTENT_TYPE"] = content_type
    return environment
