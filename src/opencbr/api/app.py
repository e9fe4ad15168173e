"""The application as granian calls it (RSGI): the route table, and what is open without sign-in."""

import asyncio
from typing import Any

import msgspec

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.dispatch import Dependencies, responder
from opencbr.api.errors import failure_of
from opencbr.api.exchange import Exchange
from opencbr.api.health import Readiness, alive, ready
from opencbr.api.openapi import document
from opencbr.api.response import JSON, OK, Responder, open_to_all
from opencbr.api.route import Route
from opencbr.api.router import Router
from opencbr.api.routes import ROUTES
from opencbr.api.versions import versions
from opencbr.deadline import start
from opencbr.model.ids import RequestIds
from opencbr.observe.log import request_id as logged_id


class Application:
    """Answers requests on one event loop, one a process (docs/adr/0011).

    Every answer bears the id of its request (contract 0.3), and whatever goes wrong becomes the one error shape.
    """

    def __init__(self, router: Router, dependencies: Dependencies) -> None:
        self._router = router
        self._find = router.find
        self._next_id = RequestIds().next
        self._deadline_seconds = dependencies.deadline_seconds
        self._close = dependencies.pools.close

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        request_id = self._next_id()
        # Every request is a task of its own, with its own copy of the context.
        logged_id.set(request_id)
        start(self._deadline_seconds)
        status, body, headers = await self.answer(Exchange(scope, protocol), request_id)
        if body:
            protocol.response_bytes(status, headers, body)
        else:
            protocol.response_empty(status, headers)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin with the process that serves."""
        self._loop = loop

    def ask(self, exchange: Exchange) -> tuple[int, bytes, list[tuple[str, str]]]:
        """Answer a request that a thread of this process makes, within that thread's own deadline."""
        return asyncio.run_coroutine_threadsafe(self._answer_own(exchange), self._loop).result()

    async def _answer_own(self, exchange: Exchange) -> tuple[int, bytes, list[tuple[str, str]]]:
        request_id = self._next_id()
        logged_id.set(request_id)
        return await self.answer(exchange, request_id)

    async def answer(self, exchange: Exchange, request_id: str) -> tuple[int, bytes, list[tuple[str, str]]]:
        """Answer one request with status, body and headers; whatever goes wrong is an answer too."""
        try:
            respond, parameters = self._find(exchange.method, exchange.path)
            status, body, more = await respond(exchange, request_id, parameters)
        except Exception as error:  # noqa: BLE001 -- nobody above would give it the one shape
            status, body, more = failure_of(error).reply(request_id)
        headers = [
            ("X-Request-Id", request_id),
            ("X-Openstack-Request-Id", request_id),  # the name that OpenStack's clients know (contract 7.1)
            ("X-Content-Type-Options", "nosniff"),
            *more,
        ]
        # What a token or a key opens is for nobody else: no cache on the way knows that X-Auth-Token tells them apart.
        if not any(name == "Cache-Control" for name, _ in more):
            headers.append(("Cache-Control", "no-store"))
        return status, body, headers

    def mount(self, path: str, responder: Responder) -> None:
        """Hand all below `path` that no operation has to `responder`."""
        self._router.mount(path, responder)

    def __rsgi_del__(self, _loop: Any) -> None:
        """End with the process: what is under way is ended, nothing more is begun."""
        self._close()


def create_app(
    dependencies: Dependencies, readiness: Readiness, routes: tuple[Route, ...] = ROUTES
) -> Application:
    """Make the application.

    Raises ValueError or TypeError for a table that cannot be served: an operation twice, two types of one name, a
    handler that does not say its types.
    """
    text = msgspec.json.encode(document(routes))
    router = Router()
    discovery = open_to_all(versions(dependencies.endpoint))
    for path, respond in (
        ("/", discovery),
        ("/v3", discovery),
        ("/v3/", discovery),
        ("/healthz", open_to_all(alive)),
        ("/readyz", ready(readiness, dependencies.pools.readiness)),
        ("/openapi.json", open_to_all(lambda _exchange: (OK, text, JSON))),
    ):
        router.add("GET", path, respond)
    for route in routes:
        router.add(route.operation.method, route.operation.path, responder(route, dependencies))
    offered = {route.operation for route in routes}
    for operation in OPERATIONS.values():
        if operation not in offered:
            router.reserve(operation.method, operation.path, operation.name)
    return Application(router, dependencies)
