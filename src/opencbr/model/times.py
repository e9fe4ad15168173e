"""The one time format of the wire: naive UTC with six digits (contract 0.3, trap T9)."""

from datetime import UTC, datetime


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
