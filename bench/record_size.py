"""Bytes of a record beside the raw bytes of its documents: captured bodies, varied honestly (`bench/vary.py` has the generator and its seed).

Stored is all that a record's row holds beside ids: the three parts, and as proof its digest, signature, signer, sequence and the names of key and
dictionary. The link in the chain, which outlives the record, has two digests more. The dictionary was trained
on the real cloud's captures with other values (`bench/train_dictionary.py`); it never met the embedded cloud's.
"""

import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select

from bench.capture import bases
from bench.filled import fill, readings
from opencbr.model.document import Reading
from opencbr.store.database import Database
from opencbr.store.tables import record

EACH = 40
PROJECT = "a" * 32
PROOF = ("digest", "signature", "signer", "key_id", "dictionary_id")
SEQUENCE_BYTES = 4


def main(each: int = EACH) -> list[str]:
    names = list(bases())
    lines = [f"{each} variants of each of {len(names)} captures; bytes a record on average", HEAD]
    total: list[Reading] = []
    for name in names:
        found = readings(each, PROJECT, [name])
        total += found
        lines.append(_line(name, found))
    lines += [
        _line(
            f"all of the {kind} cloud",
            [
                r
                for n, name in enumerate(names)
                if name.startswith(prefix)
                for r in total[n * each : (n + 1) * each]
            ],
        )
        for kind, prefix in (("real", "openstack"), ("embedded", "embedded"))
    ]
    return [*lines, _line("all", total)]


HEAD = f"{'':28}{'raw':>8}{'answer':>8}{'secrets':>9}{'documents':>11}{'proof':>7}{'stored':>8}   raw / stored   CPU ms"


def _line(name: str, found: list[Reading]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.db")
        database.upgrade()
        start = time.process_time()
        fill(database, Path(folder) / "keys", PROJECT, found)
        took = time.process_time() - start
        columns = (record.c.answer, record.c.secrets, record.c.documents)
        with database.read() as conn:
            parts = [
                float(part)
                for part in conn.execute(select(*(func.avg(func.length(c)) for c in columns))).one()
            ]
            proof = float(
                conn.execute(
                    select(
                        func.avg(sum((func.length(record.c[name]) for name in PROOF), start=SEQUENCE_BYTES))
                    )
                ).scalar_one()
            )
        database.dispose()
    raw = sum(len(document.body) for reading in found for document in reading.documents) / len(found)
    stored = sum(parts) + proof
    answer, secrets, documents = parts
    return (
        f"{name:28}{raw:8,.0f}{answer:8,.0f}{secrets:9,.0f}{documents:11,.0f}{proof:7,.0f}{stored:8,.0f}"
        f"{raw / stored:15.1f}{took / len(found) * 1000:14.1f}"
    )


if __name__ == "__main__":
    print("\n".join(main()))
