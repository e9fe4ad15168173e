"""The hidden door for tests in other processes: faults, clock, calls seen, bytes of disks.

It exists only when the embedding code asked for it, and opens only with its token (`X-Control-Token`).
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from opencbr.democloud.wire import Asked

if TYPE_CHECKING:
    from opencbr.democloud.cloud import DemoCloud


def control(cloud: "DemoCloud", asked: Asked) -> tuple[int, bytes]:
    """Answer a call below /_control/ with (status, body).

    POST faults {fields of Order}, GET faults, DELETE faults; POST failures {"work": "backup.created"},
    DELETE failures; GET calls?service=&method=&path=, DELETE calls;
    POST clock {"advance_seconds": 5}; GET work; PUT and GET disks/{id}?offset=&length= (bytes).
    """
    given = asked.headers.get("x-control-token", "")
    if not hmac.compare_digest(given.encode(), cloud.control_token.encode()):
        return 403, b"{}"
    what, _, id_ = asked.path.removeprefix("/_control/").partition("/")
    action = _ACTIONS.get((asked.method, what))
    if action is None:
        return 404, b"{}"
    done = action(cloud, asked, id_)
    return 200, done if isinstance(done, bytes) else json.dumps(done or {}).encode()


def _query(asked: Asked) -> dict[str, str]:
    return dict(parse_qsl(asked.query))


def _order(cloud: "DemoCloud", asked: Asked, _: str) -> None:
    cloud.faults.order(**json.loads(asked.raw))


def _fail(cloud: "DemoCloud", asked: Asked, _: str) -> None:
    cloud.fail(**json.loads(asked.raw))


def _calls(cloud: "DemoCloud", asked: Asked, _: str) -> Any:
    return {"calls": [asdict(row) for row in cloud.faults.seen(**_query(asked))]}


def _advance(cloud: "DemoCloud", asked: Asked, _: str) -> None:
    cloud.advance(float(json.loads(asked.raw)["advance_seconds"]))


def _write(cloud: "DemoCloud", asked: Asked, id_: str) -> None:
    cloud.write(id_, asked.raw, offset=int(_query(asked).get("offset", "0")))


def _read(cloud: "DemoCloud", asked: Asked, id_: str) -> bytes:
    query = _query(asked)
    return cloud.read(id_, offset=int(query.get("offset", "0")), length=int(query["length"]))


_ACTIONS: dict[tuple[str, str], Callable[["DemoCloud", Asked, str], Any]] = {
    ("POST", "faults"): _order,
    ("GET", "faults"): lambda cloud, *_: {"faults": cloud.faults.orders()},
    ("DELETE", "faults"): lambda cloud, *_: cloud.faults.clear(),
    ("POST", "failures"): _fail,
    ("DELETE", "failures"): lambda cloud, *_: cloud.world.failures.clear(),
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): lambda cloud, *_: cloud.faults.forget_seen(),
    ("POST", "clock"): _advance,
    ("GET", "work"): lambda cloud, *_: {"work": cloud.world.work.unfinished()},
    ("PUT", "disks"): _write,
    ("GET", "disks"): _read,
}
