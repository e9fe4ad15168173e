"""The bytes of backups: 1 MiB chunks, compressed, each a file; an incremental keeps only what changed.

A backup is a folder with `manifest.json` (size, parent, SHA-256 of every chunk that is not all zeros,
and which of them lie in this folder) and one file per stored chunk. A chunk missing from the digests is
all zeros; one that is not stored here lies in the parent, or in the parent's parent.
"""

import hashlib
import json
import shutil
from pathlib import Path

import zstandard

from opencbr.democloud.disks import Disks, extents
from opencbr.democloud.state import Doc

CHUNK_BYTES = 1 << 20


class BackupStore:
    """The backup store: folders below one folder, by backup id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, disks: Disks, source: str, backup: str, parent: str | None) -> tuple[int, int]:
        """Store the disk `source` as `backup`; return how many chunks were stored and their bytes.

        With a `parent` only chunks whose digest differs from the parent's are stored.
        """
        folder = self._folder / backup
        shutil.rmtree(folder, ignore_errors=True)  # left by a process that was killed in the middle
        folder.mkdir()
        before = self._manifest(parent)["digests"] if parent else {}
        digests: dict[str, str] = {}
        stored: list[str] = []
        weight = 0
        with disks.file(source).open("rb") as disk:
            for index in _allocated(disk.fileno()):
                disk.seek(index * CHUNK_BYTES)
                data = disk.read(CHUNK_BYTES)
                if not data.strip(b"\0"):
                    continue
                name = str(index)
                digests[name] = hashlib.sha256(data).hexdigest()
                if before.get(name) != digests[name]:
                    packed = zstandard.compress(data, 1)
                    (folder / name).write_bytes(packed)
                    stored.append(name)
                    weight += len(packed)
        manifest = {"size": disks.size_bytes(source), "parent": parent, "digests": digests, "stored": stored}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return len(stored), weight

    def used_bytes(self, backup: str) -> int:
        """Return how many bytes a restore of `backup` has to write."""
        return len(self._manifest(backup)["digests"]) * CHUNK_BYTES

    def restore(self, disks: Disks, backup: str, target: str) -> None:
        """Write `backup` over the disk `target`, which is at least as large; bytes behind its end stay.

        Raises ValueError when a stored chunk is not what its digest says.
        """
        chain = [self._manifest(backup) | {"id": backup}]
        while parent := chain[-1]["parent"]:
            chain.append(self._manifest(parent) | {"id": parent})
        digests = chain[0]["digests"]
        with disks.file(target).open("r+b") as disk:
            for index in _allocated(disk.fileno()):
                if str(index) not in digests and index * CHUNK_BYTES < chain[0]["size"]:
                    disk.seek(index * CHUNK_BYTES)
                    disk.write(bytes(min(CHUNK_BYTES, chain[0]["size"] - index * CHUNK_BYTES)))
            for name, digest in digests.items():
                holder = next(link["id"] for link in chain if name in link["stored"])
                data = zstandard.decompress((self._folder / holder / name).read_bytes())
                if hashlib.sha256(data).hexdigest() != digest:
                    raise ValueError(f"chunk {name} of backup {backup} is damaged")
                disk.seek(int(name) * CHUNK_BYTES)
                disk.write(data)

    def remove(self, backup: str) -> None:
        """Forget the bytes of `backup`; nothing happens when there are none."""
        shutil.rmtree(self._folder / backup, ignore_errors=True)

    def keep_only(self, ids: set[str]) -> None:
        """Remove every backup that is none of `ids`."""
        for folder in self._folder.iterdir():
            if folder.name not in ids:
                shutil.rmtree(folder)

    def _manifest(self, backup: str) -> Doc:
        doc: Doc = json.loads((self._folder / backup / "manifest.json").read_text())
        return doc


def _allocated(descriptor: int) -> list[int]:
    """Return the numbers of the chunks that hold allocated bytes, in order."""
    found: set[int] = set()
    for start, end in extents(descriptor):
        found.update(range(start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES + 1))
    return sorted(found)
