"""`opencbr serve`: the API under granian."""

import logging
import os
from functools import partial
from typing import Any

import click

from opencbr import wiring
from opencbr.cli.app import Session, pass_session
from opencbr.cli.parent import end_with_parent, tied
from opencbr.cli.port import claim_port
from opencbr.config import Config, listen_address
from opencbr.observe.log import configure

log = logging.getLogger("opencbr.serve")


@click.command()
@click.option("--listen", metavar="HOST:PORT", help="Address instead of [api] listen.")
@click.option(
    "--claimed", is_flag=True, hidden=True, help="Whoever starts this has claimed the port and keeps it."
)
@tied
@pass_session
def serve(session: Session, listen: str | None, *, claimed: bool) -> None:
    """Serve the CBR v3 API until Ctrl-C or SIGTERM.

    Requests under way are answered before the end. Start as many as you like; `opencbr worker` does the jobs.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    config = session.config
    configure(config.log.level, config.log.format)
    host, port = listen_address(listen or config.api.listen)
    wiring.refuse_unready(config)
    held = None if claimed else claim_port(host, port)
    if held is not None:
        port = held.getsockname()[1]
    server = Server(
        "opencbr",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=config.api.processes,
        http=HTTPModes.http1,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=15,
        log_enabled=False,
    )
    log.info("serving on http://%s:%d, %d process(es)", host, port, config.api.processes)
    server.serve(target_loader=partial(application, config, os.getpid()), wrap_loader=False)
    if held is not None:
        held.close()
    log.info("stopped")


def application(config: Config, supervisor: int) -> Any:
    """Make the application, in the process that serves it."""
    # A killed supervisor must not leave servers behind that hold the port.
    end_with_parent(supervisor)
    configure(config.log.level, config.log.format)
    return wiring.build(config).application()
