"""Quotas of Neutron with what is used of them."""

from opencbr.democloud.network.routes import ROUTES
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc

_DEFAULTS = {
    "floatingip": ("floatingip", 50),
    "network": ("network", 100),
    "port": ("port", 500),
    "router": ("router", 10),
    "security_group": ("security-group", 10),
    "security_group_rule": ("security-group-rule", 100),
    "subnet": ("subnet", 100),
    "trunk": ("trunk", 200),
}


@ROUTES.on("GET", "/v2.0/quotas/{target}/details.json")
def details(call: Call) -> Response:
    """Show a project's quotas, and what it has."""
    target, state = call.params["target"], call.backend.state
    if target != call.project_id and not call.is_admin:
        raise ApiError(403, "rule:get_quota is disallowed by policy", "PolicyNotAuthorized")
    limits = state.get("network-quota", target) or {}
    rows: Doc = {
        name: {"used": len(state.all(kind, target)), "limit": limits.get(name, limit), "reserved": 0}
        for name, (kind, limit) in _DEFAULTS.items()
    }
    return Response(body={"quota": rows})


@ROUTES.on("PUT", "/v2.0/quotas/{target}")
def change(call: Call) -> Response:
    """Set limits of a project."""
    if not call.is_admin:
        raise ApiError(403, "rule:update_quota is disallowed by policy", "PolicyNotAuthorized")
    target, state = call.params["target"], call.backend.state
    new = {name: int(value) for name, value in call.body("quota").items() if name in _DEFAULTS}
    doc = state.put("network-quota", (state.get("network-quota", target) or {"id": target}) | new)
    shown = {name: doc.get(name, limit) for name, (_, limit) in _DEFAULTS.items()}
    return Response(body={"quota": shown})
