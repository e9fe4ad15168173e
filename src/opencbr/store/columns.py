"""Column types that behave alike on SQLite and PostgreSQL."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine


class Moment(TypeDecorator[datetime]):
    """A point in time: given and returned aware, in UTC, to the microsecond.

    SQLite has no time type; SQLAlchemy writes text of a fixed width there, which compares as times do.
    A naive datetime is refused with ValueError: nobody could say later which zone was meant.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring `value` to UTC; SQLite gets it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; hand in an aware datetime")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give back an aware datetime in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if dialect.name == "sqlite" else moment.astimezone(UTC)


class _Text(TypeDecorator[str]):
    """Text ordered by code point on every database, and storable whatever a cloud sends.

    PostgreSQL would otherwise order by the locale of its cluster, and pages would differ from one installation to
    the next. What a database cannot hold is kept as U+FFFD: a NUL in the name of somebody's volume must not fail the
    job that writes it down. There is no length: the layers above know the contract's limits, and SQLite would not
    hold to one.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the collation."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy calls it
        """Replace what no database holds."""
        return None if value is None else as_stored(value)


TEXT = _Text()

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""PostgreSQL refuses NUL, and no encoding to UTF-8 exists for a lone surrogate."""


def as_stored(value: str) -> str:
    """Give a text as a column keeps it: U+FFFD for what no database holds."""
    return _UNSTORABLE.sub("\ufffd", value)


def storable(value: str) -> bool:
    """Say whether a database can hold `value`; nothing stored equals a text that it cannot."""
    return _UNSTORABLE.search(value) is None
