"""The whole document: what is said once, and the operations by path."""

from functools import cache
from importlib.metadata import version
from typing import Any

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.openapi.answers import error_examples
from opencbr.api.openapi.chapters import CHAPTERS
from opencbr.api.openapi.headers import HEADERS
from opencbr.api.openapi.operation import operation_object
from opencbr.api.openapi.schemas import Schemas
from opencbr.api.route import Route
from opencbr.contract import contract_operations

_DESCRIPTION = """\
Every operation that this server offers. The compatible surface is version 3 of the Cloud Backup and Recovery interface, so
its clients work as they are; the chapter Record is opencbr's own.

Times are UTC without a zone (`2018-02-01T12:00:00.000000`). Unknown members of a request are ignored, and so are query
parameters with an empty value. Each answer has `X-Request-Id`, the name of the request in the server's log."""

_TOKEN = "A Keystone token, scoped to the project of the path."  # noqa: S105 -- a sentence
_SIGNATURE = """\
A signature made with the access key and secret of an EC2 credential of the project: `SDK-HMAC-SHA256 Access=…,
SignedHeaders=…, Signature=…`, with the time in `X-Sdk-Date`. A request without a
body may say `X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD`."""


@cache
def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """Build the document, once for each table: it is not to be changed. Raises ValueError where two types would be one schema.

    `x-not-offered` lists the operations of the interface that no route offers: `name`, `method`, `path`, `chapter`,
    `summary`.
    """
    schemas = Schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = route.operation
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation_object(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "opencbr",
            "summary": "Cloud Backup and Recovery for OpenStack",
            "description": _DESCRIPTION,
            "version": version("opencbr"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server"}],
        "security": [{"token": []}, {"signature": []}],
        "tags": [
            {"name": name, "description": CHAPTERS.get(name, "")}
            for name in dict.fromkeys(route.operation.chapter for route in routes)
        ],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "examples": error_examples(routes),
            "headers": HEADERS,
            "securitySchemes": {
                "token": _credential("X-Auth-Token", _TOKEN),
                "signature": _credential("Authorization", _SIGNATURE),
            },
        },
        "x-not-offered": _not_offered(routes),
    }


def _credential(header: str, text: str) -> dict[str, Any]:
    return {"type": "apiKey", "in": "header", "name": header, "description": text}


def _not_offered(routes: tuple[Route, ...]) -> list[dict[str, Any]]:
    offered = {route.operation for route in routes}
    return [
        {
            "name": one.name,
            "method": one.method,
            "path": one.path,
            "chapter": one.chapter,
            "summary": contract_operations()[one.name].summary,
        }
        for one in OPERATIONS.values()
        if one not in offered
    ]
