"""Make the record dictionary: `python -m bench.train_dictionary` (needs `pip install backports.zstd`, which can finalize one).

Its content is whole records: one of each shape among the captures of the real cloud (`bench/data/openstack-*.json`), in the form
in which a record is compressed. Its statistics come from more of them. All are varied with a seed of their own, so that no id,
address, time, name or secret of a capture is in it, and none that the other benches use. A dictionary that ships never changes: a
better one gets a new id (`opencbr.records.compression.CURRENT`).
"""

import hashlib
import random
import sys
from pathlib import Path

from backports import zstd

from bench.filled import readings, rows, split
from opencbr.model.backup_member import backup_member
from opencbr.model.document import Reading
from opencbr.model.ids import new_id
from opencbr.records.build import Kept, Place, compose
from opencbr.records.codec import SALT_BYTES, texts_of
from opencbr.records.drafts import as_reading

ASSET = Path(__file__).parents[1] / "src/opencbr/records/assets/record-1.zdict"
SEED = 1
MOST = 192 * 1024
LEVEL = 19
SHAPES = ("disk", "unicode", "image-booted", "db1", "large")  # the most telling last: near matches cost least
VARIANTS = 40


def texts(reading: Reading, number: int) -> tuple[bytes, bytes, bytes]:
    salt = random.Random(f"{SEED}/{number}").randbytes(SALT_BYTES)
    top, children = rows(reading, number, new_id(reading.ended_at), new_id(reading.ended_at))
    before, exports = split(reading)
    composed = compose(
        top,
        children,
        Kept(before, before, as_reading(reading.project_id, top.id, exports)),
        backups_member=backup_member(top),
        fingerprint=lambda value: hashlib.sha256(salt + value).hexdigest()[:16],
        place=Place(
            closed_at=reading.ended_at,
            salt=salt,
            signer="0" * 64,
            sequence=1,
            previous=None,
        ),
    )
    return texts_of(composed)


def main() -> None:
    if ASSET.exists():
        sys.exit(f"{ASSET} exists: a dictionary that shipped never changes; give the new one a new name")
    content = b""
    samples: list[bytes] = []
    for shape in SHAPES:
        project_id = f"{random.Random(shape).getrandbits(128):032x}"
        first, *others = (
            texts(reading, number)
            for number, reading in enumerate(readings(VARIANTS, project_id, [f"openstack-{shape}"], SEED))
        )
        content += b"".join(first)
        samples += [text for other in others for text in other]
    made = zstd.finalize_dict(zstd.ZstdDict(content, is_raw=True), samples, MOST, LEVEL).dict_content
    ASSET.write_bytes(made)
    print(f"{ASSET.name}: {len(made)} bytes")


if __name__ == "__main__":
    main()
