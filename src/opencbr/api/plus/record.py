"""The record of a backup, verifiable without this server, and the report of its reading."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from opencbr.api.handler_types import Content
from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.model.errors import NO_SUCH_BACKUP


class RecordBody(Struct):
    """A record as the record format describes it; `opencbr record verify` checks it."""

    format: Annotated[str, Meta(description="the record format that it follows")]
    view: Annotated[list[str], Meta(description="the classes of values that are in clear, in order")]
    manifest: Annotated[
        dict[str, Any],
        Meta(description="what the record holds: the backup, and the hashes of each document"),
    ]
    digest: Annotated[str, Meta(description="SHA-256 of the manifest, in hex")]
    signature: Annotated[str, Meta(description="the Ed25519 signature of the manifest's digest, in hex")]
    public_key: Annotated[str, Meta(description="the key that the signature is checked with, in hex")]
    documents: Annotated[
        list[dict[str, Any]],
        Meta(description="in the manifest's order: `name`, `body` in this view, and `salt`"),
    ]


class ReportBody(Struct):
    """The capture report: `verdict` is complete, partial or drifted.

    `lost` says what of the backup the cloud has lost since, null when nothing.
    """

    report: Annotated[
        dict[str, Any],
        Meta(
            description=(
                "what was read and when, what was denied, missing or moved meanwhile, and the verdict; `places` of a "
                "document are its masks: class, and offset and length in characters of the masked text"
            )
        ),
    ]
    lost: Annotated[
        str | None,
        Meta(description="what of the backup the cloud has lost since, as a sentence; null for nothing"),
    ]


def show_record(request: Request[None, None]) -> Annotated[bytes, Content(RecordBody)]:
    """Answer with the record in the caller's view; the body is the record itself, ready to be kept."""
    return msgspec.json.encode(request.services.metadata.export(request.ctx, request.path["backup_id"]))


def show_report(request: Request[None, None]) -> ReportBody:
    """Answer with what was read, denied, missing or moved while the record was made, and what was lost since."""
    return ReportBody(*request.services.metadata.report(request.ctx, request.path["backup_id"]))


class MaskedValueQuery(Struct, kw_only=True):
    """Which value; both as ShowReport tells them."""

    document: Annotated[
        str, Meta(min_length=1, max_length=255, description="name of the document, as `server`")
    ]
    offset: Annotated[
        int,
        Meta(ge=0, le=2**31 - 1, description="where the mask begins in it: `offset` of one of its `places`"),
    ]


class MaskedValueBody(Struct):
    """One value that is masked, or the name of a member that is."""

    document: Annotated[str, Meta(description="name of the document")]
    path: Annotated[str, Meta(description="where it stands in the document, as `server.adminPass`")]
    class_: Annotated[str, Meta(description="`secrets` or `infrastructure`")] = field(name="class")
    value: Annotated[str, Meta(description="the value as the cloud wrote it, a JSON text")]


def show_masked_value(request: Request[MaskedValueQuery, None]) -> MaskedValueBody:
    """Answer with one masked value, of which an audit line tells."""
    query = request.query
    path, kind, text = request.services.metadata.value(
        request.ctx, request.path["backup_id"], query.document, query.offset
    )
    return MaskedValueBody(query.document, path, kind, text)


_RECORD = "/v3/{project_id}/backups/{backup_id}/record"

ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("ShowRecord", "GET", _RECORD, "Record"),
        handler=show_record,
        right="cbr:backups:getMetadata",
        summary="Get the verifiable record of a backup",
        description=(
            "Gives the signed record of a backup, ready to be kept elsewhere and to be verified without this "
            "server (`opencbr record verify`). The documents are in the view that the caller's rights give; "
            "what is masked is still proved by its commitment. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_BACKUP, "6206"),
    ),
    Route(
        operation=Operation("ShowReport", "GET", f"{_RECORD}/report", "Record"),
        handler=show_report,
        right="cbr:backups:getMetadata",
        summary="Get the report on how a record was read",
        description=(
            "Tells how the record of a backup came about: which documents were read and when, which were denied "
            "or missing, and what moved while they were read. `lost` names what of the backup the cloud no "
            "longer has. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_BACKUP, "6206"),
    ),
    Route(
        operation=Operation("ShowMaskedValue", "GET", f"{_RECORD}/value", "Record"),
        handler=show_masked_value,
        right="cbr:backups:getMetadata",
        summary="Show one masked value of a record",
        description=(
            "Shows one value that stands masked in a record, to whoever has the right to its class: "
            "`cbr:backups:getMetadataSecrets` or `cbr:backups:getMetadataInfrastructure`, else it is 403. The audit log gets "
            "a line that names the value's place. This operation is opencbr's own."
        ),
        errors=(NO_SUCH_BACKUP, "6206"),
    ),
)
