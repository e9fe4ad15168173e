"""A bare RSGI callable that finds, opens and answers a masked body, and does nothing else: no sign-in, no routing, no rights.

`python -m bench.reading CONFIG PORT`. What it reaches is the ceiling of `bench.metadata` with the cache off.
"""

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.floor import serve


def application(config_file: Path) -> Callable[[Any, Any], Awaitable[None]]:
    from opencbr import wiring
    from opencbr.config import load
    from opencbr.keys.aead import bound_to, unseal
    from opencbr.keys.master_key import open_master_key
    from opencbr.keys.project_keys import Keys
    from opencbr.records.compression import load_dictionary
    from opencbr.records.metadata_query import MetadataQuery

    config = load(config_file, {})
    parts = wiring.build(config)
    reads = MetadataQuery(parts.database)
    keys = Keys(parts.database, open_master_key(parts.database, Path(config.keys.folder)), parts.clock)

    async def answer(scope: Any, protocol: Any) -> None:
        _, _, project_id, _, backup_id, _ = scope.path.split("/")
        row = reads.read_answer(project_id, backup_id, secrets=False)
        assert row is not None
        assert row.answer is not None
        assert row.key_id is not None
        key = keys.of(project_id, row.key_id)
        sealed = unseal(key.aead, row.answer, bound_to("answer", project_id, backup_id))
        body = load_dictionary(row.dictionary_id or "").decompress([sealed])[0]
        protocol.response_bytes(200, [("Content-Type", "application/json")], body)

    return answer


if __name__ == "__main__":
    serve("reading", partial(application, Path(sys.argv[1])), int(sys.argv[2]))
