"""The record of a backup, verifiable without this server, and the report of its reading."""

from typing import Annotated, Any

import msgspec
from msgspec import Struct

from opencbr.api.handler_types import Content
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route


class RecordBody(Struct):
    """A record as the record format describes it; `opencbr record verify` checks it."""

    manifest: dict[str, Any]
    signature: str
    public_key: str


class ReportBody(Struct):
    """The capture report: `verdict` is complete, partial or drifted.

    `lost` says what of the backup the cloud has lost since, null when nothing.
    """

    report: dict[str, Any]
    lost: str | None


def show_record(request: Request[None, None]) -> Annotated[bytes, Content(RecordBody)]:
    """Answer with the record in the caller's view; the body is the record itself, ready to be kept."""
    return msgspec.json.encode(request.services.metadata.export(request.ctx, request.path["backup_id"]))


def show_report(request: Request[None, None]) -> ReportBody:
    """Answer with what was read, denied, missing or moved while the record was made, and what was lost since."""
    return ReportBody(*request.services.metadata.report(request.ctx, request.path["backup_id"]))


_RECORD = "/v3/{project_id}/backups/{backup_id}/record"

ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("ShowRecord", "GET", _RECORD, "Record"),
        handler=show_record,
        right="cbr:backups:getMetadata",
        summary="Get the verifiable record of a backup",
    ),
    Route(
        operation=Operation("ShowReport", "GET", f"{_RECORD}/report", "Record"),
        handler=show_report,
        right="cbr:backups:getMetadata",
        summary="Get the report on how a record was read",
    ),
)
