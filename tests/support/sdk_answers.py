"""What the vendor's SDK makes of our answers, watched in every test that uses it.

It warns of some values that are not of the type it expects, converts others without a word (an object becomes a string,
trap T1; a number one too, traps T5 and T8), and has None for every member that is not there.
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

Schema = dict[str, Any]


@contextmanager
def decoded_whole() -> Iterator[list[str]]:
    """Give the list of what was converted or is None although it is promised; it fills while tests run.

    What the SDK warns of is raised where it does.
    """
    seen: list[str] = []
    if "huaweicloudsdkcore.client" not in sys.modules:  # nobody here has a client of it
        yield seen
        return
    from huaweicloudsdkcore.client import Client
    from huaweicloudsdkcore.warning.warning import SdkWarning

    handle, convert = Client.sync_response_handler, Client._deserialize_primitive

    def handled(client: Client, response: Any, response_type: str, *more: Any) -> Any:
        answer = handle(client, response, response_type, *more)
        name = (response_type or "").removesuffix("Response")
        if name in _promises():
            seen.extend(f"{name} {path} is None" for path in none_of(answer, _promises()[name]))
        return answer

    def converted(data: Any, kind: type) -> Any:
        if type(data) is not kind and (type(data), kind) != (int, float):
            seen.append(f"{data!r} was made a {kind.__name__}")
        return convert(data, kind)

    with (
        warnings.catch_warnings(),
        patch.object(Client, "sync_response_handler", handled),
        patch.object(Client, "_deserialize_primitive", staticmethod(converted)),
    ):
        warnings.simplefilter("error", SdkWarning)
        yield seen


def none_of(model: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """Walk a decoded answer: the paths of all members that are None where its schema promises a value."""
    schema, nullable = _resolved(schema)
    if model is None:
        if not nullable:
            yield path
    elif isinstance(model, list):
        for number, item in enumerate(model):
            yield from none_of(item, schema.get("items", {}), f"{path}[{number}]")
    elif hasattr(model, "attribute_map"):
        for attribute, member in model.attribute_map.items():
            inner = schema.get("properties", {}).get(member)
            value = getattr(model, attribute)
            if inner is not None and (value is not None or member in schema.get("required", ())):
                yield from none_of(value, inner, f"{path}.{member}" if path else member)


def _resolved(schema: Schema) -> tuple[Schema, bool]:
    """Follow references; say beside it whether it may be null. A schema that says nothing allows that."""
    if "$ref" in schema:
        return _resolved(_document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        parts = [_resolved(part) for part in schema["anyOf"]]
        whole = next((part for part, _ in parts if "properties" in part or "items" in part), {})
        return whole, any(nullable for _, nullable in parts)
    kinds = schema.get("type", "null")
    return schema, "null" in ([kinds] if isinstance(kinds, str) else kinds)


@cache
def _document() -> dict[str, Any]:
    from opencbr.api.openapi import document
    from opencbr.api.routes import ROUTES

    return document(ROUTES)


@cache
def _promises() -> dict[str, Schema]:
    """What each operation answers, by its name."""
    found = {}
    for path in _document()["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                schema = answer.get("content", {}).get("application/json", {}).get("schema")
                if status.startswith("2") and schema:
                    found[operation["operationId"]] = schema
    return found
