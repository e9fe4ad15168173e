"""A record in clear, as the plan of a restore reads it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opencbr.keys.project_keys import ProjectKey
from opencbr.model.document import Document
from opencbr.model.restore_plan.captured import Captured
from opencbr.model.secrets import MASKED, VERBATIM, Fingerprint
from opencbr.records.verification import Proved


@dataclass(frozen=True, slots=True)
class Restorable:
    """What was captured, the documents with their calls, and what marks values that are not for everybody."""

    captured: Captured
    documents: tuple[Document, ...]
    fingerprint: Fingerprint


def restorable_of(proved: Proved, key: ProjectKey) -> Restorable:
    """Take a proved record apart. A document that is no JSON object has no fields, and is left out."""
    record = proved.record
    return Restorable(
        captured=Captured(
            digest=proved.row.digest.hex(),
            project_id=record.project_id,
            documents=_objects({page.document.name: page.body(VERBATIM) for page in record.pages}),
            masked=_objects({page.document.name: page.body(MASKED) for page in record.pages}),
            disks=record.disks,
            disk_backups={one.volume_id: one.backup_id for one in record.disk_backups},
        ),
        documents=tuple(page.document for page in record.pages),
        fingerprint=key.fingerprint,
    )


def _objects(texts: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, text in texts.items():
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            found[name] = body
    return found
