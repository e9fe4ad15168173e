"""A server of the embedded cloud and its disks: what a restore must give back, and bytes for it to write over."""

import os
from collections.abc import Collection
from typing import Any

from .job_env import JobEnv

Doc = dict[str, Any]
Places = tuple[Doc, list[Doc], list[str]]
"""Power and lock of a server, the places of its disks on it, and their statuses, in the sequence of the devices."""


def attachments(env: JobEnv, name: str) -> list[Doc]:
    """The attachments of a server in the sequence of their devices."""
    rows = [row for row in env.upstream("attachment") if row["server_id"] == env.server_id(name)]
    return sorted(rows, key=lambda row: str(row["device"]))


def how_it_is(env: JobEnv, name: str) -> Places:
    """How the server is now."""
    rows = attachments(env, name)
    server = _doc(env, "server", env.server_id(name))
    told = {k: server[k] for k in ("status", "task_state", "locked", "locked_reason")}
    fields = ("volume_id", "device", "tag", "delete_on_termination", "status")
    places = [{k: row[k] for k in fields} for row in rows]
    return told, places, [str(_doc(env, "volume", row["volume_id"])["status"]) for row in rows]


def rest_of(places: Places, gone: Collection[str]) -> Places:
    """The same without the volumes that are gone."""
    told, rows, statuses = places
    kept = [number for number, row in enumerate(rows) if row["volume_id"] not in gone]
    return told, [rows[number] for number in kept], [statuses[number] for number in kept]


def not_given_back(env: JobEnv, name: str, was: Places, *, off_too: bool, gone: Collection[str] = ()) -> str:
    """Say how a server and its disks are that are not as before (or, with `off_too`, shut off), "" when they are.

    `gone` are the ids of what somebody else has taken out of the cloud: that is to be missed, and nothing else.
    """
    was, state = rest_of(was, gone), env.demo.backend.state
    with state.change():
        if state.find("server", name=name) is None:
            left = [state.get("volume", row["volume_id"]) for row in was[1]]
            stuck = [one["id"] for one in left if one and one["status"] != "available"]
            return f"its server is gone, and these volumes are not free: {stuck}" if stuck else ""
    now, off = how_it_is(env, name), (was[0] | {"status": "SHUTOFF"}, *was[1:])
    return "" if now == was or (off_too and now == off) else str(now)


def spoil(env: JobEnv, name: str) -> dict[str, str]:
    """Write over a part of each disk of a server; the digests before that, by volume."""
    volumes = [str(row["volume_id"]) for row in attachments(env, name)]
    before = {volume: env.demo.sha256(volume) for volume in volumes}
    for volume in volumes:
        env.demo.write(volume, os.urandom(6000), offset=1 << 20)
    assert not set(before.values()) & {env.demo.sha256(volume) for volume in volumes}
    return before


def _doc(env: JobEnv, kind: str, id_: str) -> Doc:
    with env.demo.backend.state.change():
        found = env.demo.backend.state.get(kind, id_)
    assert found is not None
    return dict(found)
