"""The first example of an operation as programs that send it, in the form that readers of OpenAPI know: x-codeSamples."""

from typing import Any

from opencbr.api.openapi.examples import Example
from opencbr.api.route import Operation
from opencbr.samples import Call, samples_of

_ENDPOINT = "https://cbr.example.org"


def code_samples(operation: Operation, example: Example) -> list[dict[str, str]]:
    """Give the programs: `lang`, `label` and `source` of each."""
    found = samples_of(call_of(operation, example))
    return [{"lang": one.lexer, "label": one.title, "source": one.text} for one in found]


def call_of(operation: Operation, example: Example) -> Call:
    """Return the example as samples are made from it."""
    path = dict(example.path)
    return Call(
        operation=operation.name,
        method=operation.method,
        path=operation.path,
        endpoint=_ENDPOINT,
        project_id=path.pop("project_id"),
        path_values=path,
        query=tuple((name, _typed(value)) for name, value in example.query.items()),
        body=example.body,
    )


def _typed(value: str) -> Any:
    return int(value) if value.isdecimal() else value
