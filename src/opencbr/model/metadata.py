"""The body of ShowMetadata (contract 6): eight members, each a string that is itself a JSON document.

The strings are the cloud's own texts. Two members are ours: `backups`, and `{"floatingips":null}` where the
cloud answered with an empty list.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opencbr.model.secrets import Masked, Splice
from opencbr.model.vault import VOLUME

NO_FLOATING_IPS = b'{"floatingips":null}'
"""What stands for a port without floating IPs (contract 6.6)."""


Place = Sequence[str | int]
"""Where in a body a document stands: a member's name, and the index where that member is an array."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A body, what is masked in it, and the documents it holds, by name."""

    body: bytes
    splices: tuple[Splice, ...]
    embedded: Mapping[str, Place]


def render(
    *,
    backup_id: str,
    backups: str,
    resource_type: str,
    documents: Mapping[str, Masked],
    volume_ids: Iterable[str],
) -> Rendered:
    """Write the body from masked documents; `backups` is the JSON text of that member.

    `volume_ids` are the disks of the backup in order. What could not be read is null (contract 6.8).
    """
    writer = _Writer(documents)
    is_disk = resource_type == VOLUME
    names = [name for name in documents if name.startswith("port/") and not is_disk]
    writer.raw(f'{{"backup_id":{_text(backup_id)},"backups":{_text(backups)},"server":')
    writer.member("server", present=not is_disk)
    writer.raw(',"volumes":[')
    writer.listed("volumes", [f"volume/{volume_id}" for volume_id in volume_ids])
    writer.raw('],"interface":')
    writer.member("interface", present=not is_disk)
    writer.raw(',"flavor":')
    writer.member("flavor", present=not is_disk)
    writer.raw(',"ports":[')
    writer.listed("ports", names)
    writer.raw('],"floatingips":[')
    if not is_disk:
        writer.floating(names)
    writer.raw("]}")
    return Rendered(b"".join(writer.pieces), tuple(writer.splices), writer.embedded)


def texts_at(body: bytes, places: Mapping[str, Place]) -> dict[str, bytes]:
    """Read documents back out of a body, in whatever view it is; raises LookupError, TypeError or ValueError."""
    answer: Any = json.loads(body)
    return {name: _at(answer, place).encode() for name, place in places.items()}


def _at(answer: Any, place: Place) -> str:
    for step in place:
        answer = answer[step]
    if not isinstance(answer, str):
        raise TypeError("no document stands there")
    return answer


def of_one_disk(body: bytes, backup_id: str, parent_id: str, volume_id: str) -> bytes:
    """Narrow a server's answer to one disk, asked for by the id of the disk's own backup (contract 6.7.4)."""
    answer: dict[str, Any] = json.loads(body)
    ours = json.loads(answer["backups"])
    answer["backup_id"] = backup_id
    answer["backups"] = json.dumps({**ours, "id": backup_id, "parent_id": parent_id}, ensure_ascii=False)
    answer["volumes"] = [text for text in answer["volumes"] if json.loads(text)["volume"]["id"] == volume_id]
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


class _Writer:
    """Collects pieces and keeps count of where each masked value has come to stand."""

    def __init__(self, documents: Mapping[str, Masked]) -> None:
        self._documents = documents
        self._offset = 0
        self.pieces: list[bytes] = []
        self.splices: list[Splice] = []
        self.embedded: dict[str, Place] = {}

    def raw(self, text: str) -> None:
        self._put(text.encode())

    def member(self, name: str, *, present: bool) -> None:
        if present and name in self._documents:
            self._embed(name, name)
        else:
            self._put(b"null")

    def listed(self, member: str, names: Iterable[str]) -> None:
        for index, name in enumerate(name for name in names if name in self._documents):
            self._put(b"," if index else b"")
            self._embed(name, member, index)

    def floating(self, ports: Sequence[str]) -> None:
        """One string a port, in the ports' order; a server without ports has one all the same."""
        for index, port in enumerate(ports or [""]):
            self._put(b"," if index else b"")
            name = "floatingips/" + port.partition("/")[2]
            found = self._documents.get(name)
            if found is not None and json.loads(found.body).get("floatingips"):
                self._embed(name, "floatingips", index)
            else:
                self._put(_text(NO_FLOATING_IPS.decode()).encode())

    def _embed(self, name: str, *place: str | int) -> None:
        masked = self._documents[name]
        self.embedded[name] = place
        self._put(b'"')
        done = 0
        for splice in masked.splices:
            self._put(_escaped(masked.body[done : splice.offset]))
            done = splice.offset + splice.masked_length
            token = _escaped(masked.body[splice.offset : done])
            self.splices.append(Splice(self._offset, len(token), _escaped(splice.verbatim), splice.kind))
            self._put(token)
        self._put(_escaped(masked.body[done:]))
        self._put(b'"')

    def _put(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self._offset += len(piece)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _escaped(piece: bytes) -> bytes:
    return _text(piece.decode())[1:-1].encode()
