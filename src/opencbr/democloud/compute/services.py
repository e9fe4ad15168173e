"""Nova's services and its availability zones."""

from opencbr.democloud.compute.routes import HOST, ROUTES, need_admin
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc
from opencbr.democloud.zones import ZONE, zones_of


@ROUTES.on("GET", "/v2.1/os-services")
def list_services(call: Call) -> Response:
    """List Nova's daemons."""
    need_admin(call, "os_compute_api:os-services:list")
    rows = []
    for doc in call.backend.state.all("nova-service"):
        row: Doc = {"binary": doc["binary"], "host": HOST}
        row["id"] = doc["uuid"] if call.at_least("2.53") else doc["number"]
        row["zone"] = ZONE if doc["binary"] == "nova-compute" else "internal"
        row |= {"status": "enabled", "state": doc["state"], "updated_at": call.backend.clock.long_time()}
        row["disabled_reason"] = None
        if call.at_least("2.11"):
            row["forced_down"] = False
        rows.append(row)
    return Response(body={"services": rows})


@ROUTES.on("GET", "/v2.1/os-availability-zone")
def zones(call: Call) -> Response:
    """List the zones."""
    rows = [
        {"zoneName": name, "zoneState": {"available": True}, "hosts": None}
        for name in zones_of(call.backend.state, "compute")
    ]
    return Response(body={"availabilityZoneInfo": rows})
