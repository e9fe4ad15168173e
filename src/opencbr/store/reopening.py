"""SQLite connections that are of no use any more are opened anew, whoever opened them: us or the task engine.

A file that was read-only for a while was opened so, and a connection never finds out that it may write again.
"""

import sqlite3

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

_STUCK = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})


@event.listens_for(Engine, "handle_error")
def _give_up(context: ExceptionContext) -> None:
    """Have the pool drop its connections; the error itself is told as it is."""
    code = getattr(context.original_exception, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _STUCK:  # the low byte of an extended code
        context.is_disconnect = True
