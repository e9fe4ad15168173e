"""Compression with a dictionary that knows how OpenStack writes.

The dictionary ships as an asset, was trained on sample bodies only (bench/train_dictionary.py), and has an id that every
record names; a new one gets a new id, an old one stays for ever.

The parts of a record are one zstd stream, cut after each part: a later part refers to ids and texts of the earlier ones
for a byte or two. The first part, with an empty last block behind it, is a whole frame: the frequent reader needs no more.
"""

import struct
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import zstandard

CURRENT = "record-1"
LEVEL = 12

_LAST_BLOCK = b"\x01\x00\x00"  # RFC 8878, 3.1.1.2: last, raw, of size 0
_SIZE = struct.Struct(">I")


class Dictionary:
    """One dictionary, for compressing and decompressing. Thread-safe."""

    def __init__(self, dictionary_id: str, content: bytes) -> None:
        self.id = dictionary_id
        self._content = zstandard.ZstdCompressionDict(content)
        # Small windows and tables, thorough search: parts are tens of kilobytes, and written once.
        self._how = zstandard.ZstdCompressionParameters.from_level(
            LEVEL,
            source_size=1 << 15,
            dict_size=len(content),
            strategy=zstandard.STRATEGY_BTULTRA2,
            window_log=18,
            hash_log=16,
            chain_log=17,
            search_log=8,
            write_content_size=False,
        )
        self._here = threading.local()

    def compress(self, parts: Sequence[bytes]) -> list[bytes]:
        """Compress parts into one stream and cut it after each. Takes milliseconds."""
        stream = zstandard.ZstdCompressor(compression_params=self._how, dict_data=self._content).compressobj()
        return [
            _SIZE.pack(len(part)) + stream.compress(part) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
            for part in parts
        ]

    def first(self, piece: bytes) -> bytes:
        """Decompress the first part alone. Raises zstandard.ZstdError or struct.error for what is none."""
        (size,) = _SIZE.unpack_from(piece)
        return self._reader().decompress(piece[_SIZE.size :] + _LAST_BLOCK, max_output_size=size)

    def decompress(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Decompress the first parts of a stream, all from the beginning on; raises as `first` does."""
        stream = self._reader().decompressobj()
        parts = []
        for piece in pieces:
            (size,) = _SIZE.unpack_from(piece)
            part = stream.decompress(piece[_SIZE.size :])
            if len(part) != size:
                raise zstandard.ZstdError("a part has not the size it should have")
            parts.append(part)
        return parts

    def _reader(self) -> zstandard.ZstdDecompressor:
        reader: zstandard.ZstdDecompressor | None = getattr(self._here, "reader", None)
        if reader is None:
            reader = self._here.reader = zstandard.ZstdDecompressor(dict_data=self._content)
        return reader


@lru_cache
def load_dictionary(dictionary_id: str = CURRENT) -> Dictionary:
    """Load a dictionary that ships with the program. Raises FileNotFoundError for an id that does not."""
    asset = resources.files("opencbr.store") / "assets" / f"{dictionary_id}.zdict"
    return Dictionary(dictionary_id, asset.read_bytes())
