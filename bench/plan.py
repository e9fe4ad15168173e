"""The upstream calls of a restore plan, and its time over HTTP, of the demo's db1: three disks, two ports, a floating IP."""

import statistics
import time
from collections import Counter
from typing import Any

from bench.embedded_service import back_up, bind, embedded_service
from opencbr.democloud.cloud import DemoCloud

KINDS: dict[str, dict[str, Any]] = {"new_server": {"user_data": "drop"}, "new_volume": {}, "in_place": {}}
"""What is planned, and its mapping; what it leaves open is asked for all the same."""
_TIMES = 5


def main() -> list[str]:
    with embedded_service() as (cloud, served, server):
        back_up(served, bind(served, server))
        backup = str(served.call("GET", "backups")["backups"][0]["id"])
        return [_measured(cloud, served, backup, kind) for kind in KINDS]


def _measured(cloud: DemoCloud, served: Any, backup: str, kind: str) -> str:
    body = {"restore_plan": {"as": kind, "mapping": KINDS[kind]}}
    seconds = []
    for _ in range(_TIMES):
        cloud.calls.clear()
        began = time.perf_counter()
        plan = served.call("POST", f"backups/{backup}/restore-plans", body)["restore_plan"]
        seconds.append(time.perf_counter() - began)
    services = Counter(call.service for call in cloud.calls.find())
    told = ", ".join(f"{count} {service}" for service, count in services.most_common())
    return (
        f"{kind}: {sum(services.values())} calls ({told}), {len(plan['rows'])} rows, "
        f"median of {_TIMES}: {statistics.median(seconds):.3f} s"
    )


if __name__ == "__main__":
    print("\n".join(main()))
