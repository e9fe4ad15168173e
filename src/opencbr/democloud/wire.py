"""One call and its answer, and how each service says no."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from opencbr.democloud.state import Doc

if TYPE_CHECKING:
    from opencbr.democloud.world import World

_FAULT_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    429: "overLimit",
    503: "serviceUnavailable",
}  # what Nova and Cinder call their faults; every other status is a computeFault


class Refusal(Exception):
    """A call the cloud does not carry out: `status` and the sentence of the real service.

    `kind` is the exception type that Neutron names in its body; the other services do not show it.
    """

    def __init__(self, status: int, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.kind = status, message, kind


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire: header names in lower case, the path below the service's."""

    service: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    raw: bytes


@dataclass
class Answer:
    """Status, body (JSON to encode, or bytes as they are) and further headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One request, after its token was checked."""

    world: "World"
    asked: Asked
    base: str
    request_id: str
    token: Doc | None = None
    microversion: tuple[int, int] = (0, 0)
    params: dict[str, str] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """The service that is called."""
        return self.asked.service

    @property
    def method(self) -> str:
        """The method in capitals."""
        return self.asked.method

    @property
    def path(self) -> str:
        """The path below the service's address."""
        return self.asked.path

    @property
    def query_text(self) -> str:
        """The query as it came."""
        return self.asked.query

    @property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case."""
        return self.asked.headers

    @property
    def raw(self) -> bytes:
        """The body as it came."""
        return self.asked.raw

    @property
    def query(self) -> dict[str, str]:
        """The query; of a repeated name the last value."""
        return dict(parse_qsl(self.query_text, keep_blank_values=True))

    @property
    def query_lists(self) -> dict[str, list[str]]:
        """The query with every value of a repeated name."""
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.query_text, keep_blank_values=True):
            values.setdefault(name, []).append(value)
        return values

    def body(self, key: str | None = None) -> Doc:
        """Return the JSON object of the request, or the object below `key`; refuses (400) anything else."""
        try:
            doc = json.loads(self.raw or b"{}")
        except ValueError as error:
            raise Refusal(400, "Malformed request body") from error
        inner = doc.get(key) if key is not None and isinstance(doc, dict) else doc
        if not isinstance(inner, dict):
            message = f"Invalid input for field/attribute {key}. Value: {inner}. It is not of type 'object'"
            raise Refusal(400, message)
        return inner

    @property
    def claims(self) -> Doc:
        """The token's document; every route that needs a token has one."""
        assert self.token is not None
        return self.token

    @property
    def project_id(self) -> str:
        """The project the token is scoped to, or the empty string."""
        project = self.claims.get("project")
        return project["id"] if project else ""

    @property
    def user_id(self) -> str:
        """The token's user."""
        user_id: str = self.claims["user"]["id"]
        return user_id

    @property
    def roles(self) -> set[str]:
        """Names of the token's roles, implied ones included."""
        return {role["name"] for role in self.claims["roles"]}

    @property
    def is_admin(self) -> bool:
        """Whether the services' default policies call this an admin."""
        return "admin" in self.roles

    def owns(self, doc: Doc) -> bool:
        """Say whether the caller may see `doc`: it is in the caller's project, or the caller is an admin."""
        return self.is_admin or doc["project_id"] == self.project_id

    def at_least(self, version: str) -> bool:
        """Say whether the call's microversion is `version` ("2.46") or newer."""
        return self.microversion >= parse_version(version)


def parse_version(text: str) -> tuple[int, int]:
    """Read "2.46" as (2, 46)."""
    major, minor = text.split(".")
    return int(major), int(minor)


Handler = Callable[[Call], Answer]


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
                return route, found.groupdict()
        return None


def encode(service: str, body: Any) -> bytes:
    """Write JSON with the separators of that service: Neutron writes compactly, the others like Python."""
    separators = (",", ":") if service == "network" else (", ", ": ")
    return json.dumps(body, separators=separators, ensure_ascii=service != "network").encode()


def fault(service: str, status: int, message: str, kind: str = "") -> Answer:
    """Build the body with which that service refuses."""
    title = HTTPStatus(status).phrase
    if service == "identity":
        body: Any = {"error": {"code": status, "message": message, "title": title}}
        text = json.dumps(body, separators=(",", ":")) + "\n"
        headers = {"WWW-Authenticate": "Keystone uri=identity"} if status == HTTPStatus.UNAUTHORIZED else {}
        return Answer(status, text.encode(), headers)
    if status == HTTPStatus.UNAUTHORIZED:  # said by the token middleware before the service is asked
        body = {"error": {"code": 401, "title": title, "message": message}}
        return Answer(status, body, {"WWW-Authenticate": "Keystone uri=identity"})
    if service == "network":
        body = {"NeutronError": {"type": kind or title.replace(" ", ""), "message": message, "detail": ""}}
    elif service == "image":
        body = {"message": f"{message}<br /><br />\n\n\n", "code": f"{status} {title}", "title": title}
    else:
        body = {_FAULT_NAMES.get(status, "computeFault"): {"code": status, "message": message}}
    return Answer(status, body)
