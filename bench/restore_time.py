"""How long restores of a three-disk server take beside the same Cinder and Nova calls made by hand, on a real OpenStack.

In place: shut off, data disks off, three snapshots (the way back) at once, the root's status reset, three writes at once, all given
back, started. As a new server: three volumes at once, three writes at once, a server from them. By hand the disks go side by side
too, and the polling is the same. opencbr: from the request to the end of its operation log. In turn, `rounds` times each. The plan
of a new server is told by itself: whoever does all by hand makes none (its calls: `python -m bench plan`).
"""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.api_server import ApiServer
from bench.openstack_scene import DISKS, MEBIBYTES, NAME, POLL, Scene, gone, protected, signed_in, wait

_SHARE, _SECONDS = 0.15, 3.0
"""So much longer than by hand a restore may take: a share, and seconds."""


def main(rounds: int = 5) -> list[str]:
    tenant, clouds_file = signed_in()
    scene = Scene(tenant)
    took: dict[str, list[float]] = {}
    try:
        scene.make()
        with (
            protected(tenant, clouds_file, scene.server) as (served, vault),
            ThreadPoolExecutor(DISKS) as pool,
        ):
            backup = _backed_up(served, vault)
            hand, ours = ByHand(scene, pool), ByOpencbr(scene, served, backup)
            for _ in range(rounds):
                for kind in ("in place", "as a new server"):
                    for how in (hand, ours):
                        seconds = how.in_place() if kind == "in place" else how.as_new_server()
                        took.setdefault(f"{kind} {how.name}", []).append(seconds)
    finally:
        scene.clear()
    lines = [f"{DISKS} disks, {MEBIBYTES} MiB random bytes each, polling every {POLL} s, median of {rounds}:"]
    for kind in ("in place", "as a new server"):
        by_hand, by_opencbr = took[f"{kind} by hand"], took[f"{kind} by opencbr"]
        lines += _told(kind, by_hand, by_opencbr)
    return [
        *lines,
        f"a plan as a new server: median of {len(ours.plans)}: {statistics.median(ours.plans):.2f} s",
    ]


def _told(kind: str, hand: list[float], ours: list[float]) -> list[str]:
    middle, own = statistics.median(hand), statistics.median(ours)
    bound = middle * (1 + _SHARE) + _SECONDS
    verdict = "within" if own <= bound else "NOT within"
    return [
        f"{kind}: by hand {middle:.1f} s ({_all(hand)}), opencbr {own:.1f} s ({_all(ours)})",
        f"    difference {own - middle:+.1f} s, ratio {own / middle:.3f}, {verdict} 15 % + 3 s ({bound:.1f} s)",
    ]


def _all(seconds: list[float]) -> str:
    return ", ".join(f"{one:.1f}" for one in seconds)


def _backed_up(served: ApiServer, vault: str) -> str:
    body = {"checkpoint": {"vault_id": vault, "parameters": {"incremental": False}}}
    checkpoint = served.call("POST", "checkpoints", body)["checkpoint"]["id"]
    served.poll(f"checkpoints/{checkpoint}", lambda c: c["checkpoint"]["status"] in {"available", "error"})
    (backup,) = served.call("GET", f"backups?checkpoint_id={checkpoint}")["backups"]
    if backup["status"] != "available":
        raise RuntimeError(f"the backup failed: {served.call('GET', 'operation-logs?limit=1')}")
    return str(backup["id"])


