"""How Nova shows a server, for each microversion and caller."""

import hashlib

from opencbr.democloud.compute.routes import HOST, bookmark, links
from opencbr.democloud.request import Call
from opencbr.democloud.state import Doc
from opencbr.democloud.zones import ZONE

_POWER = {"ACTIVE": 1, "PAUSED": 3, "SHUTOFF": 4, "SUSPENDED": 4, "SHELVED": 4, "SHELVED_OFFLOADED": 4}
_VM_STATE = {"ACTIVE": "active", "SHUTOFF": "stopped", "BUILD": "building", "ERROR": "error"}
_VM_STATE |= {"PAUSED": "paused", "SUSPENDED": "suspended"}
_VM_STATE |= {"SHELVED": "shelved", "SHELVED_OFFLOADED": "shelved_offloaded", "REBUILD": "active"}


def server_view(call: Call, doc: Doc, *, detail: bool = False) -> Doc:
    """Show a server as `GET /servers/{id}` does, or (`detail`) as the long list does.

    The two differ in where the security groups stand and in `server_groups`, which lists leave out.
    """
    state = call.backend.state
    image = state.get("image", doc["image_id"]) if doc["image_id"] else None
    shown: Doc = {"accessIPv4": "", "accessIPv6": "", "addresses": _addresses(call, doc)}
    shown |= {"created": doc["created"], "flavor": _flavor(call, doc)}
    shown["hostId"] = hashlib.sha224((doc["project_id"] + HOST).encode()).hexdigest()
    shown |= {"id": doc["id"], "image": _image(call, doc, image), "links": links(call, "servers", doc["id"])}
    shown |= {"metadata": doc["metadata"], "name": doc["name"], "status": doc["status"]}
    shown |= {"tenant_id": doc["project_id"], "user_id": doc["user_id"], "updated": doc["updated"]}
    if "fault" in doc:
        shown["fault"] = _fault(call, doc["fault"])
    shown["OS-DCF:diskConfig"] = "MANUAL"
    if doc["status"] in ("ACTIVE", "BUILD"):
        shown["progress"] = 0
    shown |= {
        "OS-EXT-AZ:availability_zone": doc.get("pinned_availability_zone") or ZONE,
        "config_drive": doc["config_drive"],
        "key_name": doc["key_name"],
    }
    shown |= {"OS-SRV-USG:launched_at": doc["launched_at"], "OS-SRV-USG:terminated_at": None}
    groups = {"security_groups": [{"name": name} for name in security_group_names(call, doc)]}
    if not groups["security_groups"]:
        groups = {}
    if not detail:
        shown |= groups
    if call.is_admin:
        shown |= _admin_only(call, doc)
    shown |= {"OS-EXT-STS:task_state": doc["task_state"], "OS-EXT-STS:vm_state": _VM_STATE[doc["status"]]}
    shown["OS-EXT-STS:power_state"] = _POWER.get(doc["status"], 0)
    with_flag = call.at_least("2.3")
    shown["os-extended-volumes:volumes_attached"] = [
        {"id": held["volume_id"]}
        | ({"delete_on_termination": held["delete_on_termination"]} if with_flag else {})
        for held in attachments(call, doc)
    ]
    shown |= _newer(call, doc, detail=detail)
    return shown | groups if detail else shown


def _fault(call: Call, fault: Doc) -> Doc:
    """Show why a server failed; where the cloud itself did (500), the trace is for administrators."""
    told = call.is_admin or fault.get("code") != 500  # noqa: PLR2004 -- HTTP statuses are better read as numbers
    return {name: value for name, value in fault.items() if told or name != "details"}


