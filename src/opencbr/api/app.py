"""The WSGI application: each row of the route table becomes a responder of falcon's compiled router.

A request goes: path → sign-in → project → right → body and query → use case → answer. There is no middleware:
what every request needs is done here, once and in sight.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import falcon
import msgspec

from opencbr.api.auth import Authenticator
from opencbr.api.errors import bad_parameter, failure_of, no_such_path
from opencbr.api.health import Alive, Readiness, Ready
from opencbr.api.openapi import document
from opencbr.api.request import QueryReader, decode_body, read_body
from opencbr.api.rights import Rights
from opencbr.api.route import Request, Route
from opencbr.api.routes import ROUTES
from opencbr.api.signature import SignedRequest
from opencbr.api.versions import Versions
from opencbr.model.clock import Clock
from opencbr.model.errors import NOT_ALLOWED, CbrError
from opencbr.model.ids import is_project_id, random_uuid
from opencbr.service.context import Context
from opencbr.service.services import Services

Responder = Callable[..., None]
_encode = msgspec.json.Encoder().encode
_REQUEST_ID = "X-Request-Id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What stands between the network and the use cases."""

    services: Services
    authenticator: Authenticator
    rights: Rights
    readiness: Readiness
    clock: Clock


def create_app(
    doors: Doors, routes: tuple[Route, ...] = ROUTES
) -> falcon.App[falcon.Request, falcon.Response]:
    """Make the application; thread-safe, one a process."""
    app = falcon.App(media_type=falcon.MEDIA_JSON)
    # falcon's own errors have handlers of falcon's, which would win as the more exact ones.
    for kind in (Exception, falcon.HTTPError, falcon.HTTPStatus):
        app.add_error_handler(kind, _on_error)
    by_path: dict[str, list[Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, []).append(route)
    for path, rows in by_path.items():
        app.add_route(path, _resource(rows, doors))
    versions = Versions()
    for path, resource in (
        ("/", versions),
        ("/v3", versions),
        ("/v3/", versions),
        ("/healthz", Alive()),
        ("/readyz", Ready(doors.readiness)),
        ("/openapi.json", _Document(routes)),
    ):
        app.add_route(path, _with_request_id(resource))
    return app


def _resource(rows: Iterable[Route], doors: Doors) -> Any:
    """Make the object that falcon wants for one path: a responder for each method, HEAD beside GET."""
    responders: dict[str, Responder] = {}
    for route in rows:
        responder = _responder(route, doors)
        responders[f"on_{route.method.lower()}"] = responder
        if route.method == "GET":
            responders["on_head"] = responder
    return _with_options("Path", responders)


def _with_options(name: str, responders: dict[str, Responder]) -> Any:
    """Make a resource, with OPTIONS naming its methods: falcon's own would answer without a request id."""
    allowed = ", ".join(sorted(responder.removeprefix("on_").upper() for responder in responders))

    def on_options(req: falcon.Request, resp: falcon.Response, **_path: str) -> None:
        _begin(req, resp)
        resp.set_header("Allow", allowed)

    every = responders | {"on_options": on_options}
    return type(name, (), {key: staticmethod(responder) for key, responder in every.items()})()


def _responder(route: Route, doors: Doors) -> Responder:
    handler, right, body_type = route.handler, route.right, route.body
    success = falcon.code_to_http_status(route.success)
    query_reader = QueryReader(route.query) if route.query is not None else None
    authenticator, rights, services, clock = doors.authenticator, doors.rights, doors.services, doors.clock

    def respond(req: falcon.Request, resp: falcon.Response, project_id: str, **path: str) -> None:
        request_id = _begin(req, resp)
        environ = req.env
        if "" in path.values():
            no_such_path()
        _check_project(project_id)
        body = read_body(environ)
        now = clock.now()
        session = authenticator.sign_in(
            now,
            environ.get("HTTP_X_AUTH_TOKEN"),
            environ.get("HTTP_AUTHORIZATION"),
            lambda: _signed_request(environ, body),
        )
        caller = session.caller
        if project_id != caller.project_id:
            raise CbrError(
                NOT_ALLOWED,
                "The project in the path is not the credential's: use a credential of this project.",
            )
        if not rights.allows(session, right):
            raise CbrError(
                NOT_ALLOWED, f"Your roles do not allow {right}: ask the project's admin for a role that does."
            )
        ctx = Context(caller, project_id, request_id, now, lambda name: rights.allows(session, name))
        answer = handler(
            Request(
                ctx,
                path,
                query_reader.read(environ.get("QUERY_STRING", "")) if query_reader else None,
                decode_body(body_type, environ.get("CONTENT_TYPE", ""), body) if body_type else None,
                services,
            )
        )
        resp.status = success
        if answer is not None:
            resp.data = answer if isinstance(answer, bytes) else _encode(answer)

    return respond


def _begin(req: falcon.Request, resp: falcon.Response) -> str:
    """Give the request its id, which every answer bears (contract 0.3)."""
    request_id = f"req-{random_uuid()}"
    req.context.request_id = request_id
    resp.set_header(_REQUEST_ID, request_id)
    return request_id


def _check_project(project_id: str) -> None:
    if is_project_id(project_id):
        return
    if project_id == "{project_id}":
        # An SDK client made without a project id and without a region sends the template (contract 9.4).
        raise bad_parameter(
            "The path has no project id: give the client its project_id (in the SDK's credentials)."
        )
    no_such_path()


def _signed_request(environ: dict[str, Any], body: bytes) -> SignedRequest:
    def header(name: str) -> bytes | None:
        key = name.upper().replace("-", "_")
        value = environ.get(key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}")
        return None if value is None else value.encode("latin-1")

    return SignedRequest(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1"),
        query=environ.get("QUERY_STRING", ""),
        header=header,
        body=body,
    )


def _on_error(req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
    request_id = getattr(req.context, "request_id", None) or _begin(req, resp)
    failure = failure_of(error, request_id)
    resp.status = failure.status
    resp.data = failure.body(request_id)
    for name, value in failure.headers:
        resp.set_header(name, value)


class _Document:
    """`/openapi.json`, made once."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._text = _encode(document(routes))

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = self._text

    on_head = on_get


def _with_request_id(resource: Any) -> Any:
    """Give answers without sign-in their request id too."""

    def on_get(req: falcon.Request, resp: falcon.Response) -> None:
        _begin(req, resp)
        resource.on_get(req, resp)

    return _with_options("Open", {"on_get": on_get, "on_head": on_get})