class ByHand:
    """The calls of a person who knows them all, and has the same Cinder backups."""

    name = "by hand"

    def __init__(self, scene: Scene, pool: ThreadPoolExecutor) -> None:
        self.c, self.pool = scene.c, pool
        self.server, self.flavor, self.volumes = scene.server, scene.flavor, scene.volumes
        found = [one for one in self.c.block_storage.backups() if one.volume_id in self.volumes]
        self.backups = {one.volume_id: one.id for one in found}

    def in_place(self) -> float:
        compute, storage, (root, *data) = self.c.compute, self.c.block_storage, self.volumes
        devices = {one.volume_id: one.device for one in compute.volume_attachments(self.server)}
        start = time.monotonic()
        compute.stop_server(self.server)
        self._server("SHUTOFF")
        self._at_once(lambda v: compute.delete_volume_attachment(self.server, v), data)
        self._volumes("available", data)
        compute.lock_server(self.server)
        snapshots = self._at_once(
            lambda v: storage.create_snapshot(volume_id=v, name=f"{NAME}-hand", is_forced=True).id,
            self.volumes,
        )
        wait(
            lambda: {one.status for one in self._at_once(storage.get_snapshot, snapshots)} == {"available"},
            POLL,
        )
        self._reset(root, "available")
        self._write({volume: volume for volume in self.volumes})
        self._reset(root, "in-use")
        compute.unlock_server(self.server)
        for volume in data:
            compute.create_volume_attachment(self.server, volume, device=devices[volume])
        self._volumes("in-use", data)
        compute.start_server(self.server)
        self._server("ACTIVE")
        took = time.monotonic() - start
        forget_snapshots(self.c, self.volumes)
        return took

    def as_new_server(self) -> float:
        compute, storage = self.c.compute, self.c.block_storage
        start = time.monotonic()
        made = self._at_once(lambda n: storage.create_volume(name=f"{NAME}-new-{n}", size=1).id, self.volumes)
        self._volumes("available", made)
        self._write(dict(zip(self.volumes, made, strict=True)))
        storage.set_volume_bootable_status(made[0], True)
        server = compute.create_server(
            name=f"{NAME}-new", flavor_id=self.flavor, networks="none",
            block_device_mapping=[
                {"uuid": v, "source_type": "volume", "destination_type": "volume", "boot_index": 0 if n == 0 else -1}
                for n, v in enumerate(made)
            ],
        ).id  # fmt: skip
        self._server("ACTIVE", server)
        took = time.monotonic() - start
        forget_server(self.c, server, made)
        return took

    def _write(self, targets: dict[str, str]) -> None:
        storage = self.c.block_storage
        self._at_once(lambda v: storage.restore_backup(self.backups[v], volume_id=targets[v]), list(targets))
        self._volumes("available", list(targets.values()))

    def _reset(self, volume: str, status: str) -> None:
        body = {"os-reset_status": {"status": status}}
        self.c.block_storage.post(f"/volumes/{volume}/action", json=body).raise_for_status()

    def _at_once(self, call: Callable[[str], Any], ids: list[str]) -> list[Any]:
        return list(self.pool.map(call, ids))

    def _volumes(self, status: str, ids: list[str]) -> None:
        get = self.c.block_storage.get_volume
        wait(lambda: {one.status for one in self._at_once(get, ids)} == {status}, POLL)

    def _server(self, status: str, server: str = "") -> None:
        wait(lambda: self.c.compute.get_server(server or self.server).status == status, POLL)


class ByOpencbr:
    """The same by one request each."""

    name = "by opencbr"

    def __init__(self, scene: Scene, served: ApiServer, backup: str) -> None:
        self.c, self.volumes = scene.c, scene.volumes
        self.served, self.backup = served, backup
        self.plans: list[float] = []

    def in_place(self) -> float:
        took, _ = self._timed(f"backups/{self.backup}/restore", {"restore": {}})
        forget_snapshots(self.c, self.volumes)
        return took

    def as_new_server(self) -> float:
        plan = self._plan()
        if plan["status"] != "ready":
            raise RuntimeError(f"the plan is {plan['status']}: {plan['problems']} {plan['choices']}")
        took, log = self._timed(f"restore-plans/{plan['id']}/restore", None)
        server = log["extra_info"]["restore"]["target_resource_id"]
        made = [one.volume_id for one in self.c.compute.volume_attachments(server)]
        forget_server(self.c, server, made)
        return took

    def _plan(self) -> Any:
        body = {"restore_plan": {"as": "new_server"}}
        start = time.monotonic()
        plan = self.served.call("POST", f"backups/{self.backup}/restore-plans", body)["restore_plan"]
        self.plans.append(time.monotonic() - start)
        return plan

    def _timed(self, path: str, body: Any) -> tuple[float, Any]:
        start = time.monotonic()
        job = self.served.call("POST", path, body)["job_id"]
        log = self.served.poll(f"operation-logs/{job}", lambda found: found["operation_log"]["ended_at"])
        took, log = time.monotonic() - start, log["operation_log"]
        if log["status"] != "success":
            raise RuntimeError(f"the restore failed: {log['error_info']}")
        return took, log


def forget_snapshots(c: Any, volumes: list[str]) -> None:
    """Delete what was kept as the way back."""
    for snapshot in [one for one in c.block_storage.snapshots() if one.volume_id in volumes]:
        c.block_storage.delete_snapshot(snapshot.id)
        gone(lambda s=snapshot.id: c.block_storage.get_snapshot(s))


def forget_server(c: Any, server: str, volumes: list[str]) -> None:
    """Delete a server and its disks."""
    c.compute.delete_server(server)
    gone(lambda: c.compute.get_server(server))
    for volume in volumes:
        c.block_storage.delete_volume(volume)
        gone(lambda v=volume: c.block_storage.get_volume(v))


if __name__ == "__main__":
    print("\n".join(main()))
