"""What was written is what a restore gives back, through any chain of backups."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencbr.democloud.backup_store import CHUNK_BYTES, BackupStore
from opencbr.democloud.disks import Disks

_SIZE = 4 * CHUNK_BYTES + 7  # the last chunk is not a whole one
_WRITE = st.tuples(
    st.integers(0, _SIZE - 1), st.sampled_from([b"\0", b"x", b"yz" * 40]), st.integers(1, CHUNK_BYTES)
)


@settings(max_examples=40, deadline=None)
@given(
    rounds=st.lists(st.tuples(st.lists(_WRITE, max_size=3), st.booleans()), min_size=1, max_size=4),
    dirt=st.lists(_WRITE, max_size=2),
)
def test_every_backup_of_a_chain_gives_its_own_moment_back(
    rounds: list[tuple[list[tuple[int, bytes, int]], bool]], dirt: list[tuple[int, bytes, int]]
) -> None:
    with TemporaryDirectory() as folder:
        disks, chunks = Disks(Path(folder) / "disks"), BackupStore(Path(folder) / "chunks")
        disks.create("volume", _SIZE)
        moments: list[bytes] = []
        for number, (writes, incremental) in enumerate(rounds):
            _write(disks, "volume", writes)
            disks.duplicate("volume", "snapshot", _SIZE)
            parent = str(number - 1) if incremental and number else None
            chunks.keep(disks, "snapshot", str(number), parent)
            moments.append(disks.read("volume", 0, _SIZE))
        for number, moment in enumerate(moments):
            disks.create(f"target{number}", _SIZE)
            _write(disks, f"target{number}", dirt)
            chunks.restore(disks, str(number), f"target{number}")
            assert disks.read(f"target{number}", 0, _SIZE) == moment


def _write(disks: Disks, disk: str, writes: list[tuple[int, bytes, int]]) -> None:
    for offset, pattern, length in writes:
        data = (pattern * length)[:length]
        disks.write(disk, offset, data[: _SIZE - offset])


def test_an_incremental_keeps_only_what_changed(tmp_path: Path) -> None:
    disks, chunks = Disks(tmp_path / "disks"), BackupStore(tmp_path / "chunks")
    disks.create("volume", 1 << 30)
    for chunk in range(10):
        disks.write("volume", chunk * 7 * CHUNK_BYTES, b"data" * 1000)
    assert chunks.keep(disks, "volume", "full", None)[0] == 10
    disks.write("volume", 3 * 7 * CHUNK_BYTES, b"new")
    assert chunks.keep(disks, "volume", "incremental", "full")[0] == 1
    assert chunks.keep(disks, "volume", "same", "incremental") == (0, 0)


def test_a_large_disk_takes_no_room_for_its_zeros(tmp_path: Path) -> None:
    disks = Disks(tmp_path / "disks")
    disks.create("volume", 1 << 40)
    disks.write("volume", 1 << 39, b"in the middle")
    disks.duplicate("volume", "duplicate", 1 << 40)
    assert disks.read("duplicate", 1 << 39, 13) == b"in the middle"
    assert disks.size_bytes("duplicate") == 1 << 40
    assert disks.used_bytes("duplicate") < 1 << 20


def test_a_damaged_chunk_is_noticed(tmp_path: Path) -> None:
    disks, chunks = Disks(tmp_path / "disks"), BackupStore(tmp_path / "chunks")
    disks.create("volume", CHUNK_BYTES)
    disks.write("volume", 0, b"right")
    chunks.keep(disks, "volume", "one", None)
    disks.write("volume", 0, b"wrong")
    chunks.keep(disks, "volume", "two", None)
    (tmp_path / "chunks" / "two" / "0").replace(tmp_path / "chunks" / "one" / "0")
    with pytest.raises(ValueError, match="chunk 0 of backup one is damaged"):
        chunks.restore(disks, "one", "volume")


def test_a_write_over_the_end_is_refused(tmp_path: Path) -> None:
    disks = Disks(tmp_path / "disks")
    disks.create("volume", 100)
    with pytest.raises(ValueError, match="do not fit"):
        disks.write("volume", 99, b"xy")
