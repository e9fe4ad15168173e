"""A bare WSGI callable on granian that answers a constant body: `python -m bench.floor BYTES PORT`. The floor of `bench.metadata`."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server import Server


def application(size: int) -> Callable[..., Iterable[bytes]]:
    body = b"x" * size
    headers = [("Content-Type", "application/json"), ("Content-Length", str(size))]

    def answer(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return [body]

    return answer


def serve(name: str, loader: Callable[[], Any], port: int) -> None:
    """Serve a callable as `opencbr serve` serves the API with one process, until a signal."""
    Server(
        name, address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=1, blocking_threads=8,
        http=HTTPModes.http1, websockets=False, log_enabled=False,
    ).serve(target_loader=loader, wrap_loader=False)  # fmt: skip


if __name__ == "__main__":
    serve("floor", partial(application, int(sys.argv[1])), int(sys.argv[2]))
