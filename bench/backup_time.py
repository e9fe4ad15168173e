"""How long a three-disk server backup takes beside the same Cinder calls made by hand, with the same polling, on a real OpenStack.

By hand: three snapshots at once, wait, three full backups from them at once, wait, delete the snapshots, wait. opencbr: from the
request for a checkpoint to `available`. In turn, `rounds` times each; the difference is what the record, the ledger and the
journal cost.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.api_server import ApiServer
from bench.openstack_scene import DISKS, MEBIBYTES, NAME, POLL, Scene, gone, protected, signed_in, wait


def main(rounds: int = 2) -> list[str]:
    tenant, clouds_file = signed_in()
    scene = Scene(tenant)
    hand, ours = [], []
    try:
        scene.make()
        with protected(tenant, clouds_file, scene.server) as (served, vault):
            for _ in range(rounds):
                hand.append(by_hand(tenant, scene.volumes))
                ours.append(by_opencbr(served, vault))
    finally:
        scene.clear()
    by_hand_s, opencbr_s = statistics.median(hand), statistics.median(ours)
    bound = by_hand_s * 1.05 + 3
    return [
        f"{DISKS} disks, {MEBIBYTES} MiB random bytes each, polling every {POLL} s, median of {rounds}:",
        f"by hand {by_hand_s:.1f} s ({', '.join(f'{x:.1f}' for x in hand)}), opencbr {opencbr_s:.1f} s ({', '.join(f'{x:.1f}' for x in ours)})",
        f"difference {opencbr_s - by_hand_s:+.1f} s, ratio {opencbr_s / by_hand_s:.3f}; 5 % + 3 s over by hand would be {bound:.1f} s",
    ]


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


if __name__ == "__main__":
    print("\n".join(main()))
