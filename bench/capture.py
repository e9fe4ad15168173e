"""Write a real server's or disk's reading to a file that the other benches vary: `python -m bench.capture CLOUD SERVER_ID PROJECT_ID FILE`.

CLOUD is the service user's entry in clouds.yaml. The committed files in `bench/data/` were made so, from a test cloud without secrets.
"""

import base64
import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from opencbr.clock import SystemClock
from opencbr.cloud.capture import read_server
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.model.document import Disk, Document, Reading, Unread

DATA = Path(__file__).parent / "data"


def dump(reading: Reading) -> str:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, bytes):
            try:
                return {"text": value.decode()}
            except UnicodeDecodeError:
                return {"base64": base64.b64encode(value).decode()}
        raise TypeError(value)

    return json.dumps(asdict(reading), default=plain, indent=1, ensure_ascii=False)


def load(path: Path) -> Reading:
    raw = json.loads(path.read_text())

    def times(row: dict[str, Any]) -> dict[str, Any]:
        return {k: datetime.fromisoformat(v) if k.endswith("_at") else v for k, v in row.items()}

    def body(value: dict[str, str]) -> bytes:
        return value["text"].encode() if "text" in value else base64.b64decode(value["base64"])

    raw = times(raw)
    raw["documents"] = tuple(Document(**times({**d, "body": body(d["body"])})) for d in raw["documents"])
    raw["unread"] = tuple(Unread(**times(u)) for u in raw["unread"])
    raw["disks"] = tuple(Disk(**d) for d in raw["disks"])
    return Reading(**{k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()})


def bases() -> dict[str, Reading]:
    """All committed readings by name."""
    return {path.stem: load(path) for path in sorted(DATA.glob("*.json"))}


def main(cloud: str, server_id: str, project_id: str, file: str) -> None:
    clock = SystemClock()
    reader = Cloud(CloudSettings(cloud=cloud), clock).reader()
    reading = read_server(
        reader,
        server_id=server_id,
        project_id=project_id,
        exclude=frozenset(),
        include=frozenset(),
        clock=clock,
    )
    Path(file).write_text(dump(reading))
    raw = sum(len(d.body) for d in reading.documents)
    print(
        f"{len(reading.documents)} documents, {raw} bytes, {len(reading.disks)} disks, {(reading.ended_at - reading.started_at).total_seconds():.2f} s"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
