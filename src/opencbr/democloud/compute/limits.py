"""Limits and use of a project."""

from opencbr.democloud.compute.routes import ROUTES, need_admin
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc

_DEFAULTS = {"cores": 2000, "instances": 1000, "ram": 5120000}


@ROUTES.on("GET", "/v2.1/limits")
def limits(call: Call) -> Response:
    """Show limits and use of the caller's project."""
    state = call.backend.state
    servers = state.all("server", call.project_id)
    flavors = [state.get("flavor", server["flavor_id"]) or {} for server in servers]
    may = _DEFAULTS | (state.get("compute-quota", call.project_id) or {})
    old = {} if call.at_least("2.57") else {"maxPersonality": 5, "maxPersonalitySize": 10240}
    absolute: Doc = {"maxTotalCores": may["cores"], **old, "maxTotalInstances": may["instances"]}
    absolute["maxTotalKeypairs"] = 100
    absolute["maxServerMeta"] = 128
    if not call.at_least("2.39"):
        absolute["maxImageMeta"] = 128
    absolute |= {"maxTotalRAMSize": may["ram"], "maxServerGroups": 10, "maxServerGroupMembers": 10}
    if not call.at_least("2.36"):
        absolute |= {"maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1}
    absolute["totalRAMUsed"] = sum(flavor.get("ram", 0) for flavor in flavors)
    absolute["totalCoresUsed"] = sum(flavor.get("vcpus", 0) for flavor in flavors)
    absolute["totalInstancesUsed"] = len(servers)
    if not call.at_least("2.36"):
        absolute |= {"totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0}
    absolute["totalServerGroupsUsed"] = len(state.all("server-group", call.project_id))
    return Response(body={"limits": {"rate": [], "absolute": absolute}})


@ROUTES.on("PUT", "/v2.1/os-quota-sets/{target}")
def set_quota(call: Call) -> Response:
    """Set a project's limits."""
    need_admin(call, "os_compute_api:os-quota-sets:update")
    state, target = call.backend.state, call.params["target"]
    new = {name: int(value) for name, value in call.body("quota_set").items() if name in _DEFAULTS}
    doc = state.put("compute-quota", (state.get("compute-quota", target) or {"id": target}) | new)
    return Response(body={"quota_set": {name: doc.get(name, limit) for name, limit in _DEFAULTS.items()}})
