"""One operation of the document."""

from typing import Any

from opencbr.api.openapi.answers import answers
from opencbr.api.openapi.code_samples import code_samples
from opencbr.api.openapi.examples import EXAMPLES
from opencbr.api.openapi.headers import header_parameters
from opencbr.api.openapi.parameters import path_parameters, query_parameters
from opencbr.api.openapi.schemas import Schemas
from opencbr.api.response import JSON_TYPE
from opencbr.api.route import Route


def operation_object(route: Route, schemas: Schemas) -> dict[str, Any]:
    """Describe an operation; `x-required-right` is the right that its caller needs."""
    types, contract = route.types, route.operation
    examples = EXAMPLES.get(contract.name, ())
    described: dict[str, Any] = {
        "operationId": contract.name,
        "summary": route.summary,
        "description": f"{route.description}\n\nNeeds the right `{route.right}`.".lstrip(),
        "x-required-right": route.right,
        "tags": [contract.chapter],
        "parameters": path_parameters(contract.path, examples[0].path if examples else {}),
    }
    if types.query is not None:
        described["parameters"] += query_parameters(
            schemas.query(types.query), examples[0].query if examples else {}
        )
    described["parameters"] += header_parameters(route)
    if types.body is not None:
        content: dict[str, Any] = {"schema": schemas.reference(types.body)}
        if examples:
            content["examples"] = {one.name: {"summary": one.summary, "value": one.body} for one in examples}
        described["requestBody"] = {"required": True, "content": {JSON_TYPE: content}}
    described["responses"] = answers(route, schemas, examples)
    if examples:
        described["x-codeSamples"] = code_samples(contract, examples[0])
    return described
