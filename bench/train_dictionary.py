"""Make the record dictionary: `python -m bench.train_dictionary` (needs `pip install backports.zstd`, which can finalize one).

Its content is whole records: one of each shape among the captures of the real cloud (`bench/data/openstack-*.json`), in the form
in which a record is compressed, without what is sealed in the answer. Its statistics come from more of them. All are varied with
a seed of their own, so that no id, address, time, name or secret of a capture is in it, and none that the other benches use. A
dictionary that ships never changes: a better one gets a new id (`opencbr.records.compression.CURRENT`).
"""

import random
import sys
from pathlib import Path

from backports import zstd

from bench.filled import parted, readings, rows
from opencbr.model.backup_member import backup_member
from opencbr.model.document import Reading
from opencbr.model.ids import new_id
from opencbr.records.build import Kept, Place, compose
from opencbr.records.codec import Streams, streams_of
from opencbr.records.drafts import as_reading

ASSET = Path(__file__).parents[1] / "src/opencbr/records/assets/record-1.zdict"
SEED = 1
MOST = 128 * 1024
LEVEL = 19
SHAPES = ("disk", "unicode", "image-booted", "db1", "large")  # the most telling last: near matches cost least
VARIANTS = 40


def streams(reading: Reading, number: int) -> Streams:
    chance = random.Random(f"{SEED}/{number}")
    top, disks = rows(reading, number, new_id(reading.ended_at), new_id(reading.ended_at))
    before, exports = parted(reading)
    composed = compose(
        top,
        disks,
        Kept(before, before, as_reading(reading.project_id, top.id, exports)),
        backups_member=backup_member(top),
        fingerprint=lambda _value: f"{chance.getrandbits(64):016x}",
        place=Place(
            closed_at=reading.ended_at, salt=chance.randbytes(32), signer="0" * 64, sequence=1, previous=None
        ),
    )
    return streams_of(composed)


def main() -> None:
    if ASSET.exists():
        sys.exit(f"{ASSET} exists: a dictionary that shipped never changes; give the new one a new name")
    content = b""
    samples: list[bytes] = []
    for shape in SHAPES:
        first, *others = (
            streams(reading, number)
            for number, reading in enumerate(
                readings(
                    VARIANTS, f"{random.Random(shape).getrandbits(128):032x}", [f"openstack-{shape}"], SEED
                )
            )
        )
        content += (
            first.shown + first.secrets.words + first.documents.places + first.documents.words + first.answer
        )
        for other in others:
            samples += [other.answer, other.documents.words, other.documents.places, other.shown]
            samples += [other.secrets.words, other.secrets.places]
    made = zstd.finalize_dict(zstd.ZstdDict(content, is_raw=True), samples, MOST, LEVEL).dict_content
    ASSET.write_bytes(made)
    print(f"{ASSET.name}: {len(made)} bytes")


if __name__ == "__main__":
    main()
