"""A call: the request as it came, whose token it carries, and the microversion it asked for."""

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from opencbr.democloud.backend import Backend
from opencbr.democloud.response import ApiError
from opencbr.democloud.state import Doc


@dataclass(frozen=True)
class Request:
    """One HTTP request: header names in lower case, `path` below the service's address.

    As the HTTP server reads it, `service` is empty and `path` whole.
    """

    service: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    raw: bytes


@dataclass
class Call:
    """One request, after its token was checked."""

    backend: Backend
    request: Request
    base: str
    request_id: str
    token: Doc | None = None
    microversion: tuple[int, int] = (0, 0)
    params: dict[str, str] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """The service that is called."""
        return self.request.service

    @property
    def method(self) -> str:
        """The method in capitals."""
        return self.request.method

    @property
    def path(self) -> str:
        """The path below the service's address."""
        return self.request.path

    @property
    def query_text(self) -> str:
        """The query as it came."""
        return self.request.query

    @property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case."""
        return self.request.headers

    @property
    def raw(self) -> bytes:
        """The body as it came."""
        return self.request.raw

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
            raise ApiError(400, "Malformed request body") from error
        inner = doc.get(key) if key is not None and isinstance(doc, dict) else doc
        if not isinstance(inner, dict):
            message = f"Invalid input for field/attribute {key}. Value: {inner}. It is not of type 'object'"
            raise ApiError(400, message)
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

    def may_use(self, doc: Doc) -> bool:
        """Say whether a flavor or volume type is everybody's, or a private one that lets the caller's project in."""
        return doc.get("is_public", True) or self.project_id in doc["projects"]

    def at_least(self, version: str) -> bool:
        """Say whether the call's microversion is `version` ("2.46") or newer."""
        return self.microversion >= parse_version(version)


def parse_version(text: str) -> tuple[int, int]:
    """Read "2.46" as (2, 46)."""
    major, minor = text.split(".")
    return int(major), int(minor)
