"""Roles, their assignments to users and groups, and the effective roles of a user on a project or domain."""

from opencbr.democloud.identity.groups import GROUP, groups_of
from opencbr.democloud.identity.routes import DOMAIN, ROUTES, linked, listing, need, need_admin
from opencbr.democloud.identity.tokens import APPLICATION_CREDENTIAL
from opencbr.democloud.identity.users import drop_held
from opencbr.democloud.ids import new_hex
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc, State

IMPLIED = {
    "admin": "manager",
    "manager": "member",
    "member": "reader",
}  # as Keystone's bootstrap sets them up


def grant(
    state: State,
    holder: str,
    role_id: str,
    *,
    scope: str,
    target: str,
    inherited: bool = False,
    to: str = "user",
) -> None:
    """Give a user or a group a role on a "project" or "domain"; giving it twice changes nothing."""
    key = f"{scope}:{target}:{holder}:{role_id}:{inherited}"
    doc: Doc = {"id": key, "scope": scope, "target": target, "role_id": role_id, "inherited": inherited}
    holders: Doc = {"user_id": None, "group_id": None}
    state.put("grant", doc | holders | {f"{to}_id": holder})


def effective(state: State, user_id: str, *, scope: str, target: str) -> list[tuple[Doc, Doc]]:
    """Return (grant, role) for every role the user has there, those of groups, inherited and implied ones included."""
    groups = groups_of(state, user_id)
    roles = {role["id"]: role for role in state.all("role")}
    found: dict[str, tuple[Doc, Doc]] = {}
    for held in state.all("grant"):
        here = (held["scope"], held["target"], held["inherited"]) == (scope, target, False)
        from_domain = scope == "project" and held["scope"] == "domain" and held["inherited"]
        is_held = held["user_id"] == user_id or held.get("group_id") in groups
        if not is_held or not (here or from_domain):
            continue
        for role in implied(state, roles[held["role_id"]]):
            found.setdefault(role["id"], (held, role))
    return list(found.values())


def implied(state: State, role: Doc) -> list[Doc]:
    """Return the role and all that it implies."""
    by_name = {one["name"]: one for one in state.all("role")}
    found = [role]
    while following := by_name.get(IMPLIED.get(found[-1]["name"], "")):
        found.append(following)
    return found


@ROUTES.on("GET", "/v3/roles")
def list_roles(call: Call) -> Response:
    """List the roles, all or the one of that name."""
    need_admin(call, "list_roles")
    name = call.query.get("name")
    roles = [r for r in call.backend.state.all("role") if name in (None, r["name"])]
    return listing(call, "roles", [linked(call, "roles", role) for role in roles])


@ROUTES.on("GET", "/v3/roles/{role}")
def show_role(call: Call) -> Response:
    """Show one role."""
    need_admin(call, "get_role")
    return Response(body={"role": linked(call, "roles", need(call, "role", call.params["role"]))})


@ROUTES.on("POST", "/v3/roles")
def create_role(call: Call) -> Response:
    """Create a role."""
    need_admin(call, "create_role")
    name = call.body("role")["name"]
    if call.backend.state.find("role", name=name):
        raise ApiError(
            409, f"Conflict occurred attempting to store role - Duplicate entry found with name {name}."
        )
    return Response(201, {"role": linked(call, "roles", make_role(call.backend.state, name))})


def make_role(state: State, name: str) -> Doc:
    """Store a new role."""
    doc: Doc = {"id": new_hex(), "name": name, "domain_id": None, "description": None, "options": {}}
    return state.put("role", doc)


def _place(call: Call, scope: str, to: str) -> tuple[str, str, str]:
    need_admin(call, "create_grant")
    role = need(call, "role", call.params["role"])
    holder = need(call, to, call.params["holder"])
    target = need(call, scope, call.params["target"])
    return holder["id"], role["id"], target["id"]


def _key(place: tuple[str, str, str], scope: str, *, inherited: bool) -> str:
    holder, role, target = place
    return f"{scope}:{target}:{holder}:{role}:{inherited}"


