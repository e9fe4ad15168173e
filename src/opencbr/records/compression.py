"""Compression with a dictionary that knows how OpenStack writes.

The dictionary ships as an asset, is made of whole sample records (bench/train_dictionary.py), and has an id that every
record names; a new one gets a new id, an old one stays for ever.

The texts of a record are one zstd frame, cut after each text: a later text refers to an earlier one for a byte or two. The
first pieces can be read without the ones behind them, and the frequent reader needs no more than the first.
"""

import struct
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib import resources

import zstandard

CURRENT = "record-1"
_EARLIER: tuple[str, ...] = ()

_LAST_BLOCK = b"\x01\x00\x00"
"""Ends a frame: a raw block of size 0 that is the last one (RFC 8878, 3.1.1.2)."""
_SIZE = struct.Struct(">I")

_LARGE = 256 * 1024
"""Bytes of all texts together, more than usual records have; a security group of 20,000 rules has fifty times as many."""


class Dictionary:
    """One dictionary, for compressing and decompressing. Thread-safe."""

    def __init__(self, dictionary_id: str, content: bytes) -> None:
        self.id = dictionary_id
        self._bytes = content
        self._content = zstandard.ZstdCompressionDict(content)
        # As thorough as zstd can be: texts are tens of kilobytes, written once, and long matches are all there is.
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
        # The thorough search takes more than a second for each megabyte, and saves an eighth of what this one leaves.
        self._how_large = zstandard.ZstdCompressionParameters.from_level(
            9, window_log=self._how.window_log, write_content_size=False
        )
        self._readers: list[zstandard.ZstdDecompressor] = []

    @cached_property
    def _prepared(self) -> zstandard.ZstdCompressionDict:
        """The dictionary with its search tables made once: a process that only reads never pays for them."""
        prepared = zstandard.ZstdCompressionDict(self._bytes)
        prepared.precompute_compress(compression_params=self._how)
        return prepared

    def compress(self, texts: Sequence[bytes]) -> list[bytes]:
        """Compress texts into one frame and cut it after each; a piece begins with the size of its text."""
        is_large = sum(map(len, texts)) > _LARGE
        how, content = (self._how_large, self._content) if is_large else (self._how, self._prepared)
        frame = zstandard.ZstdCompressor(compression_params=how, dict_data=content).compressobj()
        return [
            _SIZE.pack(len(text)) + frame.compress(text) + frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
            for text in texts
        ]

    def decompress(self, pieces: Sequence[bytes]) -> list[bytes]:
        """Give back the texts of the first pieces of a frame. Raises ValueError for what is none."""
        try:
            sizes = [_SIZE.unpack_from(piece)[0] for piece in pieces]
            frame = b"".join([piece[_SIZE.size :] for piece in pieces]) + _LAST_BLOCK
            text = self._read(frame, sum(sizes))
        except (zstandard.ZstdError, struct.error) as error:
            raise ValueError("not compressed with this dictionary") from error
        texts = []
        start = 0
        for size in sizes:
            texts.append(text[start : start + size])
            start += size
        if start != len(text):
            raise ValueError("a text has another size than its piece says")
        return texts

    def _read(self, frame: bytes, size: int) -> bytes:
        # What was used last is warm in the processor's cache: a stack serves better than a reader for each thread.
        try:
            reader = self._readers.pop()
        except IndexError:
            reader = zstandard.ZstdDecompressor(dict_data=self._content)
        text = reader.decompress(frame, max_output_size=size)
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
