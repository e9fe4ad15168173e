"""Bytes of a record beside the raw bytes of its documents: captured bodies, varied honestly (`bench/vary.py` has the generator and its seed)."""

import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select

from bench.filled import fill
from opencbr.store.database import Database
from opencbr.store.tables import record

COUNT = 400


def main(count: int = COUNT) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.db")
        database.upgrade()
        start = time.perf_counter()
        _, ids, raw = fill(database, Path(folder) / "keys", "a" * 32, count)
        took = time.perf_counter() - start
        with database.read() as conn:
            parts = [
                func.avg(func.length(column))
                for column in (record.c.answer, record.c.secrets, record.c.documents)
            ]
            answer, secrets, documents = conn.execute(select(*parts)).one()
        database.dispose()
    stored = answer + secrets + documents
    return [
        f"{count} records: raw {raw / len(ids):,.0f} B, stored {stored:,.0f} B (answer {answer:,.0f}, secrets {secrets:,.0f}, documents {documents:,.0f})",
        f"stored / raw = 1/{raw / len(ids) / stored:.1f}; written in {took / len(ids) * 1000:.1f} ms each, transactions included",
    ]


if __name__ == "__main__":
    print("\n".join(main()))
