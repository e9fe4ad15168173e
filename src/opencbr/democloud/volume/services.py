"""Cinder's services, cinder-backup among them."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.routes import HOST, PROJECT, ROUTES, need_admin
from opencbr.democloud.zones import ZONE, zones_of


@ROUTES.on("GET", PROJECT + "/os-services")
def services(call: Call) -> Response:
    """List Cinder's daemons, cinder-backup among them."""
    need_admin(call, "volume_extension:services:index")
    wanted = call.query.get("binary")
    rows = []
    for doc in call.backend.state.all("cinder-service"):
        if wanted not in (None, doc["binary"]):
            continue
        row: Doc = {"binary": doc["binary"], "host": doc["host"], "zone": ZONE, "status": doc["status"]}
        row |= {"state": doc["state"], "updated_at": call.backend.clock.long_time()}
        if call.at_least("3.49") and doc["binary"] == "cinder-volume":
            row["backend_state"] = doc["state"]
        if call.at_least("3.7"):
            row["cluster"] = None
        row["disabled_reason"] = None
        if doc["binary"] == "cinder-volume":
            row |= {"replication_status": "disabled", "active_backend_id": None, "frozen": False}
        rows.append(row)
    return Response(body={"services": rows})


@ROUTES.on("GET", PROJECT + "/os-availability-zone")
def zones(call: Call) -> Response:
    """List the zones."""
    rows = [
        {"zoneState": {"available": True}, "zoneName": name}
        for name in zones_of(call.backend.state, "volume")
    ]
    return Response(body={"availabilityZoneInfo": rows})


def seed_services(backend: Backend, new_id: str) -> None:
    """Store the three daemons; `new_id` is the uuid of the volume service."""
    for binary, host in (
        ("cinder-backup", HOST),
        ("cinder-scheduler", HOST),
        ("cinder-volume", f"{HOST}@disks"),
    ):
        doc: Doc = {"id": binary, "binary": binary, "host": host, "state": "up", "status": "enabled"}
        backend.state.put("cinder-service", doc | {"uuid": new_id})
