"""The image that a backup makes of a root disk that is no volume: what of it is in the record, and what it counts for."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from opencbr.model.document import Document, Reading

KIND = "root_image"
"""Kind of the document that has Glance's description of it, and its key in a backup's `extend_info`."""

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class RootImage:
    """An image of ours, as Glance had it when it was done."""

    id: str
    size_bytes: int

    @property
    def stored_mb(self) -> int:
        """The MiB that it counts for in its vault."""
        return -(-self.size_bytes // _MIB)


def root_image_in(documents: Iterable[Document]) -> RootImage | None:
    """Find the image among the documents of a record; None where the backup has none."""
    for document in documents:
        kind, _, image_id = document.name.partition("/")
        if kind == KIND:
            return RootImage(image_id, int(json.loads(document.body).get("size") or 0))
    return None


def boots_from_image(reading: Reading) -> bool:
    """Say whether the server of a reading has a root disk that is no volume."""
    bodies = (json.loads(one.body) for one in reading.documents if one.name == "server")
    return any(body["server"].get("image") for body in bodies)
