"""Limits and use of a project."""

from opencbr.democloud.compute.routes import ROUTES
from opencbr.democloud.request import Call
from opencbr.democloud.response import Response
from opencbr.democloud.state import Doc


@ROUTES.on("GET", "/v2.1/limits")
def limits(call: Call) -> Response:
    """Show limits and use of the caller's project."""
    state = call.backend.state
    servers = state.all("server", call.project_id)
    flavors = [state.get("flavor", server["flavor_id"]) or {} for server in servers]
    old = {} if call.at_least("2.57") else {"maxPersonality": 5, "maxPersonalitySize": 10240}
    absolute: Doc = {"maxTotalCores": 2000, **old, "maxTotalInstances": 1000, "maxTotalKeypairs": 100}
    absolute["maxServerMeta"] = 128
    if not call.at_least("2.39"):
        absolute["maxImageMeta"] = 128
    absolute |= {"maxTotalRAMSize": 5120000, "maxServerGroups": 10, "maxServerGroupMembers": 10}
    if not call.at_least("2.36"):
        absolute |= {"maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1}
    absolute["totalRAMUsed"] = sum(flavor.get("ram", 0) for flavor in flavors)
    absolute["totalCoresUsed"] = sum(flavor.get("vcpus", 0) for flavor in flavors)
    absolute["totalInstancesUsed"] = len(servers)
    if not call.at_least("2.36"):
        absolute |= {"totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0}
    absolute["totalServerGroupsUsed"] = len(state.all("server-group", call.project_id))
    return Response(body={"limits": {"rate": [], "absolute": absolute}})
