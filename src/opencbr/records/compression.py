"""Compression with a dictionary that knows how OpenStack writes.

The dictionary ships as an asset, is made of whole sample records (bench/train_dictionary.py), and has an id that every
record names; a new one gets a new id, an old one stays for ever.

The parts of a record are one zstd stream, cut after each part: a later part refers to texts of the earlier ones for a byte or
two. The first parts, with an empty last block behind them, are a whole frame: the frequent reader needs no more.
"""

import struct
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib import resources

import zstandard

CURRENT = "record-1"
_EARLIER: tuple[str, ...] = ()

_LAST_BLOCK = b"\x01\x00\x00"  # RFC 8878, 3.1.1.2: last, raw, of size 0
SIZED = 2
"""How many parts a hurried reader may want: no more than the answer and what is sealed in it."""
_SIZE = struct.Struct(">I")


class Dictionary:
    """One dictionary, for compressing and decompressing. Thread-safe."""

    def __init__(self, dictionary_id: str, content: bytes) -> None:
        self.id = dictionary_id
        self._bytes = content
        self._content = zstandard.ZstdCompressionDict(content)
        # As thorough as zstd can be: parts are tens of kilobytes, written once, and long matches are all there is.
        self._how = zstandard.ZstdCompressionParameters.from_level(
            22,
            source_size=1 << 15,
            dict_size=len(content),
            strategy=zstandard.STRATEGY_BTULTRA2,
            window_log=18,
            hash_log=17,
            chain_log=18,
            search_log=10,
            min_match=3,
            target_length=999,
            write_content_size=False,
        )
        self._readers: list[zstandard.ZstdDecompressor] = []

    @cached_property
    def _prepared(self) -> zstandard.ZstdCompressionDict:
        """The dictionary with its search tables made once: a process that only reads never pays for them."""
        prepared = zstandard.ZstdCompressionDict(self._bytes)
        prepared.precompute_compress(compression_params=self._how)
        return prepared

    def compress(self, parts: Sequence[bytes]) -> list[bytes]:
        """Compress parts into one stream and cut it after each. The first SIZED pieces have their part's size in front."""
        stream = zstandard.ZstdCompressor(
            compression_params=self._how, dict_data=self._prepared
        ).compressobj()
        pieces = [stream.compress(part) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for part in parts]
        sized = [_SIZE.pack(len(part)) + piece for part, piece in zip(parts[:SIZED], pieces, strict=False)]
        return sized + pieces[SIZED:]

    def first(self, piece: bytes) -> bytes:
        """Decompress the first part: this is what ShowMetadata waits for.

        Raises zstandard.ZstdError or struct.error for what is none.
        """
        return self._read(piece[_SIZE.size :] + _LAST_BLOCK, _SIZE.unpack_from(piece)[0])

    def first_two(self, one: bytes, two: bytes) -> tuple[bytes, bytes]:
        """Decompress the first two parts in one call; raises as `first` does."""
        length = _SIZE.unpack_from(one)[0]
        data = one[_SIZE.size :] + two[_SIZE.size :] + _LAST_BLOCK
        text = self._read(data, length + _SIZE.unpack_from(two)[0])
        return text[:length], text[length:]

    def decompress(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Decompress all parts of a stream; raises as `first` does."""
        stream = zstandard.ZstdDecompressor(dict_data=self._content).decompressobj()
        sized = [piece[_SIZE.size :] for piece in pieces[:SIZED]]
        return [stream.decompress(piece) for piece in [*sized, *pieces[SIZED:]]]

    def _read(self, data: bytes, size: int) -> bytes:
        # What was used last is warm in the processor's cache: a stack serves better than a reader for each thread.
        try:
            reader = self._readers.pop()
        except IndexError:
            reader = zstandard.ZstdDecompressor(dict_data=self._content)
        text = reader.decompress(data, max_output_size=size)
        self._readers.append(reader)
        return text


@lru_cache
def load_dictionary(dictionary_id: str = CURRENT) -> Dictionary:
    """Load a dictionary that ships with the program. Raises LookupError for an id that does not."""
    shipped = {CURRENT, *_EARLIER}
    if dictionary_id not in shipped:  # it comes out of a row: not a path to follow
        raise LookupError(f"dictionary {dictionary_id[:40]!r} does not ship with this program")
    asset = resources.files("opencbr.records") / "assets" / f"{dictionary_id}.zdict"
    return Dictionary(dictionary_id, asset.read_bytes())
