"""Which responder a path and a method name: a tree with a level for each segment of the path.

Our own, because every request pays for it: docs/adr/0009 has the numbers.
"""

from collections.abc import Mapping

from opencbr.api.errors import no_such_method, no_such_path
from opencbr.api.response import OK, Environ, Headers, Reply, Responder


class Paths:
    """The tree. A segment that is written out wins over `{name}`; a parameter is never empty. Thread-safe once filled."""

    def __init__(self) -> None:
        self._root = _Level("")

    def add(self, path: str, methods: Mapping[str, Responder]) -> None:
        """Offer `path`, whose segments may be `{name}`; HEAD goes with GET, OPTIONS names the methods.

        Raises ValueError where another path has another name at the same place.
        """
        level = self._root
        for segment in path.split("/"):
            if segment.startswith("{"):
                level.other = level.other or _Level(segment[1:-1])
                if level.other.name != segment[1:-1]:
                    raise ValueError(f"{path}: {segment} is {{{level.other.name}}} in another path")
                level = level.other
            else:
                level = level.named.setdefault(segment, _Level(""))
        offered = {**methods, **({"HEAD": methods["GET"]} if "GET" in methods else {})}
        allowed = (("Allow", ", ".join(sorted({*offered, "OPTIONS"}))),)
        level.methods = {**offered, "OPTIONS": _options(allowed)}

    def find(self, method: str, path: str) -> tuple[Responder, dict[str, str]]:
        """Return the responder and the path's parameters; raises GatewayError 404 or 405."""
        level = self._root
        parameters: dict[str, str] = {}
        for segment in path.split("/"):
            below = level.named.get(segment)
            if below is None:
                below = level.other
                if below is None or not segment:
                    no_such_path()
                parameters[below.name] = segment
            level = below
        responder = level.methods.get(method)
        if responder is None:
            if not level.methods:
                no_such_path()
            no_such_method(sorted(level.methods))
        return responder, parameters


class _Level:
    __slots__ = ("methods", "name", "named", "other")

    def __init__(self, name: str) -> None:
        self.name = name
        self.named: dict[str, _Level] = {}
        self.other: _Level | None = None
        self.methods: dict[str, Responder] = {}


def _options(allowed: Headers) -> Responder:
    def options(_environ: Environ, _request_id: str, _path: dict[str, str]) -> Reply:
        return OK, b"", allowed

    return options
