"""`opencbr worker`: the jobs."""

import logging
import os
import signal
import sys
import threading

import click

from opencbr import wiring
from opencbr.cli.app import Session, pass_session
from opencbr.cli.parent import tied
from opencbr.observe.log import configure

log = logging.getLogger("opencbr.worker")


@click.command()
@tied
@pass_session
def worker(session: Session) -> None:
    """Carry out backups and deletions until Ctrl-C or SIGTERM.

    Start as many as you like, on any machine that reaches the database, the cloud and the key folder. Kill
    one whenever you must: another takes its jobs over after the lease, and goes on in the same step.
    """
    from opencbr.jobs.worker import LeaseLost

    config = session.config
    configure(config.log.level, config.log.format)
    wiring.refuse_unready(config)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        wiring.build(config).worker().run_forever(stop)
    except LeaseLost as lost:
        # A machine that slept, or a database that was away: begin anew in this process, as somebody else.
        log.warning("%s; starting again", lost)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 -- our own command line
    log.info("stopped")
