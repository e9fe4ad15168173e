"""Write readings to files that the other benches vary.

`python -m bench.capture CLOUD server|disk ID PROJECT_ID FILE` reads a real cloud, where CLOUD is the service user's entry in
clouds.yaml; `python -m bench.capture embedded` reads the embedded one. The committed files in `bench/data/` were made so, from
test clouds without secrets.
"""

import base64
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from opencbr.clock import SystemClock
from opencbr.cloud.capture import read_disk, read_server
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.project import ProjectCloud
from opencbr.democloud.cloud import DemoCloud
from opencbr.model.document import Disk, Document, Reading, Unread
from opencbr.model.ids import new_id

DATA = Path(__file__).parent / "data"
EMBEDDED = {"db1": "db1", "web1": "web1", "café-文": "unicode"}


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


def capture(cloud: Cloud, what: str, resource_id: str, project_id: str, file: Path) -> None:
    clock = SystemClock()
    if what == "server":
        reading = read_server(
            cloud.reader(),
            server_id=resource_id,
            project_id=project_id,
            exclude=frozenset(),
            include=frozenset(),
            clock=clock,
        )
    else:
        reading = read_disk(cloud.reader(), volume_id=resource_id, project_id=project_id, clock=clock)
    exports = tuple(exported(cloud.project(project_id), disk.volume_id) for disk in reading.disks)
    reading = replace(reading, documents=reading.documents + exports)
    file.write_text(dump(reading))
    raw = sum(len(d.body) for d in reading.documents)
    print(f"{file.name}: {len(reading.documents)} documents, {raw} bytes, {len(reading.disks)} disks")


def exported(project: ProjectCloud, volume_id: str) -> Document:
    """Back a volume up as a backup job does, for Cinder's export record; leaves nothing behind."""
    name = f"opencbr-{new_id(SystemClock().now())}"
    snapshot = project.create_snapshot(volume_id, name, "opencbr")
    until(lambda: project.get_snapshot(snapshot.id).status == "available")
    backup = project.create_backup(volume_id, snapshot.id, name, "opencbr")
    until(lambda: project.get_backup(backup.id).status == "available")
    document = project.export_record(backup.id, f"export/{volume_id}")
    project.delete_backup(backup.id)
    until(lambda: project.find_backup(name, volume_id) is None)
    project.delete_snapshot(snapshot.id)
    return document


def until(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(0.2)


def embedded() -> None:
    """Write the readings of a fresh embedded cloud: its servers with volumes, and one disk."""
    with tempfile.TemporaryDirectory() as name:
        demo = DemoCloud(Path(name))
        demo.start()
        try:
            clouds = Path(name) / "clouds.yaml"
            clouds.write_text(yaml.safe_dump(demo.clouds_yaml()))
            cloud = Cloud(CloudSettings(cloud="opencbr", config_files=(str(clouds),)), SystemClock())
            project = demo.account("demo")["project_id"]
            servers = {row["name"]: row["id"] for row in demo.backend.state.all("server", project=project)}
            for server, file in EMBEDDED.items():
                capture(cloud, "server", servers[server], project, DATA / f"embedded-{file}.json")
            disk = demo.backend.state.find("volume", name="web1-data")["id"]
            capture(cloud, "disk", disk, project, DATA / "embedded-disk.json")
        finally:
            demo.stop()


def main(*words: str) -> None:
    if words == ("embedded",):
        embedded()
        return
    cloud, what, resource_id, project_id, file = words
    capture(Cloud(CloudSettings(cloud=cloud), SystemClock()), what, resource_id, project_id, Path(file))


if __name__ == "__main__":
    main(*sys.argv[1:])
