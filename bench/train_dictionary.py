"""Train the record dictionary from sample bodies and nothing else: `python -m bench.train_dictionary`.

The samples are `tests/data/openstack/` (recorded from a test cloud), each varied by `bench.vary` so that ids, addresses, times and
names do not end up in the dictionary. Both forms in which a record holds bodies are trained: as they are, and escaped inside a
ShowMetadata answer. A dictionary that ships never changes: a better one gets a new id (`opencbr.store.dictionary.CURRENT`).
"""

import json
import sys
from pathlib import Path

import zstandard

from bench.vary import Variant

SAMPLES = Path(__file__).parents[1] / "tests/data/openstack"
ASSET = Path(__file__).parents[1] / "src/opencbr/store/assets/record-1.zdict"
SIZE = 48 * 1024
VARIANTS = 60
EMBEDDED = (
    "server-",
    "volume-root-3.0",
    "volume-data-3.0",
    "os-interface-2.1",
    "flavor-2.1",
    "ports-admin",
    "floatingips",
)


def samples() -> list[bytes]:
    texts = {path.stem: path.read_text() for path in sorted(SAMPLES.glob("*.json"))}
    found = []
    for number in range(VARIANTS):
        variant = Variant(number, f"{number:032x}", seed=1)
        for name, text in texts.items():
            varied = variant.text(text)
            found.append(varied.encode())
            if name.startswith(EMBEDDED):
                found.append(json.dumps(varied, ensure_ascii=False).encode())
    return found


def main() -> None:
    if ASSET.exists():
        sys.exit(f"{ASSET} exists: a dictionary that shipped never changes; give the new one a new name")
    trained = zstandard.train_dictionary(SIZE, samples(), level=12)
    ASSET.write_bytes(trained.as_bytes())
    print(f"{ASSET.name}: {len(trained.as_bytes())} bytes")


if __name__ == "__main__":
    main()
