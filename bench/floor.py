"""A bare RSGI callable on granian that answers a constant body: `python -m bench.floor BYTES PORT`. The floor of `bench.metadata`."""

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server import Server


def application(size: int) -> Callable[[Any, Any], Awaitable[None]]:
    body = b"x" * size
    headers = [("Content-Type", "application/json")]

    async def answer(_scope: Any, protocol: Any) -> None:
        protocol.response_bytes(200, headers, body)

    return answer


def serve(name: str, loader: Callable[[], Any], port: int) -> None:
    """Serve a callable as `opencbr serve` serves the API with one process, until a signal."""
    Server(
        name, address="127.0.0.1", port=port, interface=Interfaces.RSGI, workers=1,
        http=HTTPModes.http1, websockets=False, log_enabled=False,
    ).serve(target_loader=loader, wrap_loader=False)  # fmt: skip


if __name__ == "__main__":
    serve("floor", partial(application, int(sys.argv[1])), int(sys.argv[2]))
