"""The control API for tests in other processes: faults, failures, clock, calls there were, bytes of disks.

It exists only when the embedding code asked for it, and answers only to its token (`X-Control-Token`).
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from opencbr.democloud.backend import Backend
from opencbr.democloud.call_log import CallLog
from opencbr.democloud.faults import Faults
from opencbr.democloud.request import Request
from opencbr.democloud.response import Reply
from opencbr.democloud.worker import Worker


class Control:
    """The calls below /_control/.

    POST faults {fields of Fault}, GET faults, DELETE faults; POST failures {"work": "backup.created"},
    DELETE failures; GET calls?service=&method=&path=, DELETE calls;
    POST clock {"advance_seconds": 5}; GET work; PUT and GET disks/{id}?offset=&length= (bytes).
    """

    def __init__(
        self, token: str, backend: Backend, worker: Worker, *, faults: Faults, calls: CallLog
    ) -> None:
        self._token, self._backend, self._worker = token, backend, worker
        self._faults, self._calls = faults, calls
        self._actions: dict[tuple[str, str], Callable[[Request, str], Any]] = {
            ("POST", "faults"): self._inject,
            ("GET", "faults"): lambda *_: {"faults": faults.injected()},
            ("DELETE", "faults"): lambda *_: faults.clear(),
            ("POST", "failures"): self._fail,
            ("DELETE", "failures"): lambda *_: backend.failures.clear(),
            ("GET", "calls"): self._find,
            ("DELETE", "calls"): lambda *_: calls.clear(),
            ("POST", "clock"): self._advance,
            ("GET", "work"): lambda *_: {"work": backend.work.unfinished()},
            ("PUT", "disks"): self._write,
            ("GET", "disks"): self._read,
        }

    def answer(self, request: Request) -> Reply:
        """Carry out a call; 403 without the token, 404 for what is not in the list above."""
        token = request.headers.get("x-control-token", "")
        what, _, id_ = request.path.removeprefix("/_control/").partition("/")
        action = self._actions.get((request.method, what))
        done: Any = {}
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            status = 403
        elif action is None:
            status = 404
        else:
            status, done = 200, action(request, id_)
        body = done if isinstance(done, bytes) else json.dumps(done or {}).encode()
        return Reply(status, {"Content-Type": "application/json"}, body)

    def _inject(self, request: Request, _: str) -> None:
        self._faults.inject(**json.loads(request.raw))

    def _fail(self, request: Request, _: str) -> None:
        self._worker.fail(**json.loads(request.raw))

    def _find(self, request: Request, _: str) -> Any:
        return {"calls": [asdict(call) for call in self._calls.find(**_query(request))]}

    def _advance(self, request: Request, _: str) -> None:
        self._worker.advance(float(json.loads(request.raw)["advance_seconds"]))

    def _write(self, request: Request, id_: str) -> None:
        self._backend.disks.write(id_, int(_query(request).get("offset", "0")), request.raw)

    def _read(self, request: Request, id_: str) -> bytes:
        query = _query(request)
        return self._backend.disks.read(id_, int(query.get("offset", "0")), int(query["length"]))


def _query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query))
