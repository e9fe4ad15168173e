"""Structured logs on stderr: one line an event, secrets hidden, the request or job it belongs to named.

    2026-01-31T12:00:00.123Z INFO    opencbr.jobs.engine.outbox [req-…] taken log_id=…

Fields given with `extra={"fields": {...}}` are appended as key=value (text) or as members (json).
"""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from opencbr.observe.printable import printable
from opencbr.observe.redact import HIDDEN, redact

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request or job that this thread works for; `about` sets it."""

AUDIT = "opencbr.audit"
audit = logging.getLogger(AUDIT)
"""The logger of audit lines: who changed what, and who was shown secrets."""

_LONGEST = 32 * 1024
"""Characters of a message, a field or a traceback."""

_QUIET = {
    # Libraries whose info is our debug: they tell calls and connections, some with headers.
    "keystoneauth": logging.WARNING,
    "openstack": logging.WARNING,
    "urllib3": logging.WARNING,
    # It warns of each connection that it does not keep: many jobs at once have more than it keeps.
    "urllib3.connectionpool": logging.ERROR,
    "stevedore": logging.WARNING,
    "alembic": logging.WARNING,
    "dbos": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "oslo_policy": logging.WARNING,
    "_granian": logging.WARNING,
}


@contextmanager
def about(identifier: str) -> Iterator[None]:
    """Name the request or job in every line logged inside the block."""
    token = request_id.set(identifier)
    try:
        yield
    finally:
        request_id.reset(token)


class TextFormatter(logging.Formatter):
    """One line for people. What is not printable is escaped, so that no input can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as one line, followed by an indented traceback when it has one."""
        about_id = f" [{request_id.get()}]" if request_id.get() else ""
        fields = "".join(f" {key}={_word(_plain(key, value))}" for key, value in _fields(record).items())
        line = f"{_stamp(record)} {record.levelname:<7} {record.name}{about_id} {_message(record)}{fields}"
        return line + _trace(self, record).replace("\n", "\n    ")


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for collectors."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as one JSON object on one line."""
        event: dict[str, Any] = {
            "time": _stamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if request_id.get():
            event["request_id"] = request_id.get()
        event |= {key: _plain(key, value) for key, value in _fields(record).items()}
        if trace := _trace(self, record):
            event["traceback"] = trace.strip("\n")
        return json.dumps(event)


def configure(level: str = "info", form: str = "text", stream: TextIO | None = None) -> None:
    """Send everything logged in this process to `stream` (stderr), once: a second call replaces the first."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(least)
    # Who read secrets is written down however quiet the rest is.
    logging.getLogger(AUDIT).setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed


def _thread_failed(args: threading.ExceptHookArgs) -> None:
    # The interpreter's own hook prints the exception as it is, secrets included.
    name = args.thread.name if args.thread else "?"
    if args.exc_value is not None:
        logging.getLogger("opencbr.threads").error(
            "thread %s ended by an error", name, exc_info=args.exc_value
        )


def _stamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _bounded(text: str) -> str:
    """Hide secrets, and leave out the middle of what is longer than any line that people read."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} ... {len(text) - 2 * half} characters left out ... {text[-half:]}"
    return redact(text)


def _message(record: logging.LogRecord) -> str:
    # An audit line names who and what by id, never a value, and is written for every reading of secrets: looking
    # through it for secrets would cost more than the reading.
    text = record.getMessage() if record.name == AUDIT else _bounded(record.getMessage())
    return printable(text)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", None) or {}
    return fields


def _plain(key: str, value: Any) -> str:
    """Give a field's value as text; a field named like a secret is hidden whatever it holds."""
    return _bounded(str(value)) if redact(f"{key}=x") == f"{key}=x" else HIDDEN


def _word(text: str) -> str:
    """Quote what would not stand as one word in a line of key=value."""
    return text if text and text.isprintable() and not set(text) & set(' "=\\') else json.dumps(text)


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = formatter.formatException(record.exc_info) if record.exc_info else ""
    return "\n" + _bounded(text) if text else ""
