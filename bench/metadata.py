"""ShowMetadata beside a bare callable on the same server that answers a constant body of the same size.

One server process on one core, wrk on the other (32 connections); sign-in is checked on every request (a Keystone token of the embedded cloud,
remembered as configured), 2,000 different backups are visited at random. A member's masked view with the answer cache off and on, on SQLite, and on
PostgreSQL where its binaries are installed; an admin's verbatim view, which writes an audit line for every answer; and the reading alone
(`bench/reading.py`), which is the ceiling with the cache off. Where OPENCBR_TEST_CLOUDS names a real OpenStack, Cinder's `GET /backups/{id}` there is
measured too, with 8 connections.
"""

import os
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import yaml
from sqlalchemy import select, text

from bench.api_server import PROGRAM, configure
from bench.filled import fill, readings
from bench.load import Missing, Target, free_port, interleaved, wrk
from opencbr.democloud.cloud import DemoCloud
from opencbr.store import tables
from opencbr.store.database import Database

BACKUPS = int(os.environ.get("OPENCBR_BENCH_BACKUPS", "2000"))


def constant(size: int) -> list[str]:
    return [sys.executable, "-m", "bench.floor", str(size)]


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        cloud = DemoCloud(folder / "cloud")
        cloud.start()
        stack.callback(cloud.stop)
        (folder / "clouds.yaml").write_text(yaml.safe_dump(cloud.clouds_yaml()))
        admin, project_id = sign_in(cloud, "demo-admin")
        member, _ = sign_in(cloud, "demo")
        sqlite = f"sqlite:///{folder}/bench.db"
        paths = [f"/v3/{project_id}/backups/{one}/metadata" for one in filled(sqlite, folder, project_id)]

        def served(kind: str, url: str, token: str, *, cache: bool) -> Target:
            port = free_port()
            config = configured(folder / f"{port}", folder, url, port, cache=cache)
            command = [*PROGRAM, "--config", str(config), "serve"]
            return Target(
                f"{kind}, cache {'on' if cache else 'off'}", command, port, paths, {"X-Auth-Token": token}
            )

        targets = [served("SQLite", sqlite, member, cache=cache) for cache in (False, True)]
        lines = []
        try:
            url = postgres(stack)
            copied(sqlite, url)
            targets += [served("PostgreSQL", url, member, cache=cache) for cache in (False, True)]
        except Missing as missing:
            lines.append(f"PostgreSQL not measured: {missing}")
        targets += [served("SQLite, verbatim", sqlite, admin, cache=cache) for cache in (False, True)]
        port = free_port()
        config = configured(folder / "reading", folder, sqlite, port, cache=False)
        alone = [sys.executable, "-m", "bench.reading", str(config), str(port)]
        targets.append(Target("SQLite, reading alone", alone, port, paths))

        size, port = average_size(targets[0]), free_port()
        floor = Target("constant body", [*constant(size), str(port)], port, paths, targets[0].headers)
        interleaved([floor, *targets], folder)
        lines.append(
            f"{BACKUPS} backups, {size:,} B an answer on average, one core; requests a second, median of {len(floor.rates)}"
        )
        lines += [line(target, floor) for target in (floor, *targets)]
        return lines + cinder(folder)


GOALS = {
    "SQLite, cache off": 0.35,
    "SQLite, cache on": 0.55,
    "PostgreSQL, cache off": 0.12,
    "PostgreSQL, cache on": 0.55,
}


def line(target: Target, floor: Target) -> str:
    ratio = target.median / floor.median
    goal = GOALS.get(target.name)
    verdict = "" if goal is None else f"   goal {goal:.2f}: {'met' if ratio >= goal else 'MISSED'}"
    return f"{target.name:28} {target.median:8,.0f}   ratio {ratio:.3f}{verdict}"


