"""UpdateExpirationTime: one day on which all backups of a vault expire (contract 3.1)."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.errors import bad_parameter
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.model.errors import VAULT_STATUS, VAULT_UNCHANGEABLE
from opencbr.model.times import utc_offset


class UpdateExpirationTimeBody(Struct):
    """The request of UpdateExpirationTime."""

    expect_expiration_date: Annotated[
        str,
        Meta(
            min_length=10,
            max_length=10,
            description="the last day on which the backups are kept, like `2027-01-31`",
            extra_json_schema={"format": "date"},
        ),
    ]
    time_zone: Annotated[
        str,
        Meta(max_length=16, description="whose day is meant: `UTC+08:00`, `UTC-03:30`, or `UTC`"),
    ]


class ExpirationTimeBody(Struct):
    """What has been done."""

    affected_backups_count: Annotated[
        int,
        Meta(description="how many backups expire with this day now; the disks of a server are not counted"),
    ]
    new_expiration_day: Annotated[str, Meta(description="the day that was asked for")]
    operation_log_id: Annotated[str, Meta(description="id of the operation log that tells of it")]


def update_expiration_time(request: Request[None, UpdateExpirationTimeBody]) -> ExpirationTimeBody:
    """Answer UpdateExpirationTime."""
    body = request.body
    try:
        day = date.fromisoformat(body.expect_expiration_date)
    except ValueError as error:
        raise bad_parameter("expect_expiration_date: it is no day; write it like 2027-01-31.") from error
    try:
        zone = utc_offset(body.time_zone)
    except ValueError as error:
        raise bad_parameter(f"time_zone: {error}.") from error
    done = request.services.vault_expiry.set(request.ctx, request.path["vault_id"], day, zone)
    return ExpirationTimeBody(done.count, done.day.isoformat(), done.log_id)


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["UpdateExpirationTime"],
        handler=update_expiration_time,
        right="cbr:vaults:update",
        summary="Set the day on which all backups of a vault expire",
        description=(
            "Sets `expired_at` of all backups that a vault has now, automatic and manual, to the end of one day in the "
            "time zone that is named. Backups that come later, or run now, are not touched. In a locked vault no automatic "
            "backup can expire earlier than before. An operation log, which has ended, tells of it."
        ),
        errors=("6105", VAULT_STATUS, VAULT_UNCHANGEABLE),
    ),
)
