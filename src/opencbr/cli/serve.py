"""`opencbr serve`: the API under granian."""

import asyncio
import logging
import os
import resource
import signal
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from opencbr import deadline, wiring
from opencbr.cli.app import Session, pass_session
from opencbr.cli.parent import end_with_parent, tied
from opencbr.cli.port import claim_port
from opencbr.config import Config, authority, listen_address
from opencbr.console.sign_in.keystone import Account
from opencbr.observe.log import configure

log = logging.getLogger("opencbr.serve")

_CONNECTIONS = 16_384
"""Of each process; granian's own bound is a thousand, which idle connections use up."""
_OTHER_FILES = 256
"""Database, logs, upstream."""
_STOP_SECONDS = 5
"""So long requests under way may take when the server is stopped."""


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Address instead of [api] listen.")
@click.option(
    "--claimed", is_flag=True, hidden=True, help="Whoever starts this has claimed the port and keeps it."
)
@click.option(
    "--accounts",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    hidden=True,
    help="Users whom the console signs in by one click: the demo's.",
)
@tied
@pass_session
def serve(session: Session, listen: str | None, accounts: Path | None, *, claimed: bool) -> None:
    """Serve the CBR v3 API until Ctrl-C or SIGTERM.

    Requests under way are answered before the end: with 503 those that wait for the cloud. Start as many as you
    like; `opencbr worker` does the jobs.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    config = session.config
    configure(config.log.level, config.log.format)
    host, port = listen_address(listen or config.api.listen)
    wiring.refuse_unready(config)
    held = None if claimed else claim_port(host, port)
    if held is not None:
        host, port = held.getsockname()[:2]
    server = Server(
        "opencbr",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=config.api.processes,
        http=HTTPModes.http1,
        # Connections that send nothing are closed after 30 seconds; until then there is room for others.
        backpressure=_connections(),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        log_enabled=False,
    )
    log.info("serving on http://%s, %d process(es)", authority(host, port), config.api.processes)
    server.serve(target_loader=partial(application, config, os.getpid(), accounts), wrap_loader=False)
    if held is not None:
        held.close()
    log.info("stopped")


def _connections() -> int:
    """Allow this process as many files as the system lets it have, and say how many connections those are good for."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    files = wanted if most == resource.RLIM_INFINITY else min(most, wanted)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), most))
    return max(1, files - _OTHER_FILES)


def application(config: Config, supervisor: int, accounts: Path | None = None) -> Any:
    """Make the application, in the process that serves it."""
    # A killed supervisor must not leave servers behind that hold the port.
    end_with_parent(supervisor)
    configure(config.log.level, config.log.format)
    clicked = msgspec.json.decode(accounts.read_bytes(), type=tuple[Account, ...]) if accounts else ()
    return _Stoppable(wiring.build(config).application(clicked))


class _Stoppable:
    """An application whose clients wait for the cloud no longer once its process is told to end."""

    def __init__(self, application: Any) -> None:
        self._begin = application.__rsgi_init__
        self.__rsgi__ = application.__rsgi__
        self.__rsgi_del__ = application.__rsgi_del__

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._begin(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            # granian's own handlers are the loop's, which hears of signals in another way; Python's have nothing to do.
            signal.signal(number, lambda *_: deadline.stop())
            signal.siginterrupt(number, False)  # as asyncio has it
