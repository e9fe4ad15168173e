"""From a row of the route table to what answers its requests.

A request goes: path → sign-in → project → right → body and query → use case → answer. There is no middleware:
what every request needs is done here, once and in sight. The event loop does what waits for nothing and reads the body,
never before the credential is known; Keystone is asked and the use case runs in the threads that `pools` keeps for it.
"""

from dataclasses import dataclass, field
from functools import partial

from opencbr.api.audit import note_change
from opencbr.api.auth import Authenticator, Session, check_signature, read_credential
from opencbr.api.body import Bodies, decode_body
from opencbr.api.errors import bad_parameter, no_such_path
from opencbr.api.exchange import Exchange
from opencbr.api.pools import Pool, Pools
from opencbr.api.query import QueryReader, bound_query
from opencbr.api.request import Request
from opencbr.api.response import Headers, Reply, Responder, encode
from opencbr.api.rights import Rights
from opencbr.api.route import Route
from opencbr.api.signature import Claim
from opencbr.model.clock import Clock
from opencbr.model.errors import NOT_ALLOWED, CbrError
from opencbr.model.ids import is_project_id
from opencbr.service.context import Actor, Can, Context
from opencbr.service.services import Services

METADATA = "cbr:backups:getMetadata"
VIEW, MASKED = "X-Opencbr-View", "masked"
"""A header of ours: who may see secrets asks for the masked view with it, so that none is read and no audit line written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What stands between the network and the use cases.

    `deadline_seconds` is what a request has in all; `endpoint` is the address that clients see, "" where nobody has said it.
    """

    services: Services
    authenticator: Authenticator
    rights: Rights
    clock: Clock
    pools: Pools = field(default_factory=lambda: Pools(8))
    bodies: Bodies = field(default_factory=Bodies)
    deadline_seconds: float = 30.0
    endpoint: str = ""


def responder(route: Route, dependencies: Dependencies) -> Responder:
    """Make the responder of one operation.

    Where the path names no project, the credential's is meant.
    """
    handler, right, types = route.handler, route.right, route.types
    in_project, success = route.operation.in_project, route.operation.success
    query_reader = QueryReader(types.query) if types.query is not None else None
    body_type = types.body
    headers: Headers = (("Content-Type", types.media_type),) if types.media_type else ()
    authenticator, allows = dependencies.authenticator, dependencies.rights.allows
    services, read_clock, bodies = dependencies.services, dependencies.clock.now, dependencies.bodies
    pools = dependencies.pools
    changes = route.operation.method != "GET"
    rights_for = _rights_for_view if right == METADATA else _all_rights
    sign_in, signatures, pool = pools.sign_in, pools.signatures, _pool(route, pools)

    async def respond(exchange: Exchange, request_id: str, path: dict[str, str]) -> Reply:
        now = read_clock()
        bound_query(exchange.query)
        credential = read_credential(exchange)
        known = authenticator.recall(credential, now)
        if known is None:
            known = await sign_in.run(partial(authenticator.ask, credential, now))
        body = None
        if isinstance(credential, Claim):
            body = await bodies.read(exchange, credential.access, verified=False)
            check = partial(check_signature, exchange, credential, body, known.secret, now)
            await signatures.run(check, known.session.caller.project_id)
        session = known.session
        caller = session.caller
        if in_project and (project_id := path.pop("project_id")) != caller.project_id:
            raise _another_project(project_id)
        if not allows(session, right):
            raise CbrError(
                NOT_ALLOWED, f"Your roles do not allow {right}: ask the project's admin for a role that does."
            )
        if body is None and body_type is not None:
            body = await bodies.read(exchange, caller.user_id, verified=True)
        can = rights_for(exchange, partial(allows, session))
        rights_in = partial(_rights_in, dependencies, session)
        ctx = Context(Actor(caller.user_id), caller.project_id, request_id, now, can, rights_in)

        def answer() -> Reply:
            given = handler(
                Request(
                    ctx,
                    path,
                    query_reader.read(exchange.query) if query_reader else None,
                    decode_body(body_type, exchange.header("content-type") or "", body or b"")
                    if body_type
                    else None,
                    services,
                    caller,
                )
            )
            if changes:
                note_change(route.operation, ctx, path, given)
            if given is None:
                return success, b"", ()
            return success, given if isinstance(given, bytes) else encode(given), headers

        return await pool.run(answer, caller.project_id)

    return respond


def _rights_in(dependencies: Dependencies, session: Session, project_id: str) -> Can | None:
    """Give what says what the caller may do in another project; None where that is none for them."""
    there = dependencies.authenticator.elsewhere(session, project_id)
    return None if there is None else partial(dependencies.rights.allows, there)


def _all_rights(_exchange: Exchange, can: Can) -> Can:
    return can


def _rights_for_view(exchange: Exchange, can: Can) -> Can:
    """Give no right to see secrets where the masked view is asked for; a view that nobody knows is no whole one."""
    view = exchange.header(VIEW.lower())
    if not view:
        return can
    if view.strip().lower() != MASKED:
        raise bad_parameter(f"{VIEW} knows one view: send {MASKED}, or leave the header out.")
    return lambda _right: False


def _pool(route: Route, pools: Pools) -> Pool:
    if route.upstream:
        return pools.upstream
    return pools.reads if route.operation.method == "GET" else pools.changes


def _another_project(project_id: str) -> CbrError:
    if project_id == "{project_id}":
        # An SDK client made without a project id and without a region sends the template (contract 9.4).
        return bad_parameter(
            "The path has no project id: give the client its project_id (in the SDK's credentials)."
        )
    if not is_project_id(project_id):
        no_such_path()
    return CbrError(
        NOT_ALLOWED, "The project in the path is not the credential's: use a credential of this project."
    )
