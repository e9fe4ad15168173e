"""Which responder a path and a method name: a tree with a level for each segment of the path.

Our own, because every request pays for it: docs/adr/0009 has the numbers.
"""

from collections.abc import Awaitable, Mapping

from opencbr.api.errors import no_such_method, no_such_path, not_offered
from opencbr.api.exchange import Exchange
from opencbr.api.response import OK, Reply, Responder


class Router:
    """The tree. A segment that is written out wins over `{name}`; a parameter is never empty. Thread-safe once filled."""

    def __init__(self) -> None:
        self._root = _Level("")

    def add(self, method: str, path: str, responder: Responder) -> None:
        """Offer a method of `path`, whose segments may be `{name}`; HEAD goes with GET, OPTIONS names the methods.

        Raises ValueError where the method is offered there already, or the path names two parameters alike.
        """
        level, names = self._level(path)
        if method in level.responders:
            raise ValueError(f"{method} {path} is in the table twice")
        if any(own != name for name, own in names.items()):
            responder = _renaming(responder, names)
        level.responders[method] = responder
        if method == "GET":
            level.responders["HEAD"] = responder

    def reserve(self, method: str, path: str, operation: str) -> None:
        """Keep a method of `path` for an operation that is not offered: it is answered 404, by the operation's name."""
        level, _ = self._level(path)
        level.reserved[method] = operation
        if method == "GET":
            level.reserved["HEAD"] = operation

    def mount(self, path: str, responder: Responder) -> None:
        """Hand `path`, and every path below it that is not in the tree, with whatever method to `responder`."""
        level, _ = self._level(path)
        level.mounted = responder

    def find(self, method: str, path: str) -> tuple[Responder, dict[str, str]]:
        """Return the responder and the path's parameters; raises GatewayError 404 or 405."""
        level = self._root
        parameters: dict[str, str] = {}
        for segment in path.split("/"):
            below = level.named.get(segment)
            if below is None:
                below = level.other
                if below is None or not segment:
                    return level.mounted or no_such_path(), {}
                parameters[below.name] = segment
            level = below
        return level.responders.get(method) or _without_responder(level, method), parameters

    def _level(self, path: str) -> tuple["_Level", dict[str, str]]:
        """Make the level of a path, and say by what name of the tree each of its parameters goes.

        The tree calls a place as the first path through it did.
        """
        level = self._root
        names: dict[str, str] = {}
        for segment in path.split("/"):
            if not segment.startswith("{"):
                level = level.named.setdefault(segment, _Level(""))
                continue
            own = segment[1:-1]
            if own in names.values():
                raise ValueError(f"{path}: two parameters have one name")
            if level.other is None:
                level.other = _Level(own if own not in names else f"{own} {len(names)}")
            level = level.other
            names[level.name] = own
        return level, names


class _Level:
    __slots__ = ("mounted", "name", "named", "other", "reserved", "responders")

    def __init__(self, name: str) -> None:
        self.name = name
        self.named: dict[str, _Level] = {}
        self.other: _Level | None = None
        self.responders: dict[str, Responder] = {}
        self.mounted: Responder | None = None
        self.reserved: dict[str, str] = {}


def _without_responder(level: _Level, method: str) -> Responder:
    if level.mounted:
        return level.mounted
    if method in level.reserved:
        not_offered(level.reserved[method])
    if not level.responders:
        no_such_path()
    allowed = sorted({*level.responders, "OPTIONS"})
    if method != "OPTIONS":
        no_such_method(allowed)
    return _options(", ".join(allowed))


def _options(allowed: str) -> Responder:
    async def options(_exchange: Exchange, _request_id: str, _path: dict[str, str]) -> Reply:
        return OK, b"", (("Allow", allowed),)

    return options


def _renaming(responder: Responder, names: Mapping[str, str]) -> Responder:
    """Call the responder with the names of its own path, where another path named the same places first."""

    def respond(exchange: Exchange, request_id: str, path: dict[str, str]) -> Awaitable[Reply]:
        return responder(exchange, request_id, {names[name]: value for name, value in path.items()})

    return respond
