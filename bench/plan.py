"""The upstream calls of a restore plan, and its time over HTTP, of the demo's db1: three disks, two ports, a floating IP."""

import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from bench.api_server import running
from bench.metadata import sign_in
from opencbr.democloud.cloud import DemoCloud

KINDS: dict[str, dict[str, Any]] = {"new_server": {"user_data": "drop"}, "new_volume": {}, "in_place": {}}
"""What is planned, and its mapping; what it leaves open is asked for all the same."""
_TIMES = 5


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with DemoCloud(folder / "cloud") as cloud:
            clouds_file = folder / "clouds.yaml"
            clouds_file.write_text(yaml.safe_dump(cloud.clouds_yaml()))
            token, project_id = sign_in(cloud)
            import openstack

            tenant = openstack.connect(**cloud.clouds_yaml()["clouds"]["demo-admin"])
            server = tenant.compute.find_server("db1", ignore_missing=False).id
            with running(
                folder, cloud="opencbr", clouds_file=str(clouds_file), project_id=project_id, token=token
            ) as served:
                backup = _backed_up(served, server)
                return [_measured(cloud, served, backup, kind) for kind in KINDS]


def _backed_up(served: Any, server: str) -> str:
    billing = {"object_type": "server", "protect_type": "backup", "consistent_level": "crash_consistent"}
    resources = [{"id": server, "type": "OS::Nova::Server"}]
    body = {"vault": {"name": "bench", "resources": resources, "billing": billing | {"size": 1000}}}
    vault = served.call("POST", "vaults", body)["vault"]["id"]
    made = served.call("POST", "checkpoints", {"checkpoint": {"vault_id": vault}})["checkpoint"]["id"]
    served.poll(f"checkpoints/{made}", lambda c: c["checkpoint"]["status"] in {"available", "error"})
    return str(served.call("GET", "backups")["backups"][0]["id"])


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
