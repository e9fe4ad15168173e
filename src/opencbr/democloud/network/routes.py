"""The calls of Neutron, registered by the modules beside this one, and what they share."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.paging import page
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.routing import Routes
from opencbr.democloud.state import Doc

ROUTES = Routes()
_MISSING = {
    "port": ("PortNotFound", "Port {} could not be found."),
    "network": ("NetworkNotFound", "Network {} could not be found."),
    "subnet": ("SubnetNotFound", "Subnet {} could not be found."),
    "router": ("RouterNotFound", "Router {} could not be found"),
    "floatingip": ("FloatingIPNotFound", "Floating IP {} could not be found"),
    "security-group": ("SecurityGroupNotFound", "Security group {} does not exist"),
    "trunk": ("TrunkNotFound", "Trunk {} could not be found."),
    "qos-policy": ("QosPolicyNotFound", "QoS policy {} could not be found."),
    "address-group": ("AddressGroupNotFound", "Address group {} could not be found."),
    "security-group-rule": ("SecurityGroupRuleNotFound", "Security group rule {} does not exist"),
}
_NOT_FILTERS = {"limit", "marker", "fields", "sort_key", "sort_dir", "page_reverse"}


def missing(kind: str, id_: str) -> ApiError:
    """Build the 404 of that kind of resource."""
    name, sentence = _MISSING[kind]
    return ApiError(404, sentence.format(id_), name)


def need(call: Call, kind: str, id_: str) -> Doc:
    """Return a resource the caller may see; a foreign or unknown one is refused with 404."""
    doc = call.backend.state.get(kind, id_)
    if doc is None or not visible(call, kind, doc):
        raise missing(kind, id_)
    return doc


def need_own(call: Call, kind: str, id_: str) -> Doc:
    """Return a resource the caller may change; refuses with 404, and with 403 those who may only read."""
    doc = need(call, kind, id_)
    if not {"admin", "member"} & call.roles or not call.owns(doc):
        raise ApiError(
            403, f"rule:update_{kind.replace('-', '_')} is disallowed by policy", "PolicyNotAuthorized"
        )
    return doc


def need_member(call: Call, rule: str) -> None:
    """Refuse (403) those who may only read."""
    if not {"admin", "member"} & call.roles:
        raise ApiError(403, f"rule:{rule} is disallowed by policy", "PolicyNotAuthorized")


def visible(call: Call, kind: str, doc: Doc) -> bool:
    """Say whether the caller may see `doc`: own, shared, an external network, or a subnet of such a network."""
    if call.owns(doc):
        return True
    if kind == "subnet":
        network = call.backend.state.get("network", doc["network_id"])
        return network is not None and visible(call, "network", network)
    return shared_with(call, doc) or bool(doc.get("router:external"))


def shared_with(call: Call, doc: Doc) -> bool:
    """Say whether `doc` is shared with everybody or with the caller's project: what Neutron shows as `shared`."""
    targets = ("*", call.project_id)
    policies = call.backend.state.all("rbac-policy")
    return bool(doc.get("shared")) or any(
        policy["object_id"] == doc["id"] and policy["target_tenant"] in targets for policy in policies
    )


def add_standard_attributes(backend: Backend, project_id: str, doc: Doc) -> Doc:
    """Add Neutron's standard attributes: project, description, tags, times and revision number."""
    now = backend.clock.zulu_time()
    own: Doc = {"project_id": project_id, "tenant_id": project_id, "description": "", "tags": []}
    return own | doc | {"created_at": now, "updated_at": now, "revision_number": 0}


def bump_revision(backend: Backend, doc: Doc) -> Doc:
    """Return the resource with its next revision number."""
    return doc | {"updated_at": backend.clock.zulu_time(), "revision_number": doc["revision_number"] + 1}


def select(call: Call, kind: str) -> list[Doc]:
    """Return the resources of that kind that the caller may see and the query asks for."""
    devices = call.query_lists.get("device_id", []) if kind == "port" else []
    found_by = {"device_id": devices[0]} if len(devices) == 1 else {}
    docs = [doc for doc in call.backend.state.all(kind, **found_by) if visible(call, kind, doc)]
    for name, values in call.query_lists.items():
        if name == "fixed_ips":
            docs = [d for d in docs if all(_has_address(d, value) for value in values)]
        elif name not in _NOT_FILTERS:
            docs = [d for d in docs if name not in d or _fits(d[name], values)]
    return docs


def _fits(value: object, wanted: list[str]) -> bool:
    texts = [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return any(text.lower() == want.lower() for text in texts for want in wanted)


def _has_address(doc: Doc, wanted: str) -> bool:
    field, _, value = wanted.partition("=")
    return any(fixed.get(field) == value for fixed in doc["fixed_ips"])


def listing(call: Call, name: str, rows: list[Doc]) -> Response:
    """Answer with a page of a list; `fields` keeps only the named ones."""
    rows, following = page(call, rows, call.base + call.path)
    fields = call.query_lists.get("fields")
    if fields:
        rows = [{field: row[field] for field in fields if field in row} for row in rows]
    body: Doc = {name: rows}
    if following:
        body[f"{name}_links"] = [{"rel": "next", "href": following}]
    return Response(body=body)


@ROUTES.on("GET", "/", open=True)
def versions(call: Call) -> Response:
    """List the versions."""
    links = [{"rel": "self", "href": f"{call.base}/v2.0/"}]
    return Response(body={"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]})


@ROUTES.on("GET", "/v2.0/extensions")
def extensions(call: Call) -> Response:
    """List the extensions a backup service looks for."""
    aliases = (
        "address-group",
        "binding",
        "expose-port-forwarding-in-fip",
        "external-net",
        "floating-ip-port-forwarding",
        "port-security",
        "provider",
        "qos",
        "rbac-policies",
        "router",
        "security-group",
        "security-groups-remote-address-group",
        "standard-attr-tag",
        "trunk",
        "trunk-details",
    )
    rows: list[Doc] = [
        {
            "name": alias,
            "alias": alias,
            "description": "",
            "updated": call.backend.clock.zulu_time(),
            "links": [],
        }
        for alias in aliases
    ]
    return Response(body={"extensions": rows})
