"""Work on the images of a tenant's project with its own token: found by their name, looked at, deleted."""

from typing import Any
from urllib.parse import quote

from opencbr.cloud.errors import NotFound
from opencbr.cloud.objects import Image, image_of
from opencbr.cloud.transport import Transport

_GONE = frozenset({"deleted", "pending_delete"})
"""Statuses of an image that Glance keeps for a while and gives to nobody."""


class ImageCloud:
    """Raises NotFound, Denied, Refused or Unreachable. Thread-safe."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, image_id: str) -> Image:
        """Return an image as it stands."""
        answer = self._transport.get("image", _path(image_id))
        image = image_of(answer.bare("image"), answer.request_id)
        if image.status in _GONE:
            raise NotFound(service="image", method="GET", path=_path(image_id), status=404)
        return image

    def find(self, name: str) -> str | None:
        """Return the id of the oldest image of this name that the project has."""
        answer = self._transport.get("image", "/images", {"name": name, "visibility": "private"})
        found = answer.rows("image", where=lambda row: _is_there(row) and row.get("name") == name)
        row = min(found, key=lambda row: str(row.get("created_at")), default=None)
        return None if row is None else str(row["id"])

    def delete(self, image_id: str) -> None:
        """Delete an image; NotFound means that it is gone already, Refused that a disk stands on it."""
        self._transport.delete("image", _path(image_id))


def _path(image_id: str) -> str:
    return f"/images/{quote(image_id, safe='')}"


def _is_there(row: dict[str, Any]) -> bool:
    return row.get("status") not in _GONE
