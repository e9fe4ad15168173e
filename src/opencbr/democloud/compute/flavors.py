"""Flavors, Nova's services, limits and zones: what is only read."""

from opencbr.democloud.compute.routes import HOST, ROUTES, ZONE, links, need_admin
from opencbr.democloud.state import Doc
from opencbr.democloud.wire import Answer, Call, Refusal


def flavor_view(call: Call, doc: Doc) -> Doc:
    """Show a flavor."""
    modern = call.at_least("2.75")
    shown: Doc = {"id": doc["id"], "name": doc["name"], "ram": doc["ram"], "disk": doc["disk"]}
    shown |= {"swap": doc["swap"] if modern or doc["swap"] else "", "OS-FLV-EXT-DATA:ephemeral": 0}
    if not modern:
        shown["OS-FLV-DISABLED:disabled"] = False
    shown |= {"vcpus": doc["vcpus"], "os-flavor-access:is_public": True}
    if not modern:
        shown["rxtx_factor"] = 1.0
    shown["links"] = links(call, "flavors", doc["id"])
    if call.at_least("2.55"):
        shown["description"] = doc["description"]
    if call.at_least("2.61"):
        shown["extra_specs"] = doc["extra_specs"]
    return shown


@ROUTES.on("GET", "/v2.1/flavors")
@ROUTES.on("GET", "/v2.1/flavors/detail")
def list_flavors(call: Call) -> Answer:
    """List the flavors."""
    flavors = call.world.state.all("flavor")
    if call.path.rstrip("/").endswith("/detail"):
        return Answer(body={"flavors": [flavor_view(call, doc) for doc in flavors]})
    short = [{"id": d["id"], "name": d["name"], "links": links(call, "flavors", d["id"])} for d in flavors]
    return Answer(body={"flavors": short})


@ROUTES.on("GET", "/v2.1/flavors/{flavor}")
def show_flavor(call: Call) -> Answer:
    """Show one flavor."""
    return Answer(body={"flavor": flavor_view(call, need_flavor(call, call.params["flavor"]))})


@ROUTES.on("GET", "/v2.1/flavors/{flavor}/os-extra_specs")
def show_extra_specs(call: Call) -> Answer:
    """Show the extra specs of a flavor."""
    return Answer(body={"extra_specs": need_flavor(call, call.params["flavor"])["extra_specs"]})


def need_flavor(call: Call, id_: str) -> Doc:
    """Return the flavor; refuses with 404."""
    doc = call.world.state.get("flavor", id_)
    if doc is None:
        raise Refusal(404, f"Flavor {id_} could not be found.")
    return doc


@ROUTES.on("GET", "/v2.1/os-services")
def list_services(call: Call) -> Answer:
    """List Nova's daemons."""
    need_admin(call, "os_compute_api:os-services:list")
    rows = []
    for doc in call.world.state.all("nova-service"):
        row: Doc = {"binary": doc["binary"], "host": HOST}
        row["id"] = doc["uuid"] if call.at_least("2.53") else doc["number"]
        row["zone"] = ZONE if doc["binary"] == "nova-compute" else "internal"
        row |= {"status": "enabled", "state": doc["state"], "updated_at": call.world.long_time()}
        row["disabled_reason"] = None
        if call.at_least("2.11"):
            row["forced_down"] = False
        rows.append(row)
    return Answer(body={"services": rows})


@ROUTES.on("GET", "/v2.1/os-availability-zone")
def zones(_: Call) -> Answer:
    """List the one zone."""
    row = {"zoneName": ZONE, "zoneState": {"available": True}, "hosts": None}
    return Answer(body={"availabilityZoneInfo": [row]})


@ROUTES.on("GET", "/v2.1/limits")
def limits(call: Call) -> Answer:
    """Show limits and use of the caller's project."""
    state = call.world.state
    servers = state.all("server", call.project_id)
    flavors = [state.get("flavor", server["flavor_id"]) or {} for server in servers]
    old = {} if call.at_least("2.57") else {"maxPersonality": 5, "maxPersonalitySize": 10240}
    absolute: Doc = {"maxTotalCores": 200, **old, "maxTotalInstances": 100, "maxTotalKeypairs": 100}
    absolute["maxServerMeta"] = 128
    if not call.at_least("2.39"):
        absolute["maxImageMeta"] = 128
    absolute |= {"maxTotalRAMSize": 512000, "maxServerGroups": 10, "maxServerGroupMembers": 10}
    if not call.at_least("2.36"):
        absolute |= {"maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1}
    absolute["totalRAMUsed"] = sum(flavor.get("ram", 0) for flavor in flavors)
    absolute["totalCoresUsed"] = sum(flavor.get("vcpus", 0) for flavor in flavors)
    absolute["totalInstancesUsed"] = len(servers)
    if not call.at_least("2.36"):
        absolute |= {"totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0}
    absolute["totalServerGroupsUsed"] = len(state.all("server-group", call.project_id))
    return Answer(body={"limits": {"rate": [], "absolute": absolute}})
