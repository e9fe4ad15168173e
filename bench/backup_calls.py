"""The upstream calls of one server backup, counted at the embedded cloud, and why each is needed.

The server is the demo's db1: three disks, two ports, a floating IP. Polling repeats; its calls are counted apart.
"""

import re
from collections import Counter

from bench.embedded_service import back_up, bind, embedded_service

WHY: list[tuple[str, str, str]] = [
    (
        "identity",
        r"POST /v3/auth/tokens",
        "sign in: once for reading, once for each tenant's project; both are kept until they end",
    ),
    ("identity", r"GET /v3/auth/tokens", "the caller's token, asked once and remembered"),
    ("identity", r"GET ", "where the services are"),
    (
        "compute",
        r"GET /servers/ID$",
        "the server at 2.46 for the compatible answer, at the newest for a rebuild; once more after the snapshots",
    ),
    ("compute", r"GET /servers/ID/os-interface", "the compatible answer; once more after the snapshots"),
    ("compute", r"GET /servers/ID/os-volume_attachments", "device names and order of the disks"),
    ("compute", r"GET /flavors", "the compatible answer (2.46) and the newest with extra specs"),
    ("compute", r"GET /os-keypairs", "a rebuild needs the public key"),
    ("compute", r"GET /os-server-groups", "a rebuild needs the placement"),
    ("compute", r"GET /?$", "the newest microversion, once in a process"),
    ("network", r"GET /v2.0/ports/ID", "one document a port"),
    (
        "network",
        r"GET /v2.0/ports\?",
        "which ports the server has, and which routers its networks; the server's once more after the snapshots",
    ),
    ("network", r"GET /$", "where its API begins, once in a process"),
    (
        "network",
        r"GET /v2.0/floatingips\?",
        "one document a port, and which of the project's forward to it; the ports' once more after the snapshots",
    ),
    (
        "network",
        r"GET /v2.0/(networks|subnets|routers|security-groups|address-groups|floatingips/|trunks|qos)",
        "a rebuild needs them, rules included",
    ),
    ("volume", r"GET /volumes/ID", "each disk at 3.0 and at the newest; once more after the snapshots"),
    ("volume", r"GET /(types|qos-specs)", "a rebuild needs the volume type"),
    ("volume", r"GET /?$", "the newest microversion, once in a process"),
    ("volume", r"GET /(snapshots|backups)/detail\?status=", "polling"),
    ("volume", r"GET /os-services", "polling"),
    ("volume", r"GET /snapshots(/detail)?\?", "get-or-create: is there one of this name already?"),
    ("volume", r"POST /snapshots", "one a disk"),
    ("volume", r"GET /snapshots/ID", "polling"),
    ("volume", r"GET /backups(/detail)?\?", "get-or-create: is there one of this name already?"),
    ("volume", r"POST /backups", "one a disk"),
    ("volume", r"GET /backups/ID$", "polling"),
    ("volume", r"GET /backups/ID/export_record", "a Cinder that lost its database reads the backup with it"),
    ("volume", r"DELETE /snapshots/ID", "one a disk, after the Cinder backup"),
    ("image", r"GET ", "the image the server or its root disk came from"),
]
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")


def main() -> list[str]:
    with embedded_service() as (cloud, served, server):
        vault = bind(served, server)
        cloud.calls.clear()
        back_up(served, vault)
        seen = cloud.calls.find()
    rows: Counter[tuple[str, str]] = Counter()
    for call in seen:
        what = f"{call.method} {call.path}" + (f"?{call.query}" if call.query else "")
        what = (
            re.sub(r"/(v2\.1|v3|v2)/(?:ID/)?", "/", _ID.sub("ID", what))
            if call.service in {"compute", "volume"}
            else _ID.sub("ID", what)
        )
        row = next(
            (
                (service, why)
                for service, pattern, why in WHY
                if service == call.service and re.search(pattern, what)
            ),
            None,
        )
        if row is None:
            raise RuntimeError(f"why is {call.service} {what} needed? WHY does not say")
        rows[row] += 1
    polls = sum(count for (_, why), count in rows.items() if why == "polling")
    lines = [
        f"db1, three disks, two ports: {len(seen)} calls, {polls} of them polling, {len(seen) - polls} others"
    ]
    lines += [f"{count:5}  {service:9} {why}" for (service, why), count in rows.most_common()]
    return lines


if __name__ == "__main__":
    print("\n".join(main()))
