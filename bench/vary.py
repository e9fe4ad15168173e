"""Many different servers from a few captured ones, honestly: whatever differs between two real servers is made to differ.

From one seed, per variant and consistently inside it: every UUID, project id, host id, MAC, IPv4 address, ETag-like digest, SSH
key, request id and user data is new random text of the same length; all times move by one random offset, and the sub-second
part is random; server and volume names are new words. Only what one cloud has in common (field names, status words, type and image names,
URL prefixes) stays. So nothing compresses here that would not compress in a cloud of the same installation.
"""

import base64
import json
import random
import re
from dataclasses import replace
from datetime import datetime, timedelta

from opencbr.model.document import Disk, Document, Reading

SEED = 20261124
_WORDS = [
    "api",
    "web",
    "db",
    "cache",
    "queue",
    "mail",
    "auth",
    "build",
    "batch",
    "proxy",
    "files",
    "search",
    "log",
    "shop",
    "pay",
    "wiki",
]
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_VARIES = re.compile(
    rf"(?P<uuid>{_UUID})"
    r"|(?P<hex>(?<![0-9a-f])(?:[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-f]))"
    r"|(?P<mac>(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?!:))"
    r"|(?P<finger>(?:[0-9a-f]{2}:){15}[0-9a-f]{2})"
    r"|(?P<ip>(?<![\d.])(?:10|203|192)\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d./]))"
    r"|(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{6})?)"
    r"|(?P<text>(?<=ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB)[A-Za-z0-9+/=]{200,}|(?<=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA)[A-Za-z0-9+/=]{40,}|(?<=\"OS-EXT-SRV-ATTR:user_data\": \")[A-Za-z0-9+/=]+)"
    r"|(?P<password>(?<=\"db_password\": \")[^\"]+)"
    r"|(?P<reservation>(?<=\"r-)[0-9a-z]{8}(?=\"))"
)


class Variant:
    """One new server; the same old value always becomes the same new one inside it."""

    def __init__(self, number: int, project: str, seed: int = SEED) -> None:
        self._random = random.Random(f"{seed}/{number}")
        self._project = project
        self._known: dict[str, str] = {}
        self._shift = timedelta(seconds=self._random.randrange(400 * 86400))
        self.name = (
            f"{self._random.choice(_WORDS)}-{self._random.choice(_WORDS)}-{self._random.randrange(1000):03d}"
        )

    def text(self, old: str) -> str:
        return _VARIES.sub(self._swap, old)

    def moment(self, old: datetime) -> datetime:
        return old + self._shift + timedelta(microseconds=self._random.randrange(1_000_000))

    def _swap(self, match: re.Match[str]) -> str:
        old = match[0]
        if old not in self._known:
            kind = match.lastgroup or ""
            self._known[old] = getattr(self, f"_{kind}")(old)
        return self._known[old]

    def _hexes(self, old: str) -> str:
        return re.sub("[0-9a-f]", lambda _: self._random.choice("0123456789abcdef"), old)

    def _password(self, old: str) -> str:
        return "".join(self._random.choice("abcdefghijkmnopqrstuvwxyz23456789") for _ in old)

    _uuid = _hex = _mac = _finger = _hexes

    def _ip(self, old: str) -> str:
        return (
            old.split(".", maxsplit=1)[0]
            + "."
            + ".".join(str(self._random.randrange(1, 255)) for _ in range(3))
        )

    def _time(self, old: str) -> str:
        moment = datetime.fromisoformat(old) + self._shift
        return moment.isoformat(sep=old[10], timespec="microseconds" if "." in old else "seconds")

    def _text(self, old: str) -> str:
        return base64.b64encode(self._random.randbytes(len(old) * 3 // 4)).decode()[: len(old)]

    def _reservation(self, old: str) -> str:
        return "".join(self._random.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in old)

    def project_id(self, old: str) -> str:
        self._known[old] = self._project
        return self._project


def vary(base: Reading, number: int, project: str, seed: int = SEED) -> Reading:
    """Make server number `number` from `base`, in project `project` (32 hex digits)."""
    variant = Variant(number, project, seed)
    variant.project_id(base.project_id)
    names = [base.resource_name, *(disk.name for disk in base.disks)]
    renamed = {
        old: variant.name if i == 0 else f"{variant.name}-disk{i}" for i, old in enumerate(names) if old
    }

    def fresh(old: str) -> str:
        for name, new in renamed.items():
            old = old.replace(f'"{name}"', f'"{new}"')
        return variant.text(old)

    def inside(body: str) -> str:
        """Vary an export record: its url is base64 over JSON that names the same ids."""
        record = json.loads(body)
        text = base64.b64decode(record["backup-record"]["backup_url"]).decode()
        return body.replace(
            record["backup-record"]["backup_url"], base64.b64encode(fresh(text).encode()).decode()
        )

    def document(old: Document) -> Document:
        vary_body = inside if old.name.startswith("export/") else fresh
        return replace(
            old,
            name=variant.text(old.name),
            path=variant.text(old.path),
            request_id=None if old.request_id is None else variant.text(old.request_id),
            read_at=variant.moment(old.read_at),
            body=vary_body(old.body.decode()).encode(),
        )

    def disk(old: Disk) -> Disk:
        return replace(old, volume_id=variant.text(old.volume_id), name=renamed.get(old.name, old.name))

    return replace(
        base,
        resource_id=variant.text(base.resource_id),
        resource_name=renamed.get(base.resource_name, base.resource_name),
        project_id=project,
        documents=tuple(map(document, base.documents)),
        unread=tuple(replace(u, name=variant.text(u.name), path=variant.text(u.path)) for u in base.unread),
        hidden=tuple(map(variant.text, base.hidden)),
        disks=tuple(map(disk, base.disks)),
        started_at=variant.moment(base.started_at),
        ended_at=variant.moment(base.ended_at),
    )