def _newer(call: Call, doc: Doc, *, detail: bool) -> Doc:
    groups = call.backend.state.all("server-group", doc["project_id"])
    member_of = [group["id"] for group in groups if doc["id"] in group["members"]]
    newer: tuple[tuple[str, bool, Doc], ...] = (
        ("2.9", True, {"locked": doc["locked"]}),
        ("2.16", call.is_admin, {"host_status": "UP"}),
        ("2.19", True, {"description": doc["description"]}),
        ("2.26", True, {"tags": doc["tags"]}),
        ("2.63", True, {"trusted_image_certificates": None}),
        ("2.71", not detail, {"server_groups": member_of}),
        ("2.73", True, {"locked_reason": doc["locked_reason"]}),
        ("2.90", not call.is_admin, {"OS-EXT-SRV-ATTR:hostname": doc["hostname"]}),
        ("2.96", True, {"pinned_availability_zone": doc.get("pinned_availability_zone")}),
        ("2.100", True, {"scheduler_hints": doc["scheduler_hints"]}),
    )  # from which microversion on, whether it is shown at all, what is shown
    shown: Doc = {}
    for since, here, more in newer:
        if here and call.at_least(since):
            shown |= more
    return shown


def _admin_only(call: Call, doc: Doc) -> Doc:
    shown: Doc = {"OS-EXT-SRV-ATTR:host": HOST, "OS-EXT-SRV-ATTR:instance_name": doc["instance_name"]}
    shown["OS-EXT-SRV-ATTR:hypervisor_hostname"] = HOST
    if call.at_least("2.3"):
        shown |= {"OS-EXT-SRV-ATTR:hostname": doc["hostname"], "OS-EXT-SRV-ATTR:kernel_id": ""}
        shown |= {"OS-EXT-SRV-ATTR:launch_index": 0, "OS-EXT-SRV-ATTR:ramdisk_id": ""}
        shown["OS-EXT-SRV-ATTR:reservation_id"] = doc["reservation_id"]
        shown["OS-EXT-SRV-ATTR:root_device_name"] = doc["root_device_name"]
        shown["OS-EXT-SRV-ATTR:user_data"] = doc["user_data"]
    return shown


def _addresses(call: Call, doc: Doc) -> Doc:
    found: Doc = {}
    floating = call.backend.state.all("floatingip", doc["project_id"])
    for port in ports_of(call, doc):
        network = call.backend.state.get("network", port["network_id"])
        rows = found.setdefault(network["name"] if network else port["network_id"], [])
        mac = {"OS-EXT-IPS-MAC:mac_addr": port["mac_address"]}
        for fixed in port["fixed_ips"]:
            version = 6 if ":" in fixed["ip_address"] else 4
            rows.append({"version": version, "addr": fixed["ip_address"], "OS-EXT-IPS:type": "fixed", **mac})
        for row in floating:
            if row["port_id"] == port["id"]:
                address = row["floating_ip_address"]
                rows.append({"version": 4, "addr": address, "OS-EXT-IPS:type": "floating", **mac})
    return found


def _flavor(call: Call, doc: Doc) -> Doc:
    flavor = doc["flavor"]
    if call.at_least("2.47"):
        shown: Doc = {
            name: flavor[name] for name in ("vcpus", "ram", "disk", "ephemeral", "swap", "original_name")
        }
        return shown | {"extra_specs": flavor["extra_specs"]}
    return {"id": doc["flavor_id"], "links": [bookmark(call, "flavors", doc["flavor_id"])]}


def _image(call: Call, doc: Doc, image: Doc | None) -> Doc | str:
    if not doc["image_id"]:
        return ""
    shown: Doc = {"id": doc["image_id"], "links": [bookmark(call, "images", doc["image_id"])]}
    if call.at_least("2.98"):
        shown["properties"] = image["properties"] if image else {}
    return shown


def ports_of(call: Call, doc: Doc) -> list[Doc]:
    """Return the server's ports, in the order in which they were plugged."""
    ports = call.backend.state.all("port", doc["project_id"], device_id=doc["id"])
    return sorted(ports, key=lambda port: int(port.get("plugged", 0)))


def security_group_names(call: Call, doc: Doc) -> list[str]:
    """Return the names of the groups on the server's ports, each once."""
    ids = [group for port in ports_of(call, doc) for group in port["security_groups"]]
    groups = [call.backend.state.get("security-group", id_) for id_ in dict.fromkeys(ids)]
    return list(dict.fromkeys(group["name"] for group in groups if group))


def attachments(call: Call, doc: Doc) -> list[Doc]:
    """Return the server's volume attachments, in the order of their devices."""
    held = call.backend.state.all("attachment", doc["project_id"], server_id=doc["id"])
    return sorted(held, key=lambda row: (len(row["device"]), row["device"]))
