"""From a row of the route table to what answers its requests.

A request goes: path → sign-in → project → right → body and query → use case → answer. There is no middleware:
what every request needs is done here, once and in sight.
"""

from dataclasses import dataclass
from functools import partial

import msgspec

from opencbr.api.auth import Authenticator
from opencbr.api.body import body_of, decode_body
from opencbr.api.errors import bad_parameter, no_such_path
from opencbr.api.query import QueryReader
from opencbr.api.request import Request
from opencbr.api.response import Environ, Headers, Reply, Responder, status_line
from opencbr.api.rights import Rights
from opencbr.api.route import Route
from opencbr.api.signature import SignedRequest
from opencbr.model.clock import Clock
from opencbr.model.errors import NOT_ALLOWED, CbrError
from opencbr.model.ids import is_project_id
from opencbr.service.context import Actor, Context
from opencbr.service.services import Services

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What stands between the network and the use cases."""

    services: Services
    authenticator: Authenticator
    rights: Rights
    clock: Clock


def responder(route: Route, dependencies: Dependencies) -> Responder:
    """Make the responder of one operation.

    Where the path names no project, the credential's is meant.
    """
    handler, right, types = route.handler, route.right, route.types
    in_project, success = route.operation.in_project, status_line(route.operation.success)
    query_reader = QueryReader(types.query) if types.query is not None else None
    body_type = types.body
    headers: Headers = (("Content-Type", types.media_type),) if types.media_type else ()
    sign_in, allows = dependencies.authenticator.sign_in, dependencies.rights.allows
    services, read_clock = dependencies.services, dependencies.clock.now

    def respond(environ: Environ, request_id: str, path: dict[str, str]) -> Reply:
        now = read_clock()
        session = sign_in(
            now,
            environ.get("HTTP_X_AUTH_TOKEN"),
            environ.get("HTTP_AUTHORIZATION"),
            partial(_signed_request, environ),
        )
        caller = session.caller
        if in_project and (project_id := path.pop("project_id")) != caller.project_id:
            raise _another_project(project_id)
        if not allows(session, right):
            raise CbrError(
                NOT_ALLOWED, f"Your roles do not allow {right}: ask the project's admin for a role that does."
            )
        answer = handler(
            Request(
                Context(Actor(caller.user_id), caller.project_id, request_id, now, partial(allows, session)),
                path,
                query_reader.read(environ.get("QUERY_STRING", "")) if query_reader else None,
                decode_body(body_type, environ.get("CONTENT_TYPE", ""), body_of(environ))
                if body_type
                else None,
                services,
            )
        )
        if answer is None:
            return success, b"", ()
        return success, answer if isinstance(answer, bytes) else _encode(answer), headers

    return respond


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


def _signed_request(environ: Environ) -> SignedRequest:
    def header(name: str) -> bytes | None:
        key = name.upper().replace("-", "_")
        value = environ.get(key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}")
        return None if value is None else value.encode("latin-1")

    return SignedRequest(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1"),
        query=environ.get("QUERY_STRING", ""),
        header=header,
        body=body_of(environ),
    )
