"""The OpenAPI 3.1 document, made from the route table and nothing else."""

import re
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import Struct

from opencbr.api.handler_types import HandlerTypes
from opencbr.api.response import JSON_TYPE
from opencbr.api.route import Route
from opencbr.api.schema import ErrorBody

_REFERENCE = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_ERRORS = {
    400: "The request is not valid, or the state of things forbids it.",
    401: "No or bad credentials.",
    403: "The credentials do not allow this.",
    404: "There is no such thing in this project.",
    500: "Something unexpected happened on the server.",
    503: "The database or the cloud is busy or away: try again.",
}


def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """Build the document; raises ValueError where two types would be one schema."""
    schemas = _Schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = route.operation
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "opencbr",
            "summary": "Cloud Backup and Recovery for OpenStack",
            "version": version("opencbr"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"signature": []}],
        "tags": [{"name": name} for name in dict.fromkeys(route.operation.chapter for route in routes)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Auth-Token",
                    "description": "A Keystone token, scoped to the project of the path.",
                },
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "An SDK-HMAC-SHA256 signature with an EC2 credential of the project.",
                },
            },
        },
    }


class _Schemas:
    """The schemas of all types that the routes name, and of what those hold."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        queries = {kind for route in routes if (kind := route.types.query)}
        bodies = {kind: None for route in routes for kind in (route.types.body, route.types.answer) if kind}
        types: list[type[Struct]] = [*bodies, ErrorBody, *queries]
        references, self.components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
        # msgspec puts the module in front of a name that two types have; a public name must not come from a module's.
        if alike := sorted(name for name in self.components if "." in name):
            raise ValueError(f"two types have one name, rename one: {', '.join(alike)}")
        self._references: dict[type[Struct], dict[str, Any]] = dict(zip(types, references, strict=True))
        # A query type describes parameters, not a body: as a schema of its own it would be noise.
        self._queries: dict[type[Struct], dict[str, Any]] = {
            kind: self.components.pop(kind.__name__) for kind in queries
        }

    def reference(self, kind: type[Struct]) -> dict[str, Any]:
        """Return the `$ref` of a body's type."""
        return self._references[kind]

    def query(self, kind: type[Struct]) -> dict[str, Any]:
        """Return the whole schema of a query's type."""
        return self._queries[kind]


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    types, contract = route.types, route.operation
    errors = dict(_ERRORS)
    operation: dict[str, Any] = {
        "operationId": contract.name,
        "summary": route.summary,
        "description": f"Needs the right `{route.right}`.",
        "tags": [contract.chapter],
        "parameters": _path_parameters(contract.path),
    }
    if types.query is not None:
        operation["parameters"] += _query_parameters(schemas.query(types.query))
    if types.body is not None:
        content = {JSON_TYPE: {"schema": schemas.reference(types.body)}}
        operation["requestBody"] = {"required": True, "content": content}
        errors |= {413: "The body is too long.", 415: "The body is not JSON."}
    operation["responses"] = {str(contract.success): _success(types, schemas)} | {
        str(status): _error(text, schemas) for status, text in errors.items()
    }
    return operation


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(path)
    ]


def _query_parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": detail}
        for name, detail in schema["properties"].items()
    ]


def _success(types: HandlerTypes, schemas: _Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "Done.",
        "headers": {
            "X-Request-Id": {"schema": {"type": "string"}, "description": "Names this request in logs."}
        },
    }
    if types.media_type is not None:
        shown = {"schema": schemas.reference(types.answer)} if types.answer is not None else {}
        answer["content"] = {types.media_type: shown}
    return answer


def _error(text: str, schemas: _Schemas) -> dict[str, Any]:
    return {"description": text, "content": {JSON_TYPE: {"schema": schemas.reference(ErrorBody)}}}
