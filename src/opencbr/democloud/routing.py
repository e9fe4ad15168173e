"""Which function answers which method and path."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from opencbr.democloud.request import Call
from opencbr.democloud.response import Response

Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Route:
    """A method and a path (as a pattern) with the function that answers."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    open: bool  # answered without a token


class Routes:
    """The calls of one service; modules add theirs with the decorator `on`."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def on(self, method: str, path: str, *, open: bool = False) -> Callable[[Handler], Handler]:  # noqa: A002
        """Register a handler for `path`, in which `{name}` stands for one path segment."""
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + r"/?\Z")

        def register(handler: Handler) -> Handler:
            self._routes.append(Route(method, pattern, handler, open))
            return handler

        return register

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route for this call with its path parameters, or None."""
        wanted = "GET" if method == "HEAD" else method
        for route in self._routes:
            if route.method == wanted and (found := route.pattern.match(path)):
                return route, {name: unquote(value) for name, value in found.groupdict().items()}
        return None
