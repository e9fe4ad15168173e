"""Handing volumes over from one project to another: Cinder's volume transfer, from both sides."""

from dataclasses import dataclass, field
from urllib.parse import quote

from opencbr.cloud.retry import NO_PATIENCE
from opencbr.cloud.transport import Transport

_PATH = "/os-volume-transfer"


@dataclass(frozen=True, slots=True)
class Transfer:
    """An offer of a volume; `auth_key`, with which it is taken, is told once and shown nowhere again."""

    id: str
    auth_key: str = field(repr=False)


class TransferCloud:
    """Offers that a project makes, and takes. Raises NotFound, Denied, Refused or Unreachable. Thread-safe.

    A volume that is offered is `awaiting-transfer`, which it stays until it is taken or the offer is taken back.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def offer(self, volume_id: str, name: str) -> Transfer:
        """Offer a volume of the project. Asked once: an offer whose answer was lost is of no use, take it back."""
        body = {"transfer": {"volume_id": volume_id, "name": name}}
        made = self._transport.post("volume", _PATH, body).thing("transfer", "offered")
        return Transfer(made["id"], made["auth_key"])

    def take(self, offered: Transfer) -> None:
        """Take what another project offers, with all its bytes: it is this project's then. Asked once."""
        path = f"{_PATH}/{quote(offered.id, safe='')}/accept"
        self._transport.act("volume", path, {"accept": {"auth_key": offered.auth_key}}, patience=NO_PATIENCE)

    def take_back(self, volume_id: str) -> None:
        """Take back the offers of a volume, which is `available` again then."""
        answer = self._transport.get("volume", f"{_PATH}/detail")
        for row in answer.rows("transfer", where=lambda row: row.get("volume_id") == volume_id):
            self._transport.delete("volume", f"{_PATH}/{quote(str(row['id']), safe='')}")
