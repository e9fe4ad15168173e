"""The record of a backup, verifiable without this server, and the report of its reading."""

from typing import Any

import msgspec
from msgspec import Struct

from opencbr.api.route import Request, Route


class RecordBody(Struct):
    """A record as the record format describes it; `opencbr record verify` checks it."""

    manifest: dict[str, Any]
    signature: str
    public_key: str


class ReportBody(Struct):
    """The capture report: `verdict` is complete, partial or drifted."""

    report: dict[str, Any]


def show_record(request: Request) -> bytes:
    """Answer with the record in the caller's view; the body is the record itself, ready to be kept."""
    return msgspec.json.encode(request.services.metadata.export(request.ctx, request.path["backup_id"]))


def show_report(request: Request) -> ReportBody:
    """Answer with what was read, denied, missing or moved while the record was made."""
    return ReportBody(request.services.metadata.report(request.ctx, request.path["backup_id"]))


ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/v3/{project_id}/backups/{backup_id}/record",
        operation="ShowRecord",
        handler=show_record,
        right="cbr:backups:getMetadata",
        summary="Get the verifiable record of a backup",
        chapter="Record",
        response=RecordBody,
    ),
    Route(
        method="GET",
        path="/v3/{project_id}/backups/{backup_id}/record/report",
        operation="ShowReport",
        handler=show_report,
        right="cbr:backups:getMetadata",
        summary="Get the report on how a record was read",
        chapter="Record",
        response=ReportBody,
    ),
)
