"""ShowMetadata beside a bare callable on the same server that answers a constant body of the same size.

One server process on one core, wrk on the other (32 connections); sign-in is checked on every request (a Keystone token of the embedded cloud,
remembered as configured), 2,000 different backups are visited at random, verbatim view. Cache off and on, SQLite, and PostgreSQL where its binaries
are installed. Where OPENCBR_TEST_CLOUDS names a real OpenStack, Cinder's `GET /backups/{id}` there is measured too, with 8 connections.
"""

import os
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import yaml

from bench.filled import fill, readings
from bench.house import PROGRAM, configure, run
from bench.load import Missing, Target, free_port, interleaved, wrk
from opencbr.democloud.cloud import DemoCloud
from opencbr.store.database import Database

BACKUPS = int(os.environ.get("OPENCBR_BENCH_BACKUPS", "2000"))


def constant(size: int) -> list[str]:
    return [sys.executable, "-m", "bench.floor", str(size)]


def main() -> list[str]:
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        cloud = DemoCloud(folder / "cloud")
        cloud.start()
        stack.callback(cloud.stop)
        clouds_file = folder / "clouds.yaml"
        clouds_file.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        token, project_id = sign_in(cloud)
        urls = {"SQLite": f"sqlite:///{folder}/bench.db"}
        try:
            urls["PostgreSQL"] = postgres(stack)
        except Missing as missing:
            lines.append(f"PostgreSQL not measured: {missing}")
        targets: list[Target] = []
        size = 0
        for kind, url in urls.items():
            database = Database(url)
            database.upgrade()
            _, ids = fill(database, folder / f"keys-{kind}", project_id, readings(BACKUPS, project_id))
            database.dispose()
            paths = [f"/v3/{project_id}/backups/{backup}/metadata" for backup in ids]
            for cache in (0, 60):
                place = folder / f"{kind}-{cache}"
                place.mkdir()
                port = free_port()
                config = configure(
                    place, cloud="opencbr", clouds_file=str(clouds_file), port=port, database=url,
                    more=f'[keys]\nfolder = "{folder}/keys-{kind}"\n[metadata]\ncache_seconds = {cache}\ncache_megabytes = 128\n',
                )  # fmt: skip
                run(config, "db", "upgrade")
                targets.append(
                    Target(
                        f"{kind}, cache {'on' if cache else 'off'}",
                        [*PROGRAM, "--config", str(config), "serve"],
                        port,
                        paths,
                        {"X-Auth-Token": token},
                    )
                )
        size = average_size(targets[0], token)
        floor_port = free_port()
        floor = Target(
            "constant body",
            [*constant(size), str(floor_port)],
            floor_port,
            targets[0].paths,
            {"X-Auth-Token": token},
        )
        interleaved([floor, *targets], folder)
        lines.append(
            f"{BACKUPS} backups, {size:,} B an answer on average, sign-in checked, one core; requests a second, median of {len(floor.rates)}"
        )
        for target in (floor, *targets):
            lines.append(f"{target.name:24} {target.median:8,.0f}   ratio {target.median / floor.median:.2f}")
        lines += cinder(folder)
    return lines


def sign_in(cloud: DemoCloud) -> tuple[str, str]:
    import openstack

    admin = cloud.clouds_yaml()["clouds"]["demo-admin"]
    connection = openstack.connect(**admin)
    return str(connection.auth_token), str(connection.current_project_id)


def postgres(stack: ExitStack) -> str:
    from tests.support import postgres

    try:
        server = stack.enter_context(postgres.started())
    except postgres.PostgresMissing as missing:
        raise Missing(str(missing)) from missing
    return stack.enter_context(postgres.fresh_database(server))


def average_size(target: Target, token: str) -> int:
    from bench.load import serving

    total, sample = 0, target.paths[:: max(1, len(target.paths) // 50)]
    with serving(target):
        for path in sample:
            request = urllib.request.Request(
                f"http://127.0.0.1:{target.port}{path}", headers={"X-Auth-Token": token}
            )
            with urllib.request.urlopen(request) as answer:
                total += len(answer.read())
    return total // len(sample)


def cinder(folder: Path) -> list[str]:
    """Cinder's own answer for one backup, on the real cloud, with 8 connections."""
    clouds_file = os.environ.get("OPENCBR_TEST_CLOUDS")
    if not clouds_file:
        return ["Cinder's GET /backups/{id} not measured: OPENCBR_TEST_CLOUDS names no real OpenStack"]
    import openstack

    config = openstack.config.OpenStackConfig(config_files=[clouds_file])
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
