"""The calls of Cinder, registered by the modules beside this one, and what they share."""

from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.routing import Routes
from opencbr.democloud.state import Doc

ROUTES = Routes()
HOST = "democloud"
NEWEST = "3.71"
PROJECT = "/v3/{project}"


def need(call: Call, kind: str, id_: str, label: str | None = None) -> Doc:
    """Return the caller's volume, snapshot or backup; a foreign or unknown one is refused with 404."""
    doc = call.backend.state.get(kind, id_)
    if doc is None or not call.owns(doc):
        raise ApiError(404, f"{label or kind.capitalize()} {id_} could not be found.")
    return doc


def need_admin(call: Call, rule: str) -> None:
    """Refuse (403) everybody but an admin, naming Cinder's policy rule; what the operator gives to nobody, an admin too."""
    if not call.is_admin or rule in call.backend.forbidden:
        raise ApiError(403, f"Policy doesn't allow {rule} to be performed.")


def need_member(call: Call, rule: str) -> None:
    """Refuse (403) those who may only read."""
    if not {"admin", "member"} & call.roles:
        raise ApiError(403, f"Policy doesn't allow {rule} to be performed.")


def links(call: Call, kind: str, id_: str) -> list[Doc]:
    """Return the two links of a resource, made with the caller's project as Cinder does."""
    own = f"{call.base}/v3/{call.project_id}/{kind}/{id_}"
    return [{"rel": "self", "href": own}, {"rel": "bookmark", "href": own.replace("/v3/", "/", 1)}]


def select(call: Call, kind: str, known: set[str]) -> list[Doc]:
    """Filter and sort what there is of a kind by the query; refuses (400) filters that Cinder does not know.

    A filter with a tilde (`name~`) wants a part of the value and, as Cinder is shipped, is for admins only.
    """
    everywhere = call.query.get("all_tenants", "0") in ("1", "True", "true") and call.is_admin
    found_by = {name: call.query[name] for name in ("name", "status", "volume_id") if name in call.query}
    docs = call.backend.state.all(kind, None if everywhere else call.project_id, **found_by)
    for name, value in call.query.items():
        if name in ("limit", "marker", "offset", "sort", "sort_key", "sort_dir", "all_tenants", "with_count"):
            continue
        field = name.rstrip("~")
        if (name.endswith("~") and not call.is_admin) or field not in known | {"project_id"}:
            raise ApiError(400, f"Invalid filters {name} are found in query options.")
        if field == "metadata":
            docs = [doc for doc in docs if _metadata_of(value).items() <= doc["metadata"].items()]
        elif name.endswith("~"):
            docs = [doc for doc in docs if value in str(doc.get(field))]
        else:
            docs = [doc for doc in docs if str(doc.get(field)) == value]
    return _sorted(call, kind, docs)


def marked(call: Call, kind: str) -> list[Doc] | None:
    """Return all that a `marker` may name, in the list's order: Cinder, like Nova, takes one of any project (404: of none)."""
    marker = call.query.get("marker")
    if marker is None:
        return None
    if call.backend.state.get(kind, marker) is None:
        raise ApiError(404, f"{kind.capitalize()} {marker} could not be found.")
    return _sorted(call, kind, call.backend.state.all(kind))


def _metadata_of(text: str) -> Doc:
    pairs = [part.split(":", 1) for part in text.strip("{} ").split(",") if ":" in part]
    return {key.strip(" '\"u"): value.strip(" '\"") for key, value in pairs}


def _sorted(call: Call, kind: str, docs: list[Doc]) -> list[Doc]:
    asked = call.query
    text = asked.get("sort") or f"{asked.get('sort_key', 'created_at')}:{asked.get('sort_dir', 'desc')}"
    ordered = docs  # oldest first, as stored
    for part in reversed(text.split(",")):
        key, _, direction = part.partition(":")
        if docs and key not in docs[0]:
            raise ApiError(400, f"Invalid input received: Sort key supplied is invalid: {key} of {kind}")
        ordered = sorted(ordered, key=lambda doc: (doc[key] is not None, doc[key]))
        if direction != "asc":
            ordered.reverse()
    return ordered


@ROUTES.on("GET", "/", open=True)
def versions(call: Call) -> Response:
    """List the versions."""
    return Response(300, _versions(call))


@ROUTES.on("GET", "/v3")
def version(call: Call) -> Response:
    """Show the version that was asked for."""
    return Response(200, _versions(call))


def _versions(call: Call) -> Doc:
    describes = {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"}
    media = {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
    one: Doc = {"id": "v3.0", "status": "CURRENT", "version": NEWEST, "min_version": "3.0"}
    one |= {"updated": "2023-08-31T00:00:00Z"}
    one["links"] = [describes, {"rel": "self", "href": f"{call.base}/v3/"}]
    return {"versions": [one | {"media-types": [media]}]}
