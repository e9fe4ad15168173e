"""The HTTP server: one port, one thread a connection, keep-alive, and connections that break when told to."""

import http.server
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus

from opencbr.democloud.request import Request
from opencbr.democloud.response import Reply

_MAX_BODY = 64 << 20
_DRIP_SECONDS = 0.02
_ENDLESS = 1 << 30


class HttpServer(http.server.ThreadingHTTPServer):
    """The listening socket; every connection has a thread of its own that ends with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    answer: Callable[[Request], Reply]

    def __init__(self, host: str, port: int) -> None:
        self._open: set[socket.socket] = set()
        self._thread: threading.Thread | None = None
        super().__init__((host, port), _Connection)

    def start(self, answer: Callable[[Request], Reply]) -> None:
        """Serve on a thread: `answer` gets every request, the path as it came."""
        self.answer = answer
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="democloud", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and close every kept-alive connection as a stopped process would."""
        self.shutdown()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already gone
        self.server_close()
        if self._thread is not None:
            self._thread.join()

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that go away; anything else is answered with a 500 before."""

    def process_request(
        self, request: "socket.socket | tuple[bytes, socket.socket]", client_address: object
    ) -> None:
        """Remember the connection, so that `stop` can end it."""
        assert isinstance(request, socket.socket)
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: "socket.socket | tuple[bytes, socket.socket]") -> None:
        """Forget the connection and close it."""
        assert isinstance(request, socket.socket)
        self._open.discard(request)
        super().shutdown_request(request)


class _Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120  # seconds an idle connection is kept
    server: HttpServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Write nothing: the calls are in the call log."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY:
            self._send(Reply(413, {}, b""))
            return
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        body = self._chunked() if chunked else self.rfile.read(length)
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.answer(Request("", self.command, path, query, headers, body)))

    def _chunked(self) -> bytes:
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, reply: Reply) -> None:
        """Write head and body in one piece, so that small answers are one packet."""
        if reply.sent != "whole":
            self.close_connection = True  # the client sees it end without (the rest of) an answer
        if reply.sent == "nothing":
            return
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        length = len(reply.body) + (_ENDLESS if reply.until else 0)
        lines += [f"Content-Length: {length}", f"Date: {self.date_time_string()}", "", ""]
        body = reply.body[: len(reply.body) // 2] if reply.sent == "half" else reply.body
        self.wfile.write("\r\n".join(lines).encode("latin-1") + (b"" if self.command == "HEAD" else body))

        while reply.until and not reply.until.wait(_DRIP_SECONDS):
            self.wfile.write(b" ")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names the base class calls
