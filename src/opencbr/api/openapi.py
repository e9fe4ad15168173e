"""The OpenAPI 3.1 document, made from the route table and nothing else."""

import re
from importlib.metadata import version
from typing import Any

import msgspec

from opencbr.api.route import Route
from opencbr.api.schema import ErrorBody

_REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"
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
    """Build the document."""
    types = [
        kind for route in routes for kind in (route.query, route.body, route.response) if kind is not None
    ]
    _, components = msgspec.json.schema_components(
        [*dict.fromkeys(types), ErrorBody], ref_template=_REFERENCE
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, components)
    for route in routes:
        # A query type describes parameters, not a body: as a schema of its own it would be noise.
        if route.query is not None:
            components.pop(route.query.__name__, None)
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
        "tags": [{"name": name} for name in dict.fromkeys(route.chapter for route in routes)],
        "paths": paths,
        "components": {
            "schemas": components,
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


def _operation(route: Route, components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "description": f"Needs the right `{route.right}`.",
        "tags": [route.chapter],
        "parameters": [*_path_parameters(route.path), *_query_parameters(route, components)],
        "responses": {str(route.success): _success(route)}
        | {str(status): _error(text) for status, text in _ERRORS.items()},
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _reference(route.body)}}}
        for status, text in ((413, "The body is too long."), (415, "The body is not JSON.")):
            operation["responses"][str(status)] = _error(text)
    return operation


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(path)
    ]


def _query_parameters(route: Route, components: dict[str, Any]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = components[route.query.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": detail}
        for name, detail in schema["properties"].items()
    ]


def _success(route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "Done.",
        "headers": {
            "X-Request-Id": {"schema": {"type": "string"}, "description": "Names this request in logs."}
        },
    }
    if route.response is not None:
        answer["content"] = {_JSON: {"schema": _reference(route.response)}}
    return answer


def _error(text: str) -> dict[str, Any]:
    return {"description": text, "content": {_JSON: {"schema": _reference(ErrorBody)}}}


def _reference(kind: type) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}