def _grant_calls(path: str, scope: str, to: str, *, inherited: bool) -> None:
    @ROUTES.on("PUT", path)
    def give(call: Call) -> Response:
        holder, role, target = _place(call, scope, to)
        grant(call.backend.state, holder, role, scope=scope, target=target, inherited=inherited, to=to)
        return Response(204)

    @ROUTES.on("GET", path)
    def check(call: Call) -> Response:
        key = _key(_place(call, scope, to), scope, inherited=inherited)
        if call.backend.state.get("grant", key) is None:
            raise ApiError(404, f"Could not find role assignment with role: {call.params['role']}.")
        return Response(204)

    @ROUTES.on("DELETE", path)
    def take(call: Call) -> Response:
        check(call)
        place = _place(call, scope, to)
        call.backend.state.drop("grant", _key(place, scope, inherited=inherited))
        if scope == "project" and to == "user":
            drop_held(call.backend.state, APPLICATION_CREDENTIAL, place[0], place[2])
        return Response(204)


for _to in ("user", GROUP):
    _held = f"{{target}}/{_to}s/{{holder}}/roles/{{role}}"
    _grant_calls(f"/v3/projects/{_held}", "project", _to, inherited=False)
    _grant_calls(f"/v3/domains/{_held}", "domain", _to, inherited=False)
    _grant_calls(f"/v3/OS-INHERIT/domains/{_held}/inherited_to_projects", "domain", _to, inherited=True)


@ROUTES.on("GET", "/v3/role_assignments")
def list_assignments(call: Call) -> Response:
    """List the role assignments; `effective` spells out inherited and implied roles for each project."""
    need_admin(call, "list_role_assignments")
    query, state = call.query, call.backend.state
    names = query.get("include_names", "false") not in ("false", "0", "False")
    rows: list[Doc] = []
    if query.get("effective", "false") not in ("false", "0", "False"):
        for user in state.all("user"):
            for scope in ("project", "domain"):
                for target in state.all(scope):
                    held = effective(state, user["id"], scope=scope, target=target["id"])
                    rows += [
                        _row(call, g, r, user=user, scope=scope, target=target, names=names) for g, r in held
                    ]
    else:
        for held_grant in state.all("grant"):
            to = GROUP if held_grant.get("group_id") else "user"
            holder = need(call, to, held_grant[f"{to}_id"])
            role = need(call, "role", held_grant["role_id"])
            target = need(call, held_grant["scope"], held_grant["target"])
            where: Doc = {"scope": held_grant["scope"], "target": target, to: holder}
            rows.append(_row(call, held_grant, role, names=names, **where))
    for name, wanted in query.items():
        part, _, field = name.rpartition(".")
        if field == "id" and part in ("user", GROUP, "role"):
            rows = [row for row in rows if row.get(part, {}).get("id") == wanted]
        elif part.startswith("scope.") and field == "id":
            kind = part.removeprefix("scope.")
            rows = [row for row in rows if row["scope"].get(kind, {}).get("id") == wanted]
        elif name == "scope.OS-INHERIT:inherited_to":
            rows = [row for row in rows if "OS-INHERIT:inherited_to" in row["scope"]]
    return listing(call, "role_assignments", rows)


def _row(
    call: Call,
    held: Doc,
    role: Doc,
    *,
    scope: str,
    target: Doc,
    names: bool,
    user: Doc | None = None,
    group: Doc | None = None,
) -> Doc:
    """Show an assignment of a user or a group; with a user, one of a group is that of each of its users."""
    holder, to = (user, "user") if user else (group or {}, GROUP)
    by_group = held.get("group_id")
    via = f"groups/{by_group}" if by_group else f"users/{held['user_id']}"
    address = f"{call.base}/v3/{held['scope']}s/{held['target']}/{via}/roles/{held['role_id']}"
    where: Doc = {"id": target["id"]}
    who: Doc = {"id": holder["id"]}
    what: Doc = {"id": role["id"]}
    if names:
        what["name"] = role["name"]
        who |= {"name": holder["name"], "domain": DOMAIN}
        where["name"] = target["name"]
        if scope == "project":
            where["domain"] = DOMAIN
    place: Doc = {scope: where}
    if held["inherited"] and scope == "domain":
        place["OS-INHERIT:inherited_to"] = "projects"
    links = {"assignment": address}
    if user and by_group:
        links["membership"] = f"{call.base}/v3/groups/{by_group}/users/{user['id']}"
    if role["id"] != held["role_id"]:
        links["prior_role"] = f"{call.base}/v3/prior_role/{role['id']}/implies/{held['role_id']}"
    return {"links": links, "scope": place, to: who, "role": what}
