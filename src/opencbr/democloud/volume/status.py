"""The status of volumes, snapshots and backups."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.state import Doc


def set_status(backend: Backend, kind: str, id_: str, status: str, **fields: object) -> Doc | None:
    """Move a volume, snapshot or backup to `status`; None when it is gone meanwhile."""
    doc = backend.state.get(kind, id_)
    if doc is None:
        return None
    return backend.state.put(
        kind, doc | {"status": status, "updated_at": backend.clock.long_time(), **fields}
    )
