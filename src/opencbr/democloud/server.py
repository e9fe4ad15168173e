"""The HTTP side: one port, one thread a connection, keep-alive, and faults on the wire."""

import http.server
import json
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING

from opencbr.democloud.answering import Reply, answer, split
from opencbr.democloud.control import control
from opencbr.democloud.faults import Order, Seen
from opencbr.democloud.wire import Asked

if TYPE_CHECKING:
    from opencbr.democloud.cloud import DemoCloud

_MAX_BODY = 64 << 20


class Server(http.server.ThreadingHTTPServer):
    """The listening socket; every connection has a thread of its own that ends with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], cloud: "DemoCloud") -> None:
        self.cloud = cloud
        self._open: set[socket.socket] = set()
        super().__init__(address, Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that go away; anything else is answered with a 500 before."""

    def process_request(
        self, request: "socket.socket | tuple[bytes, socket.socket]", client_address: object
    ) -> None:
        """Remember the connection, so that `close_all` can end it."""
        assert isinstance(request, socket.socket)
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: "socket.socket | tuple[bytes, socket.socket]") -> None:
        """Forget the connection and close it."""
        assert isinstance(request, socket.socket)
        self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        """Close every kept-alive connection, as a stopped process would."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already gone


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120  # seconds an idle connection is kept
    server: Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Write nothing: the calls are in `cloud.faults.seen()`."""

    def _serve(self) -> None:
        cloud = self.server.cloud
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY:
            self._send(Reply(413, {}, b"", ""), b"")
            return
        raw = (
            self._chunked() if self.headers.get("Transfer-Encoding") == "chunked" else self.rfile.read(length)
        )
        path, _, query = self.path.partition("?")
        if path.startswith("/_control/") and cloud.control_token:
            status, body = control(cloud, self._asked("", path, query, raw))
            self._send(Reply(status, {"Content-Type": "application/json"}, body, ""), body)
            return
        found = split(path)
        if found is None:
            body = json.dumps(
                {"services": sorted(["compute", "identity", "image", "network", "volume"])}
            ).encode()
            self._send(Reply(404, {"Content-Type": "application/json"}, body, ""), body)
            return
        self._answer(self._asked(found[0], found[1], query, raw))

    def _asked(self, service: str, path: str, query: str, raw: bytes) -> Asked:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(service, self.command, path, query, headers, raw)

    def _answer(self, asked: Asked) -> None:
        cloud = self.server.cloud
        order = cloud.faults.strike(asked.service, asked.method, asked.path)
        if order and order.drop == "before":
            self._note(asked, Reply(0, {}, b"", ""))
            self._drop()
            return
        if order and order.status:
            reply = _ordered(order)
        else:
            try:
                reply = answer(cloud.world, cloud.base, asked)
            except Exception as error:
                self._send(
                    Reply(500, {"Content-Type": "text/plain"}, b"", ""), f"{type(error).__name__}".encode()
                )
                cloud.errors.append(error)
                raise
        self._note(asked, reply)
        if order and order.drop == "after":
            self._drop()
        elif order and order.malformed:
            self._send(reply, reply.body[: len(reply.body) // 2])
        elif order and order.truncated:
            self._send(reply, reply.body, cut=True)
        else:
            self._send(reply, reply.body)

    def _note(self, asked: Asked, reply: Reply) -> None:
        who = (reply.project_id, reply.user_id, reply.microversion)
        self.server.cloud.faults.note(
            Seen(asked.service, asked.method, asked.path, asked.query, *who, reply.status, reply.request_id)
        )

    def _chunked(self) -> bytes:
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, reply: Reply, body: bytes, *, cut: bool = False) -> None:
        """Write head and body in one piece, so that small answers are one packet."""
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        lines += [f"Content-Length: {len(body)}", f"Date: {self.date_time_string()}", "", ""]
        head = "\r\n".join(lines).encode("latin-1")
        shown = b"" if self.command == "HEAD" else body[: len(body) // 2] if cut else body
        self.wfile.write(head + shown)
        if cut:
            self._drop()

    def _drop(self) -> None:
        """Close the connection: the client sees it end without (the rest of) an answer."""
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names the base class calls


def _ordered(order: Order) -> Reply:
    body = json.dumps({"error": {"code": order.status, "message": "This fault was ordered."}}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Openstack-Request-Id": "req-ordered-fault",
        **order.headers,
    }
    return Reply(order.status, headers, body, "req-ordered-fault")
