"""What a request is answered: the good answer, and every error with the codes that come with its status."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from opencbr.api.errors import CLOCK_OFF, NO_SUCH_API, UNAUTHENTICATED, Failure
from opencbr.api.openapi.examples import Example
from opencbr.api.openapi.headers import headers_of
from opencbr.api.openapi.schemas import Schemas
from opencbr.api.response import JSON_TYPE
from opencbr.api.route import Route
from opencbr.api.schema import ErrorBody
from opencbr.model.error_catalogue import GATEWAY
from opencbr.model.errors import (
    BAD_PARAMETER,
    CATALOGUE,
    IDENTITY_FAILED,
    NOT_ALLOWED,
    UNEXPECTED,
    wire_code,
)

_STATUSES = {
    400: "The request is not valid, or the state of things forbids it.",
    401: "No or bad credentials.",
    403: "The credentials do not allow this.",
    404: "There is no such thing in this project.",
    408: "The body did not arrive in time.",
    409: "What this was made for is not as it was.",
    413: "The body is too long.",
    415: "The body is not JSON.",
    500: "Something unexpected happened on the server.",
    503: "The database or the cloud is busy or away: try again.",
}
_EVERYWHERE = {
    400: (wire_code(BAD_PARAMETER),),
    401: (UNAUTHENTICATED, CLOCK_OFF),
    403: (wire_code(NOT_ALLOWED),),
    404: (NO_SUCH_API,),
    # A signature covers the body, which is then read whatever the operation.
    408: (wire_code(BAD_PARAMETER),),
    413: (wire_code(BAD_PARAMETER),),
    500: (wire_code(UNEXPECTED),),
    503: (wire_code(UNEXPECTED), wire_code(IDENTITY_FAILED)),
}
"""The errors that come before an operation is reached, or from under it."""
_OF_A_BODY = {415: (wire_code(BAD_PARAMETER),)}

_ANY_ID = "req-7c1b0e9d-4f5a-4a0c-9b1e-2d3c4b5a6978"


def codes_of(route: Route) -> dict[int, list[str]]:
    """Give the codes that an operation may answer, whole, by status."""
    found = {status: [*codes] for status, codes in _EVERYWHERE.items()}
    if route.types.body is not None:
        found |= {status: [*codes] for status, codes in _OF_A_BODY.items()}
    if route.conflicts:
        found[HTTPStatus.CONFLICT] = [wire_code(code) for code in route.conflicts]
    for code in sorted(route.errors):
        found.setdefault(CATALOGUE[code].status, []).append(wire_code(code))
    return dict(sorted(found.items()))


def answers(route: Route, schemas: Schemas, examples: Iterable[Example]) -> dict[str, Any]:
    """Describe the answers of an operation, by status."""
    return {str(route.operation.success): _good(route, schemas, examples)} | {
        str(status): _error(status, codes, schemas) for status, codes in codes_of(route).items()
    }


def error_examples(routes: Iterable[Route]) -> dict[str, Any]:
    """Give an example of each error that the routes may answer, as the server writes it, by its code."""
    found: dict[str, Any] = {}
    for route in routes:
        for status, codes in codes_of(route).items():
            for code in codes:
                if code not in found:
                    _, body, _ = Failure(status, code, sentence_of(code)).reply(_ANY_ID)
                    found[code] = {"summary": sentence_of(code), "value": msgspec.json.decode(body)}
    return found


def sentence_of(code: str) -> str:
    """Return the catalogue's sentence of a whole code."""
    return GATEWAY[code] if code in GATEWAY else CATALOGUE[code.rpartition(".")[2]].sentence


def _good(route: Route, schemas: Schemas, examples: Iterable[Example]) -> dict[str, Any]:
    kind, media_type = route.types.answer, route.types.media_type
    answer: dict[str, Any] = {"description": "Done.", "headers": headers_of(route.operation.success)}
    if route.operation.success == HTTPStatus.NO_CONTENT:
        answer["description"] = "Ordered; a worker carries it out."
    if media_type is not None:
        content: dict[str, Any] = {"schema": schemas.reference(kind)} if kind is not None else {}
        shown = {one.name: {"summary": one.summary, "value": one.answer} for one in examples}
        answer["content"] = {media_type: content | ({"examples": shown} if shown else {})}
    return answer


def _error(status: int, codes: list[str], schemas: Schemas) -> dict[str, Any]:
    told = "\n".join(f"* `{code}`: {sentence_of(code)}" for code in codes)
    return {
        "description": f"{_STATUSES[status]}\n\n{told}",
        "headers": headers_of(status),
        "content": {
            JSON_TYPE: {
                "schema": schemas.reference(ErrorBody),
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
        "x-error-codes": codes,
    }
