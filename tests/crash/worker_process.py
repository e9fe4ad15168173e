"""A real worker in a process of its own, to be killed.

usage: worker_process.py DATABASE_URL FOLDER IDENTITY; FOLDER has clouds.yaml and keys/. Says "up" on a line when it works.
"""

import sys
import threading
from pathlib import Path

from opencbr.clock import SystemClock
from opencbr.jobs.worker import LeaseLost, Worker
from opencbr.store.database import Database
from opencbr.store.records import open_records
from support.yard import QUICK, open_cloud


def main() -> int:
    url, folder, identity = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    database, clock = Database(url), SystemClock()
    worker = Worker(
        database=database,
        cloud=open_cloud(folder / "clouds.yaml"),
        records=open_records(database, folder / "keys", clock),
        clock=clock,
        settings=QUICK,
        identity=identity,
    )
    threading.Timer(0.0, lambda: print("up", flush=True)).start()
    try:
        worker.run_forever()
    except LeaseLost as lost:
        print(lost, file=sys.stderr, flush=True)
        return 75
    return 0


sys.exit(main())
