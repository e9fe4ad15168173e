"""`make bench`: every measurement, one table each. `python -m bench record metadata lists backup restore plan` chooses."""

import sys
from collections.abc import Callable

from bench.load import Missing


def chosen() -> dict[str, Callable[[], list[str]]]:
    from bench import (
        backup_calls,
        backup_time,
        firing,
        installation,
        lists,
        memory,
        metadata,
        month,
        pages,
        plan,
        record_size,
        restore_time,
    )

    return {
        "record": record_size.main,
        "metadata": metadata.main,
        "lists": lists.main,
        "installation": installation.main,
        "firing": firing.main,
        "month": month.main,
        "calls": backup_calls.main,
        "plan": plan.main,
        "memory": memory.main,
        "pages": pages.main,
        "backup": backup_time.main,
        "restore": restore_time.main,
    }


TITLES = {
    "record": "Size of a record",
    "metadata": "ShowMetadata",
    "lists": "Lists of a project with many backups",
    "installation": "Lists of one project among many",
    "firing": "A policy that is due for a thousand servers",
    "month": "A month of nightly policies",
    "calls": "Upstream calls of a backup",
    "plan": "Upstream calls and time of a restore plan",
    "memory": "Memory of the demo at rest",
    "pages": "Pages of the console beside the calls that they show",
    "backup": "Time of a server backup on a real OpenStack",
    "restore": "Time of a server restore on a real OpenStack",
}

if __name__ == "__main__":
    benches = chosen()
    wanted = sys.argv[1:] or list(benches)
    if unknown := set(wanted) - set(benches):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(benches)}")
    for name in wanted:
        print(f"\n## {TITLES[name]}\n", flush=True)
        try:
            print("\n".join(benches[name]()), flush=True)
        except Missing as missing:
            print(f"NOT MEASURED: {missing}", flush=True)
