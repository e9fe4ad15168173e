"""The operator's checks of a drill's server: a program, a TCP port, a text on the console; each has its time.

They come from the operator's file alone: no caller of the API can name one.
"""

import json
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from opencbr.cloud.errors import CloudError, CredentialRefused
from opencbr.jobs.drill.look import write_down
from opencbr.jobs.drill.running import run
from opencbr.jobs.new_server.parts import Parts
from opencbr.jobs.settings import DrillCheck
from opencbr.jobs.upstream.polling import rest, stop_if_cancelled
from opencbr.model.drill import CHECKS, COMMAND, CONSOLE, TCP, Finding
from opencbr.store import drills

_CONNECT = """
import socket, sys, time
host, port, until = sys.argv[1], int(sys.argv[2]), time.monotonic() + float(sys.argv[3])
while True:
    try:
        socket.create_connection((host, port), timeout=5).close()
        break
    except OSError as error:
        if time.monotonic() >= until:
            sys.exit(str(error))
        time.sleep(0.5)
"""
"""Tries a port until it answers; started by the operator's `enter`, which leads into the drill's network."""

_NAMES = re.compile(r"\{(\w+)\}")

Values = dict[str, Any]


def check(parts: Parts) -> None:
    """Run the checks that are meant for this server, one after the other, and take the time when they have held.

    Raises JobError 2005 when one has not; Cancelled.
    """
    with parts.ctx.database.read() as conn:
        drill = drills.get(conn, parts.operation.project_id, parts.operation.id)
    found = [one for one in (drill.findings if drill else ()) if one.kind not in CHECKS]
    wanted = [
        one for one in parts.ctx.drill.checks if not one.servers or parts.operation.resource_id in one.servers
    ]
    values = values_of(parts) if wanted else {}
    for one in wanted:
        kind, work = _of(one)
        held, said = work(parts, one, values)
        found.append(Finding(kind=kind, name=one.name, held=held, said=said))
    write_down(parts, found)
    with parts.ctx.database.write() as conn:
        drills.recovered(conn, parts.operation.id, now=parts.ctx.clock.now())


def values_of(parts: Parts) -> Values:
    """Say what a check is told of the drill: ids in the cloud, in the order of the server's disks and ports."""
    volumes, ports = parts.ids("volume"), parts.ids("port")
    plan = parts.blueprint
    disks = [
        {
            "volume_id": volumes[one.key],
            "captured_volume_id": one.key,
            "device": one.device,
            "size_gb": one.size_gb,
        }
        for one in sorted(plan.volumes, key=lambda one: one.position)
    ]
    nics = [
        {
            "port_id": ports[one.key],
            "network_id": parts.resolve("network", one.network),
            "addresses": [fixed.address for fixed in one.addresses or () if fixed.address],
        }
        for one in plan.ports
        if one.server
    ]
    return {
        "drill_id": parts.operation.id,
        "project_id": parts.operation.project_id,
        "backup_id": parts.operation.backup_id,
        "captured_server_id": parts.operation.resource_id,
        "server_id": parts.ids("server")[parts.server.key],
        "disks": disks,
        "ports": nics,
    }


def filled(argv: tuple[str, ...], values: Values) -> list[str]:
    """Put ids and addresses into an argv: what stands in braces by its name, of disks all and of ports the first."""
    nic: Values = next(iter(values["ports"]), {})
    words = {name: str(value) for name, value in values.items() if isinstance(value, str)}
    words["network_id"] = str(nic.get("network_id") or "")
    words["address"] = next(iter(nic.get("addresses") or ()), "")
    words["volume_ids"] = ",".join(disk["volume_id"] for disk in values["disks"])
    return [_NAMES.sub(lambda name: words.get(name[1], name[0]), part) for part in argv]


def _of(one: DrillCheck) -> tuple[str, Callable[[Parts, DrillCheck, Values], tuple[bool, str]]]:
    if one.command:
        return COMMAND, _command
    return (TCP, _tcp) if one.tcp else (CONSOLE, _console)


def _command(parts: Parts, one: DrillCheck, values: Values) -> tuple[bool, str]:
    return _run(parts, filled(one.command, values), values, one.seconds)


def _tcp(parts: Parts, one: DrillCheck, values: Values) -> tuple[bool, str]:
    address = filled(("{address}",), values)[0]
    if not address:
        return False, "the server has no address"
    connect = [sys.executable, "-I", "-c", _CONNECT, address, str(one.tcp), f"{one.seconds:g}"]
    # It ends by itself when its time is over; a moment more lets it say why.
    held, said = _run(parts, [*filled(parts.ctx.drill.enter, values), *connect], values, one.seconds + 10)
    return held, f"port {one.tcp} of {address} answers" if held else f"port {one.tcp} of {address}: {said}"


def _run(parts: Parts, argv: list[str], values: Values, seconds: float) -> tuple[bool, str]:
    heed = partial(_heed, parts)
    return run(parts.ctx, argv, json.dumps(values).encode(), seconds, heed)


def _heed(parts: Parts) -> None:
    parts.ctx.guard()
    stop_if_cancelled(parts.ctx, parts.operation.id)


def _console(parts: Parts, one: DrillCheck, values: Values) -> tuple[bool, str]:
    """Look at the console until the text stands there. What else stands there is not kept."""
    ctx = parts.ctx
    until = ctx.clock.now() + timedelta(seconds=one.seconds)
    while True:
        why = ""
        try:
            if one.console in parts.project.servers.console(values["server_id"]):
                return True, "the text stands on the console"
        except CredentialRefused:
            raise
        except CloudError as error:  # Nova says so too while a server boots
            why = f": {error}"
        if ctx.clock.now() >= until:
            return False, f"the text did not stand on the console within {one.seconds:g} seconds{why}"
        rest(ctx, ctx.settings.poll_seconds, parts.operation.id)
