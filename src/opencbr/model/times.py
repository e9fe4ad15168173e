"""The one time format of the wire: naive UTC with six digits (contract 0.3, trap T9)."""

import re
from datetime import UTC, datetime, timedelta, timezone

_OFFSET = re.compile(r"UTC([+-])([0-9][0-9]):([0-5][0-9])")


def wire_time(moment: datetime | None) -> str | None:
    """Write `moment` (aware) as `2019-05-10T07:59:12.084695`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def parse_time(text: str) -> datetime:
    """Read a query's time: with or without `Z`, offset or fraction; a time without a zone is UTC.

    Raises ValueError when the text is no time.
    """
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:  # the first day of year 1 in a zone ahead of UTC
        raise ValueError("there is no such time in UTC") from error


def utc_offset(text: str) -> timezone:
    """Read a zone as clients write it: `UTC+08:00`, or `UTC` (contract 3.1, 3.7).

    Raises ValueError when the text is none, or further from UTC than any place is.
    """
    ahead = ahead_of_utc("UTC+00:00" if text == "UTC" else text)
    if ahead is None:
        raise ValueError("a zone is written like UTC+08:00")
    if abs(ahead) > timedelta(hours=14):
        raise ValueError("no place is further than 14 hours from UTC")
    return timezone(ahead)


def ahead_of_utc(text: str) -> timedelta | None:
    """Say how far ahead of UTC a zone like `UTC+08:00` is, less than 100 hours; None for a text of another form."""
    form = _OFFSET.fullmatch(text)
    if form is None:
        return None
    ahead = timedelta(hours=int(form[2]), minutes=int(form[3]))
    return ahead if form[1] == "+" else -ahead
