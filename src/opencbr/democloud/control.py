"""The hidden door for tests in other processes: faults, clock, calls seen, bytes of disks.

It exists only when the embedding code asked for it, and opens only with its token (`X-Control-Token`).
"""

import hmac
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from opencbr.democloud.cloud import DemoCloud


def control(
    cloud: "DemoCloud", method: str, path: str, query: str, headers: dict[str, str], raw: bytes
) -> tuple[int, bytes]:
    """Answer a call below /_control/ with (status, body).

    POST faults {…fields of Order} · GET faults · DELETE faults · GET calls?service=&method=&path= · DELETE calls ·
    POST clock {"advance_seconds": 5} · PUT|GET disks/{id}?offset=&length= (bytes) · GET work
    """
    given = {name.lower(): value for name, value in headers.items()}.get("x-control-token", "")
    if not hmac.compare_digest(given.encode(), cloud.control_token.encode()):
        return 403, b"{}"
    what, _, rest = path.removeprefix("/_control/").partition("/")
    asked = dict(parse_qsl(query))
    body: Any = {}
    if (method, what) == ("POST", "faults"):
        cloud.faults.order(**json.loads(raw))
    elif (method, what) == ("GET", "faults"):
        body = {"faults": cloud.faults.orders()}
    elif (method, what) == ("DELETE", "faults"):
        cloud.faults.clear()
    elif (method, what) == ("GET", "calls"):
        body = {"calls": [asdict(row) for row in cloud.faults.seen(**asked)]}
    elif (method, what) == ("DELETE", "calls"):
        cloud.faults.forget_seen()
    elif (method, what) == ("POST", "clock"):
        cloud.advance(float(json.loads(raw)["advance_seconds"]))
    elif (method, what) == ("GET", "work"):
        body = {"work": cloud.world.work.unfinished()}
    elif (method, what) == ("PUT", "disks"):
        cloud.write(rest, raw, offset=int(asked.get("offset", "0")))
    elif (method, what) == ("GET", "disks"):
        return 200, cloud.read(rest, offset=int(asked.get("offset", "0")), length=int(asked["length"]))
    else:
        return 404, b"{}"
    return 200, json.dumps(body).encode()
