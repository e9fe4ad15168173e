"""What every request passes: control API, injected faults, the services, and the log of calls."""

import json
from collections.abc import Callable
from dataclasses import replace

from opencbr.democloud.backend import Backend
from opencbr.democloud.call_log import CallLog, RecordedCall
from opencbr.democloud.dispatch import dispatch
from opencbr.democloud.faults import Fault, Faults
from opencbr.democloud.request import Request
from opencbr.democloud.response import Reply
from opencbr.democloud.services import SERVICES
from opencbr.democloud.vanishing import vanish
from opencbr.democloud.worker import Worker

_JSON = {"Content-Type": "application/json"}
_FAULT_REQUEST_ID = "req-injected-fault"


class Application:
    """Answers requests to `base`, the cloud's address; `control` answers those below /_control/, if given."""

    def __init__(
        self,
        base: str,
        backend: Backend,
        worker: Worker,
        *,
        faults: Faults,
        calls: CallLog,
        control: Callable[[Request], Reply] | None,
    ) -> None:
        self._base, self._backend, self._worker = base, backend, worker
        self._faults, self._calls, self._control = faults, calls, control

    def handle(self, request: Request) -> Reply:
        """Return what is sent back for a request as the HTTP server read it."""
        if request.path.startswith("/_control/") and self._control:
            return self._control(request)
        service, _, rest = request.path.lstrip("/").partition("/")
        if service not in SERVICES:
            return Reply(404, _JSON, json.dumps({"services": sorted(SERVICES)}).encode())
        return self._call(replace(request, service=service, path="/" + rest))

    def _call(self, request: Request) -> Reply:
        fault = self._faults.take(request.service, request.method, request.path)
        call = RecordedCall(request.service, request.method, request.path, request.query)
        if fault and fault.vanish and (gone := vanish(self._backend.state, request.path)):
            fault.gone.append(gone)
            fault = None
        if fault and fault.drop == "before":
            reply = Reply(0, {}, b"", "nothing")
        elif fault and fault.status:
            reply = _injected(fault)
            call = replace(call, status=fault.status, request_id=_FAULT_REQUEST_ID)
        else:
            try:
                reply, call = dispatch(self._backend, self._worker, self._base, request)
            except Exception as error:  # noqa: BLE001 - a mistake of the cloud's own: tests look at `errors`
                self._backend.errors.append(error)
                return Reply(500, {"Content-Type": "text/plain"}, type(error).__name__.encode())
        self._calls.add(call)
        return self._spoiled(reply, fault) if fault else reply

    def _spoiled(self, reply: Reply, fault: Fault) -> Reply:
        """Return the reply as the fault lets it through."""
        if fault.drop == "after":
            return replace(reply, sent="nothing")
        if fault.malformed:
            return replace(reply, body=reply.body[: len(reply.body) // 2])
        if fault.truncated:
            return replace(reply, sent="half")
        if fault.dripping:
            return replace(reply, sent="dripping", until=self._faults.cleared)
        return reply


def _injected(fault: Fault) -> Reply:
    body = json.dumps({"error": {"code": fault.status, "message": "This fault was injected."}}).encode()
    if fault.body:
        body = fault.body.encode("latin-1")
    return Reply(fault.status, {**_JSON, "X-Openstack-Request-Id": _FAULT_REQUEST_ID, **fault.headers}, body)
