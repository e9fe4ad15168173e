"""An application under granian in this process, so that a test can reach into what it serves."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Serve on a free port with an event loop in a thread of its own; yields the address once it listens."""
    port, loop, server = free_port(), asyncio.new_event_loop(), []

    async def serve() -> None:
        server.append(
            Server(
                application,
                address="127.0.0.1",
                port=port,
                interface=Interfaces.RSGI,
                http=HTTPModes.http1,
                websockets=False,
                log_enabled=False,
            )
        )
        await server[0].serve()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    _await(port, thread)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server[0].stop)
        thread.join()


def _await(port: int, thread: threading.Thread) -> None:
    pause = threading.Event()
    while True:
        assert thread.is_alive(), "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.01)
