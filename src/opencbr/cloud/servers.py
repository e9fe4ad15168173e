"""Work on the servers of a tenant's project with its own token: stop, start, lock, and the volumes on them."""

from typing import Any
from urllib.parse import quote

from opencbr.cloud.objects import Attachment, Server, server_of
from opencbr.cloud.transport import Transport

MICROVERSION = "2.79"
"""From here on an attachment has `delete_on_termination` when it is read and made; tags and the reason of a lock are older."""


class ServerCloud:
    """Raises NotFound, Denied, Refused or Unreachable. Thread-safe.

    All that is asked here the server's or volume's state guards: what it does not fit is Refused (409, 400).
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, server_id: str) -> Server:
        """Return a server as it stands."""
        answer = self._transport.get("compute", _path(server_id), microversion=MICROVERSION)
        return server_of(answer.thing("server"), answer.request_id)

    def stop(self, server_id: str) -> None:
        """Request that a server is shut off."""
        self._act(server_id, "os-stop", None)

    def start(self, server_id: str) -> None:
        """Request that a server that is shut off is started."""
        self._act(server_id, "os-start", None)

    def lock(self, server_id: str, reason: str | None) -> None:
        """Lock a server: nobody but an admin can do anything to it before it is unlocked."""
        self._act(server_id, "lock", None if reason is None else {"locked_reason": reason})

    def unlock(self, server_id: str) -> None:
        """Unlock a server; Denied where an admin has locked it."""
        self._act(server_id, "unlock", None)

    def attachments(self, server_id: str) -> list[Attachment]:
        """List the volumes on a server."""
        path = f"{_path(server_id)}/os-volume_attachments"
        answer = self._transport.get("compute", path, microversion=MICROVERSION)
        return [_attachment(row) for row in answer.rows("volumeAttachment")]

    def detach(self, server_id: str, volume_id: str) -> None:
        """Request that a volume that is not the root disk is detached; NotFound when it is not attached."""
        path = f"{_path(server_id)}/os-volume_attachments/{quote(volume_id, safe='')}"
        self._transport.delete("compute", path, microversion=MICROVERSION)

    def attach(self, server_id: str, wanted: Attachment) -> None:
        """Attach an available volume as it was attached before."""
        fields: dict[str, Any] = {
            "volumeId": wanted.volume_id,
            "delete_on_termination": wanted.delete_on_termination,
        }
        fields |= {"device": wanted.device} if wanted.device else {}
        fields |= {"tag": wanted.tag} if wanted.tag else {}
        path = f"{_path(server_id)}/os-volume_attachments"
        self._transport.act("compute", path, {"volumeAttachment": fields}, microversion=MICROVERSION)

    def _act(self, server_id: str, action: str, given: Any) -> None:
        body = {action: given}
        self._transport.act("compute", f"{_path(server_id)}/action", body, microversion=MICROVERSION)


def _path(server_id: str) -> str:
    return f"/servers/{quote(server_id, safe='')}"


def _attachment(row: dict[str, Any]) -> Attachment:
    return Attachment(
        volume_id=row["volumeId"],
        device=row.get("device"),
        tag=row.get("tag"),
        delete_on_termination=bool(row.get("delete_on_termination")),
    )
