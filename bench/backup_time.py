"""How long a three-disk server backup takes beside the same Cinder calls made by hand, with the same polling, on a real OpenStack.

By hand: three snapshots at once, wait, three full backups from them at once, wait, delete the snapshots, wait. opencbr: from the
request for a checkpoint to `available`. In turn, `rounds` times each; the difference is what the record, the ledger and the
journal cost. Needs the clouds that `tests/openstack/prepare.py` writes, in OS_CLIENT_CONFIG_FILE or OPENCBR_TEST_CLOUDS.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.api_server import ApiServer, running
from bench.load import Missing

DISKS = 3
MEBIBYTES = int(os.environ.get("OPENCBR_BENCH_MEBIBYTES", "300"))  # of random bytes on each disk
POLL = 2.0
NAME = "opencbr-bench"


def main(rounds: int = 2) -> list[str]:
    import openstack

    clouds_file = os.environ.get("OPENCBR_TEST_CLOUDS") or os.environ.get("OS_CLIENT_CONFIG_FILE")
    if not clouds_file:
        raise Missing(
            "no OpenStack: set OS_CLIENT_CONFIG_FILE to the file that tests/openstack/prepare.py prints"
        )
    config = openstack.config.OpenStackConfig(config_files=[clouds_file])
    if not {"opencbr", "opencbr-test-admin"} <= set(config.cloud_config.get("clouds", {})):
        raise Missing(
            "the clouds opencbr and opencbr-test-admin are not in the file: run tests/openstack/prepare.py first"
        )
    tenant = openstack.connection.Connection(config=config.get_one("opencbr-test-admin"))
    scene = Scene(tenant)
    try:
        scene.make()
        token = str(tenant.auth_token)
        with tempfile.TemporaryDirectory() as folder, running(
            Path(folder), cloud="opencbr", clouds_file=clouds_file, project_id=tenant.current_project_id, token=token,
            more=f"[worker]\npoll_seconds = {POLL}\n",
        ) as served:  # fmt: skip
            vault = served.call("POST", "vaults", {"vault": {
                "name": "bench", "resources": [{"id": scene.server, "type": "OS::Nova::Server"}],
                "billing": {"object_type": "server", "protect_type": "backup", "consistent_level": "crash_consistent", "size": 10000},
            }})["vault"]["id"]  # fmt: skip
            hand, ours = [], []
            try:
                for _ in range(rounds):
                    hand.append(by_hand(tenant, scene.volumes))
                    ours.append(by_opencbr(served, vault))
            finally:
                served.call("DELETE", f"vaults/{vault}")
                gone(lambda: served.call("GET", f"vaults/{vault}"))
    finally:
        scene.clear()
    by_hand_s, opencbr_s = statistics.median(hand), statistics.median(ours)
    bound = by_hand_s * 1.05 + 3
    return [
        f"{DISKS} disks, {MEBIBYTES} MiB random bytes each, polling every {POLL} s, median of {rounds}:",
        f"by hand {by_hand_s:.1f} s ({', '.join(f'{x:.1f}' for x in hand)}), opencbr {opencbr_s:.1f} s ({', '.join(f'{x:.1f}' for x in ours)})",
        f"difference {opencbr_s - by_hand_s:+.1f} s, ratio {opencbr_s / by_hand_s:.3f}; 5 % + 3 s over by hand would be {bound:.1f} s",
    ]


class Scene:
    """A server with three disks full of random bytes, brought there through Glance, since no guest writes."""

    def __init__(self, tenant: Any) -> None:
        self.c = tenant
        self.server = ""
        self.volumes: list[str] = []
        self._image: Any = None

    def make(self) -> None:
        with tempfile.NamedTemporaryFile() as raw:
            noise = random.Random(5)
            for _ in range(MEBIBYTES):
                raw.write(noise.randbytes(1 << 20))
            raw.flush()
            self._image = self.c.create_image(
                NAME, filename=raw.name, disk_format="raw", container_format="bare", wait=True, timeout=300
            )
        volumes = [
            self.c.block_storage.create_volume(name=f"{NAME}-{n}", size=1, image_id=self._image.id)
            for n in range(DISKS)
        ]
        self.volumes = [v.id for v in volumes]
        wait(lambda: {self.c.block_storage.get_volume(v).status for v in self.volumes} == {"available"})
        flavor = min(self.c.compute.flavors(), key=lambda f: f.ram)
        self.server = self.c.compute.create_server(
            name=NAME, flavor_id=flavor.id, networks="none",
            block_device_mapping=[
                {"uuid": v, "source_type": "volume", "destination_type": "volume", "boot_index": 0 if n == 0 else -1, "delete_on_termination": False}
                for n, v in enumerate(self.volumes)
            ],
        ).id  # fmt: skip
        wait(lambda: self.c.compute.get_server(self.server).status == "ACTIVE")

    def clear(self) -> None:
        if self.server:
            self.c.compute.delete_server(self.server)
            gone(lambda: self.c.compute.get_server(self.server))
        for volume in self.volumes:
            wait(lambda v=volume: self.c.block_storage.get_volume(v).status == "available")
            self.c.block_storage.delete_volume(volume)
        if self._image:
            self.c.image.delete_image(self._image)


def by_hand(c: Any, volumes: list[str]) -> float:
    storage = c.block_storage
    with ThreadPoolExecutor(DISKS) as pool:
        start = time.monotonic()
        snapshots = list(
            pool.map(
                lambda v: storage.create_snapshot(volume_id=v, name=f"{NAME}-hand", is_forced=True).id,
                volumes,
            )
        )
        wait(lambda: {s.status for s in pool.map(storage.get_snapshot, snapshots)} == {"available"}, POLL)
        backups = list(
            pool.map(
                lambda pair: (
                    storage.create_backup(volume_id=pair[0], snapshot_id=pair[1], name=f"{NAME}-hand").id
                ),
                zip(volumes, snapshots, strict=True),
            )
        )
        wait(lambda: {b.status for b in pool.map(storage.get_backup, backups)} == {"available"}, POLL)
        list(pool.map(storage.delete_snapshot, snapshots))
        for snapshot in snapshots:
            gone(lambda s=snapshot: storage.get_snapshot(s), POLL)
        took = time.monotonic() - start
        list(pool.map(storage.delete_backup, backups))
        for backup in backups:
            gone(lambda b=backup: storage.get_backup(b))
    return took


def by_opencbr(served: ApiServer, vault: str) -> float:
    start = time.monotonic()
    checkpoint = served.call(
        "POST", "checkpoints", {"checkpoint": {"vault_id": vault, "parameters": {"incremental": False}}}
    )["checkpoint"]["id"]
    backup = served.call("GET", f"backups?checkpoint_id={checkpoint}")["backups"][0]["id"]
    done = served.poll(f"backups/{backup}", lambda b: b["backup"]["status"] in {"available", "error"})[
        "backup"
    ]
    took = time.monotonic() - start
    if done["status"] != "available":
        raise RuntimeError(f"the backup failed: {served.call('GET', 'operation-logs?limit=1')}")
    served.call("DELETE", f"backups/{backup}")
    gone(lambda: served.call("GET", f"backups/{backup}"))
    return took


def wait(done: Callable[[], bool], pause: float = 0.5, seconds: float = 900) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError("the cloud took too long")
        time.sleep(pause)


def gone(get: Callable[[], Any], pause: float = 0.5) -> None:
    """Wait until `get` says 404, as an SDK exception or as an HTTP error."""
    while True:
        try:
            get()
        except Exception as error:
            if "404" in str(error) or "NotFound" in type(error).__name__:
                return
            raise
        time.sleep(pause)


if __name__ == "__main__":
    print("\n".join(main()))
