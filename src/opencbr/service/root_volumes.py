"""Root volumes whose status nobody may set: they are restored in place by a rebuild of their server."""

from collections.abc import Iterator

from opencbr.cloud.microversions import at_least
from opencbr.cloud.reader import Reader
from opencbr.cloud.servers import REIMAGE_MICROVERSION
from opencbr.model.errors import DISK_UNRESTORABLE, CbrError


def is_rebuilt(reader: Reader) -> bool:
    """Say whether root volumes are written over by a rebuild. Raises CloudError."""
    return not reader.sets_volume_status()


def refusals(reader: Reader, root_id: str, *, encrypted: bool) -> Iterator[CbrError]:
    """Say why a root volume cannot be written over by a rebuild: 2011."""
    without = f"Disk {root_id} is a root disk, and the service user may not set its status"
    newest = reader.newest("compute")
    if not at_least(newest, REIMAGE_MICROVERSION):
        yield CbrError(
            DISK_UNRESTORABLE,
            f"{without}; to rebuild its server instead takes Nova {REIMAGE_MICROVERSION}, and this one speaks at most "
            f"{newest or '2.1'}: restore it as a new server, or have the operator give that right.",
        )
    if encrypted:
        yield CbrError(
            DISK_UNRESTORABLE,
            f"{without}; it is encrypted, and a rebuild of its server would not write it as it was: restore it as a new "
            "server, or have the operator give that right.",
        )
