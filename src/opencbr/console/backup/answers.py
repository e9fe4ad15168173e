"""What a backup's page is made from: four answers of the API, as the caller's rights give them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers about one backup; None where the API refused (there is nothing to show yet, or the right is missing).

    `backup` is the object in ShowBackup's envelope, `metadata` the body of ShowMetadata byte for byte, `record` the body
    of ShowRecord and `report` that of ShowReport.
    """

    backup: Mapping[str, Any]
    metadata: bytes | None = None
    record: Mapping[str, Any] | None = None
    report: Mapping[str, Any] | None = None

    @cached_property
    def metadata_members(self) -> Mapping[str, Any]:
        """The members of ShowMetadata, empty when it was refused. Raises ValueError for what is no JSON."""
        told = json.loads(self.metadata) if self.metadata else {}
        return told if isinstance(told, Mapping) else {}

    @property
    def disk(self) -> str | None:
        """The id of the one disk that this is the backup of, None for a server's."""
        backup = self.backup
        return str(backup.get("resource_id")) if backup.get("resource_type") == "OS::Cinder::Volume" else None
