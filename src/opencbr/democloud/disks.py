"""The bytes of volumes and snapshots: sparse files that are read and written in place."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

GIB = 1 << 30
_CHUNK_BYTES = 4 << 20


class Disks:
    """Files of raw bytes in one folder, by the id of the volume or snapshot they belong to.

    Ids are made by the cloud itself (UUIDs) and never taken from a request without a look-up before.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, id_: str) -> Path:
        """Return where the bytes of `id_` lie."""
        return self._folder / f"{id_}.raw"

    def create(self, id_: str, size_bytes: int) -> None:
        """Make `id_` a disk of `size_bytes` zeros, or grow it to that size."""
        with self.file(id_).open("ab") as out:
            out.truncate(size_bytes)

    def duplicate(self, source: str, target: str, size_bytes: int) -> None:
        """Make `target` a disk of `size_bytes` with the bytes of `source`; holes stay holes."""
        partial = self.file(target).with_suffix(".partial")
        with self.file(source).open("rb") as old, partial.open("wb") as new:
            _copy(old, new)
            new.truncate(size_bytes)
        partial.replace(self.file(target))

    def overwrite(self, source: str, target: str) -> None:
        """Put all bytes of `source`, zeros too, at the beginning of `target`; raises ValueError when they do not fit."""
        size, whole = self.size_bytes(source), self.size_bytes(target)
        if size > whole:
            raise ValueError(f"{size} bytes of {source} do not fit into disk {target}")
        partial = self.file(target).with_suffix(".partial")
        with (
            self.file(source).open("rb") as first,
            self.file(target).open("rb") as rest,
            partial.open("wb") as new,
        ):
            _copy(first, new)
            _copy(rest, new, since=size)
            new.truncate(whole)
        partial.replace(self.file(target))

    def read(self, id_: str, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset` on, fewer at the end of the disk."""
        with self.file(id_).open("rb") as disk:
            disk.seek(offset)
            return disk.read(length)

    def write(self, id_: str, offset: int, data: bytes) -> None:
        """Put `data` at `offset`; raises ValueError when it would reach over the end."""
        with self.file(id_).open("r+b") as disk:
            if offset < 0 or offset + len(data) > os.fstat(disk.fileno()).st_size:
                raise ValueError(f"{len(data)} bytes at {offset} do not fit into disk {id_}")
            disk.seek(offset)
            disk.write(data)

    def used_bytes(self, id_: str) -> int:
        """Return how many bytes of the disk are allocated."""
        with self.file(id_).open("rb") as disk:
            return sum(end - start for start, end in extents(disk.fileno()))

    def size_bytes(self, id_: str) -> int:
        """Return the size of the disk as its guest sees it."""
        return self.file(id_).stat().st_size

    def sha256(self, id_: str) -> str:
        """Return a digest of the size and all bytes; holes and written zeros are alike."""
        digest = hashlib.sha256(str(self.size_bytes(id_)).encode())
        block = 1 << 16
        with self.file(id_).open("rb") as disk:
            done = 0  # two extents may lie in one block
            for start, end in extents(disk.fileno()):
                for at in range(max(start // block * block, done), end, block):
                    done = at + block
                    disk.seek(at)
                    data = disk.read(block)
                    if data.strip(b"\0"):
                        digest.update(at.to_bytes(8) + data)
        return digest.hexdigest()

    def remove(self, id_: str) -> None:
        """Forget the bytes; nothing happens when there are none."""
        self.file(id_).unlink(missing_ok=True)

    def keep_only(self, ids: set[str]) -> None:
        """Remove every file that belongs to none of `ids`."""
        for file in self._folder.iterdir():
            if file.suffix != ".raw" or file.stem not in ids:
                file.unlink()


def _copy(old: BinaryIO, new: BinaryIO, since: int = 0) -> None:
    """Copy what is allocated of a file, from an offset on, to the same places of another."""
    for start, end in extents(old.fileno()):
        begin = max(start, since)
        old.seek(begin)
        new.seek(begin)
        new.writelines(old.read(min(_CHUNK_BYTES, end - at)) for at in range(begin, end, _CHUNK_BYTES))


def extents(descriptor: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every allocated stretch of an open file, in order."""
    size = os.fstat(descriptor).st_size
    position = 0
    while position < size:
        try:
            start = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError:  # ENXIO: no data up to the end
            return
        position = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, position
