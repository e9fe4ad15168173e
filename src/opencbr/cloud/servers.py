"""Work on the servers of a tenant's project with its own token: make, stop, start, lock; their volumes, images and groups."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from opencbr.cloud.images import ImageCloud
from opencbr.cloud.objects import Attachment, Server, server_of
from opencbr.cloud.retry import get_or_create
from opencbr.cloud.transport import Transport

MICROVERSION = "2.79"
"""From here on an attachment has `delete_on_termination` when it is read and made; tags and the reason of a lock are older."""


_CONSOLE_LINES = 1000

HOSTNAME_MICROVERSION = "2.90"
"""From here on a server is created with a host name that is not made of its name."""
REIMAGE_MICROVERSION = "2.93"
"""From here on a server that boots from a volume is rebuilt from an image, which is written over that volume."""
_GROUPS = "/os-server-groups"


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

    def find(self, name: str) -> str | None:
        """Return the id of the oldest server of this name."""
        # Nova takes a regular expression; what it finds is looked at.
        answer = self._transport.get("compute", "/servers/detail", {"name": name}, microversion=MICROVERSION)
        rows = answer.rows("server", where=lambda row: row.get("name") == name)
        found = min(rows, key=lambda row: str(row.get("created")), default=None)
        return None if found is None else str(found["id"])

    def create(
        self, name: str, fields: Mapping[str, Any], hints: Mapping[str, Any], *, hostname: str | None = None
    ) -> str:
        """Begin to make a server under a name that no other has; return its id. Its admin password is thrown away."""
        server = {**fields, "name": name} | ({"hostname": hostname} if hostname else {})
        body = {"server": server} | ({"os:scheduler_hints": dict(hints)} if hints else {})
        microversion = HOSTNAME_MICROVERSION if hostname else MICROVERSION

        def create() -> str:
            answer = self._transport.post("compute", "/servers", body, microversion=microversion)
            return str(answer.thing("server", "identified")["id"])

        patience, clock = self._transport.patience, self._transport.clock
        return get_or_create(lambda: self.find(name), create, patience, clock)

    def rename(self, server_id: str, name: str) -> None:
        """Give a server its name."""
        self._transport.put("compute", _path(server_id), {"server": {"name": name}})

    def delete(self, server_id: str) -> None:
        """Request the deletion; NotFound means that it is gone already."""
        self._transport.delete("compute", _path(server_id), microversion=MICROVERSION)

    def find_key(self, name: str) -> str | None:
        """Return the public key that the service user has under this name."""
        answer = self._transport.get("compute", "/os-keypairs", microversion=MICROVERSION)
        for row in answer.rows("keypair"):
            pair = row.get("keypair") or {}
            if pair.get("name") == name:
                return str(pair.get("public_key"))
        return None

    def import_key(self, name: str, public_key: str, kind: str) -> None:
        """Import a public key for the service user. Refused (409) where it has one of this name."""
        body = {"keypair": {"name": name, "public_key": public_key, "type": kind}}
        self._transport.act("compute", "/os-keypairs", body, microversion=MICROVERSION)

    def delete_key(self, name: str) -> None:
        """Delete a key pair of the service user; NotFound means that it is gone already."""
        path = f"/os-keypairs/{quote(name, safe='')}"
        self._transport.delete("compute", path, microversion=MICROVERSION)

    def find_group(self, name: str) -> str | None:
        """Return the id of a server group of this name."""
        answer = self._transport.get("compute", _GROUPS, microversion=MICROVERSION)
        rows = answer.rows("server_group", where=lambda row: row.get("name") == name)
        return min((str(row["id"]) for row in rows), default=None)

    def create_group(self, name: str, policy: str, rules: Mapping[str, Any]) -> str:
        """Make a server group under a name that no other has; return its id."""
        group = {"name": name, "policy": policy} | ({"rules": dict(rules)} if rules else {})

        def create() -> str:
            body = {"server_group": group}
            answer = self._transport.post("compute", _GROUPS, body, microversion=MICROVERSION)
            return str(answer.thing("server_group", "identified")["id"])

        return get_or_create(
            lambda: self.find_group(name), create, self._transport.patience, self._transport.clock
        )

    def look_at_group(self, group_id: str) -> None:
        """Raise NotFound when a server group is gone."""
        self._transport.get("compute", _group_path(group_id), microversion=MICROVERSION)

    def delete_group(self, group_id: str) -> None:
        """Delete a server group; the servers in it stay. NotFound means that it is gone already."""
        self._transport.delete("compute", _group_path(group_id), microversion=MICROVERSION)

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

    def console(self, server_id: str) -> str:
        """Return what stands on a server's console, the end of it; Refused while there is none yet."""
        body = {"os-getConsoleOutput": {"length": _CONSOLE_LINES}}
        answer = self._transport.post(
            "compute", f"{_path(server_id)}/action", body, microversion=MICROVERSION
        )
        return str(answer.json().get("output") or "")

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

    def create_image(self, server_id: str, name: str, properties: Mapping[str, str]) -> str:
        """Begin to make an image of a server's root disk under a name that no other has; return its id.

        Nova is at work on the server until the image is active, and allows nothing else meanwhile. Refused (409) when it is
        at work on it already, or the server is in a state that has no disk to read.
        """
        body = {"createImage": {"name": name, "metadata": dict(properties)}}
        path = f"{_path(server_id)}/action"

        def create() -> str:
            answer = self._transport.post("compute", path, body, microversion=MICROVERSION)
            image_id = answer.json().get("image_id")
            if not isinstance(image_id, str):
                raise answer.garbage("image_id is no text")
            return image_id

        patience, clock = self._transport.patience, self._transport.clock
        return get_or_create(lambda: ImageCloud(self._transport).find(name), create, patience, clock)

    def rebuild(self, server_id: str, image_id: str, *, of_volume: bool = False) -> None:
        """Request that a server's root disk is written anew from an image; ports, volumes and power stay.

        Where it is a volume (`of_volume`) an older Nova refuses (400). The new admin password is thrown away.
        """
        microversion = REIMAGE_MICROVERSION if of_volume else MICROVERSION
        self._act(server_id, "rebuild", {"imageRef": image_id}, microversion=microversion)

    def _act(self, server_id: str, action: str, given: Any, *, microversion: str = MICROVERSION) -> None:
        body = {action: given}
        self._transport.act("compute", f"{_path(server_id)}/action", body, microversion=microversion)


def _path(server_id: str) -> str:
    return f"/servers/{quote(server_id, safe='')}"


def _group_path(group_id: str) -> str:
    return f"{_GROUPS}/{quote(group_id, safe='')}"


def _attachment(row: dict[str, Any]) -> Attachment:
    return Attachment(
        volume_id=row["volumeId"],
        device=row.get("device"),
        tag=row.get("tag"),
        delete_on_termination=bool(row.get("delete_on_termination")),
    )