def filled(url: str, folder: Path, project_id: str) -> list[str]:
    """Make the records; return the backups' ids."""
    database = Database(url)
    database.upgrade()
    _, ids = fill(database, folder / "keys", project_id, readings(BACKUPS, project_id))
    database.dispose()
    return ids


def copied(source: str, target: str) -> None:
    """Copy all rows to another database: the same backups, records and keys in both."""
    old, new = Database(source), Database(target)
    new.upgrade()
    with old.read() as reading, new.write() as writing:
        for table in tables.metadata.sorted_tables:
            writing.execute(table.delete())
            if rows := [dict(row) for row in reading.execute(select(table)).mappings()]:
                writing.execute(table.insert(), rows)
    with new.write() as writing:
        writing.execute(text("ANALYZE"))
    old.dispose()
    new.dispose()


def configured(place: Path, folder: Path, url: str, port: int, *, cache: bool) -> Path:
    place.mkdir()
    return configure(
        place, cloud="opencbr", clouds_file=str(folder / "clouds.yaml"), port=port, database=url,
        more=f'[keys]\nfolder = "{folder}/keys"\n[metadata]\ncache_seconds = {60 if cache else 0}\ncache_megabytes = 128\n',
    )  # fmt: skip


def sign_in(cloud: DemoCloud, name: str = "demo-admin") -> tuple[str, str]:
    """Return a token of the embedded cloud's account and its project."""
    import openstack

    connection = openstack.connect(**cloud.clouds_yaml()["clouds"][name])
    return str(connection.auth_token), str(connection.current_project_id)


def postgres(stack: ExitStack) -> str:
    from tests.support import postgres

    try:
        server = stack.enter_context(postgres.started())
    except postgres.PostgresMissing as missing:
        raise Missing(str(missing)) from missing
    return stack.enter_context(postgres.fresh_database(server))


def average_size(target: Target) -> int:
    from bench.load import serving

    total, sample = 0, target.paths[:: max(1, len(target.paths) // 50)]
    with serving(target):
        for path in sample:
            request = urllib.request.Request(f"http://127.0.0.1:{target.port}{path}", headers=target.headers)
            with urllib.request.urlopen(request) as answer:
                total += len(answer.read())
    return total // len(sample)


def cinder(folder: Path) -> list[str]:
    """Cinder's own answer for one backup, on the real cloud, with 8 connections."""
    clouds_file = os.environ.get("OPENCBR_TEST_CLOUDS")
    if not clouds_file:
        return ["Cinder's GET /backups/{id} not measured: OPENCBR_TEST_CLOUDS names no real OpenStack"]
    import openstack

    config = openstack.config.OpenStackConfig(config_files=[clouds_file], load_envvars=False)
    tenant = openstack.connection.Connection(config=config.get_one("opencbr-test-admin"))
    storage = tenant.block_storage
    volume = storage.create_volume(name="opencbr-bench-small", size=1)
    backup = None
    try:
        tenant.wait_for(volume) if hasattr(tenant, "wait_for") else storage.wait_for_status(
            volume, "available"
        )
        backup = storage.create_backup(volume_id=volume.id, name="opencbr-bench-small")
        storage.wait_for_status(backup, "available", wait=300)
        from urllib.parse import urlsplit

        endpoint = urlsplit(storage.get_endpoint())
        target = Target(
            "Cinder GET /backups/{id}",
            [],
            int(endpoint.port or 80),
            [f"{endpoint.path}/backups/{backup.id}"],
            {"X-Auth-Token": str(tenant.auth_token)},
        )
        wrk(target, folder, connections=8, seconds=1)
        rate = wrk(target, folder, connections=8)
        return [f"{target.name:24} {rate:8,.0f}   (the real OpenStack, all its cores, 8 connections)"]
    finally:
        if backup is not None:
            storage.delete_backup(backup)
            storage.wait_for_delete(backup, wait=120)
        time.sleep(0.5)
        storage.delete_volume(volume)


if __name__ == "__main__":
    print("\n".join(main()))
