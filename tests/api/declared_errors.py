"""Each answer of every test of the interface has what the OpenAPI document declares: errors by status, and headers."""

from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from opencbr.api.errors import GatewayError
from opencbr.api.openapi.answers import codes_of
from opencbr.api.openapi.headers import headers_of
from opencbr.api.route import Route
from opencbr.api.router import Router
from opencbr.api.routes import ROUTES

_OF_HTTP = {"content-type", "content-length", "date", "server", "connection"}
"""What is the HTTP server's own, or stands in the description by itself."""

_ROUTER: Any = Router()
for _route in ROUTES:
    _ROUTER.add(_route.operation.method, _route.operation.path, _route)


def check_declared(answer: requests.Response) -> None:
    """Fail where an operation that is offered has answered an error or a header that its description does not name."""
    route = _route_of(answer)
    if route is not None and "X-Request-Id" in answer.headers:
        told = {name.lower() for name in headers_of(answer.status_code)} | _OF_HTTP
        more = {name.lower() for name in answer.headers} - told
        assert not more, (
            f"{route.operation.name} does not declare the headers {more} with {answer.status_code}"
        )
    if answer.status_code < 400 or answer.request.method == "HEAD":
        return
    if route is None or not answer.headers.get("Content-Type", "").startswith("application/json"):
        return  # no operation of ours, or the HTTP server's own answer
    declared = codes_of(route)
    assert answer.status_code in declared, f"{route.operation.name} does not declare {answer.status_code}"
    code = answer.json()["error_code"]
    assert code in declared[answer.status_code], (
        f"{route.operation.name} does not declare {code} with {answer.status_code}: add it to the route's errors"
    )


def _route_of(answer: requests.Response) -> Route | None:
    path = unquote(urlsplit(answer.request.url or "").path)
    try:
        route: Route
        route, _ = _ROUTER.find(answer.request.method, path)
    except GatewayError:
        return None
    return route if isinstance(route, Route) else None
