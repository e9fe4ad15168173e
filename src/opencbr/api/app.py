"""The WSGI application: the route table, and what is open without sign-in."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.dispatch import Dependencies, responder
from opencbr.api.errors import failure_of
from opencbr.api.health import Readiness, Ready, alive
from opencbr.api.openapi import document
from opencbr.api.response import JSON, OK, Environ, open_to_all
from opencbr.api.route import Route
from opencbr.api.router import Router
from opencbr.api.routes import ROUTES
from opencbr.api.versions import versions
from opencbr.model.ids import RequestIds
from opencbr.observe.log import request_id as logged_id

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """Answers requests (PEP 3333). Thread-safe, one a process.

    Every answer bears the id of its request (contract 0.3), and whatever goes wrong becomes the one error shape.
    """

    def __init__(self, router: Router) -> None:
        self._find = router.find
        self._next_id = RequestIds().next

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request_id = self._next_id()
        logged_id.set(request_id)
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO") or "/"
        try:
            if not path.isascii():
                path = path.encode("latin-1").decode(errors="replace")
            respond, parameters = self._find(method, path)
            status, body, more = respond(environ, request_id, parameters)
        except Exception as error:  # noqa: BLE001 -- nobody above would give it the one shape
            status, body, more = failure_of(error).reply(request_id)
        # What a token or a key opens is for nobody else: no cache on the way knows that X-Auth-Token tells them apart.
        headers = [("X-Request-Id", request_id), ("Cache-Control", "no-store"), *more]
        if body:
            headers.append(("Content-Length", str(len(body))))
        start_response(status, headers)
        return [b"" if method == "HEAD" else body]


def create_app(
    dependencies: Dependencies, readiness: Readiness, routes: tuple[Route, ...] = ROUTES
) -> Application:
    """Make the application.

    Raises ValueError or TypeError for a table that cannot be served: an operation twice, two types of one name, a
    handler that does not say its types.
    """
    text = msgspec.json.encode(document(routes))
    router = Router()
    for path, answer in (
        ("/", versions),
        ("/v3", versions),
        ("/v3/", versions),
        ("/healthz", alive),
        ("/readyz", Ready(readiness)),
        ("/openapi.json", lambda _environ: (OK, text, JSON)),
    ):
        router.add("GET", path, open_to_all(answer))
    for route in routes:
        router.add(route.operation.method, route.operation.path, responder(route, dependencies))
    offered = {route.operation for route in routes}
    for operation in OPERATIONS.values():
        if operation not in offered:
            router.reserve(operation.method, operation.path, operation.name)
    return Application(router)
