"""Outlasting outages of our own database: a job that ended in one could not even write down that it ended."""

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from opencbr.jobs.engine.port import Lost
from opencbr.store.database import is_outage

T = TypeVar("T")

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def outlast(
    work: Callable[[], T], *, sleep: Callable[[float], None], halted: Callable[[], bool], what: str
) -> T:
    """Run `work`, which may be repeated, until the database has answered it; no limit but `halted`, then Lost.

    Raises what `work` raises when it is no outage.
    """
    pause, told = _FIRST_PAUSE, False
    while True:
        try:
            done = work()
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            if halted():
                raise Lost from error
            if not told:
                log.warning("%s waits for the database: %s", what, type(error).__name__)
            told = True
            sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            if told:
                log.warning("%s goes on: the database answers again", what)
            return done
