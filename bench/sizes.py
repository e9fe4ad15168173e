"""What an installation of so many servers takes: upstream calls, memory, database, after all were backed up at once.

`python -m bench sizes` takes 10 and 100 servers, `python -m bench.sizes 1000` any number. The servers are the embedded cloud's:
two disks and a port each, in one project, all asked for together; one server process and one worker, on SQLite, polling as shipped.
"""

import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import yaml

from bench.api_server import ApiServer, configure, processes, run
from bench.load import free_port
from bench.memory import tree
from bench.metadata import sign_in
from opencbr.democloud.backend import Backend
from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.network.ports import bind_port, make_port
from opencbr.democloud.seed.servers import make_server
from opencbr.democloud.state import Doc
from opencbr.democloud.timing import Timing
from opencbr.democloud.volume.status import set_status
from opencbr.democloud.volume.types import default_type
from opencbr.democloud.volume.volumes import make_volume

COUNTS = (10, 100)
IN_A_VAULT = 20
"""A request that binds more of the embedded cloud's servers at once may take longer than its deadline."""
BILLING = {
    "object_type": "server",
    "protect_type": "backup",
    "consistent_level": "crash_consistent",
    "size": 100_000,
}


def main(counts: tuple[int, ...] = COUNTS) -> list[str]:
    return list(table(counts))


def table(counts: tuple[int, ...]) -> Iterator[str]:
    yield "| servers | seconds | calls | of them polls | a server | worker's peak | server's | database | journal |"
    yield "| ---: |" + " ---: |" * 8
    for count in counts:
        yield measured(count)


def measured(count: int) -> str:
    timing = Timing(seconds=0.5, backup_seconds=5.0, seconds_per_gib=0.0)
    with tempfile.TemporaryDirectory() as name, DemoCloud(Path(name) / "cloud", timing=timing) as cloud:
        folder, clouds_file = Path(name), Path(name) / "clouds.yaml"
        clouds_file.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        token, project_id = sign_in(cloud)
        servers = make_servers(cloud.backend, cloud.account("demo"), count)
        port = free_port()
        config = configure(folder, cloud="opencbr", clouds_file=str(clouds_file), port=port)
        run(config, "db", "upgrade")
        with processes(config, "serve", "worker") as (serve, worker):
            served = ApiServer(folder, port, project_id, token)
            wait_for(lambda: answers(served))
            vaults = [make_vault(served, servers[at : at + IN_A_VAULT]) for at in range(0, count, IN_A_VAULT)]
            cloud.calls.clear()
            began = time.monotonic()
            for vault in vaults:
                served.call("POST", "checkpoints", {"checkpoint": {"vault_id": vault}})
            wait_for(lambda: asked(folder, "SELECT count(*) FROM operation_log WHERE ended_at IS NULL") == 0)
            seconds = time.monotonic() - began
            failed = asked(folder, "SELECT count(*) FROM operation_log WHERE status <> 'success'")
            if failed:
                raise RuntimeError(f"{failed} of {count} backups failed")
            calls = cloud.calls.find()
            peaks = [
                sum(peak(pid) for pid in tree(one.pid) if Path(f"/proc/{pid}").exists())
                for one in (worker, serve)
            ]
        sizes = [
            sum(file.stat().st_size for file in folder.glob(f"opencbr.db{end}")) for end in ("", ".jobs")
        ]
    polls = sum(is_poll(call.method, call.path, call.query) for call in calls)
    return (
        f"| {count:,} | {seconds:.0f} | {len(calls):,} | {polls:,} | {len(calls) / count:.1f} | {peaks[0]} MB | {peaks[1]} MB | "
        f"{sizes[0] / 1e6:.1f} MB | {sizes[1] / 1e6:.1f} MB |"
    )


def is_poll(method: str, path: str, query: str) -> bool:
    """Say whether a call only looks whether something has ended: one object by its id, or all of a project in a list."""
    shown = re.search(r"/(snapshots|backups)/[0-9a-f-]{36}$", path)
    listed = re.search(r"/(snapshots|backups)(/detail)?$", path) and "name=" not in query
    return method == "GET" and bool(shown or listed)


def make_servers(backend: Backend, owner: Doc, count: int) -> list[str]:
    with backend.state.change():
        backend.state.put("quota", {"id": owner["project_id"], "snapshots": -1, "backups": -1, "volumes": -1})
        net = backend.state.find("network", name="demo-net")
        back = backend.state.find("network", name="demo-back")
        assert net is not None
        assert back is not None
        return [make_one(backend, owner, net if number < 200 else back, number) for number in range(count)]


def make_one(backend: Backend, owner: Doc, net: Doc, number: int) -> str:
    disks = []
    for disk in ("root", "data"):
        volume = make_volume(
            backend,
            project_id=owner["project_id"],
            user_id=owner["user_id"],
            size=1,
            volume_type=default_type(backend.state),
            name=f"vm{number}-{disk}",
            bootable="true" if disk == "root" else "false",
        )
        disks.append(set_status(backend, "volume", volume["id"], "available") or volume)
    server = make_server(backend, owner, f"vm{number}", image=None, disks=disks)
    # A network of the demo has room for two hundred addresses: beyond that, servers without a port of their own.
    if number < 400:
        bind_port(backend, make_port(backend, owner["project_id"], net, groups=[]), server["id"], 1)
    return str(server["id"])


def make_vault(served: ApiServer, servers: list[str]) -> str:
    resources = [{"id": server, "type": "OS::Nova::Server"} for server in servers]
    body = {"vault": {"name": "sizes", "resources": resources, "billing": BILLING}}
    return str(served.call("POST", "vaults", body)["vault"]["id"])


def answers(served: ApiServer) -> bool:
    try:
        return "vaults" in served.call("GET", "vaults?limit=1")
    except OSError:
        return False


def wait_for(look, seconds: float = 7200) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise RuntimeError("it did not come to its end")
        time.sleep(0.5)


def asked(folder: Path, query: str) -> int:
    with closing(sqlite3.connect(folder / "opencbr.db", timeout=60)) as database:
        return int(database.execute(query).fetchone()[0])


def peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024


if __name__ == "__main__":
    for line in table(tuple(map(int, sys.argv[1:])) or COUNTS):
        print(line, flush=True)
