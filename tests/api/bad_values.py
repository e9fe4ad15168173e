"""Bad values for every place of a request, made from the types, so that new fields are walked too."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from msgspec import UNSET, Struct
from msgspec import inspect as types

Place = tuple[str | int, ...]
HUGE = 10**30


def valid(kind: types.Type) -> Any:  # noqa: C901, PLR0911 -- one type a line
    """Make a value that the type takes, with every member filled."""
    match kind:
        case types.Metadata():
            return valid(kind.type)
        case types.StructType():
            return {field.encode_name: valid(field.type) for field in kind.fields}
        case types.StrType():
            return "1" * max(kind.min_length or 0, 1)  # a text that may also have to be a number
        case types.IntType():
            return kind.ge if kind.ge is not None else 1
        case types.FloatType():
            return 1.5
        case types.BoolType():
            return True
        case types.LiteralType():
            return kind.values[0]
        case types.ListType() | types.VarTupleType():
            return [valid(kind.item_type)]
        case types.DictType():
            return {}
        case types.UnionType():
            return valid(next(part for part in kind.types if not isinstance(part, types.NoneType)))
        case types.AnyType():
            return "anything"
    raise AssertionError(f"no value for {kind}")


def places(kind: types.Type, here: Place = ()) -> Iterator[tuple[Place, types.Type, bool]]:
    """Give every place below a type with the type that is there and whether it must be there."""
    match kind:
        case types.Metadata():
            yield from places(kind.type, here)
        case types.StructType():
            for field in kind.fields:
                yield (*here, field.encode_name), field.type, field.required
                yield from places(field.type, (*here, field.encode_name))
        case types.ListType() | types.VarTupleType():
            yield (*here, 0), kind.item_type, False
            yield from places(kind.item_type, (*here, 0))
        case types.UnionType():
            for part in kind.types:
                yield from places(part, here)


def bad(kind: types.Type) -> Iterator[Any]:  # noqa: C901 -- one type a block
    """Give values that the type refuses."""
    match kind:
        case types.Metadata():
            yield from bad(kind.type)
        case types.StructType() | types.DictType():
            yield from ([], "text", 5, True, None)
        case types.StrType():
            yield from (5, True, [], {}, None, "with\0nul")
            assert kind.max_length is not None, "a text without a limit"
            yield "a" * (kind.max_length + 1)
            if kind.min_length:
                yield ""
        case types.IntType():
            yield from ("5", 1.5, [], {}, None, HUGE, -HUGE)
            assert kind.ge is not None, "a number without a lower limit"
            assert kind.le is not None, "a number without an upper limit"
            yield from (kind.ge - 1, kind.le + 1)
        case types.BoolType():
            yield from ("true", 1, [], {}, None)
        case types.LiteralType():
            yield from ("nonsense", 5, [], {}, None, "a" * 10_000)
        case types.ListType() | types.VarTupleType():
            yield from ({}, "text", 5, None)
            if kind.max_length is not None:
                yield [valid(kind.item_type)] * (kind.max_length + 1)
        case types.UnionType():
            nullable = any(isinstance(part, types.NoneType) for part in kind.types)
            each = [list(bad(part)) for part in kind.types if not isinstance(part, types.NoneType)]
            for value in each[0]:
                # Bad is what every part of the union refuses.
                if all(repr(value) in map(repr, others) for others in each) and not (
                    nullable and value is None
                ):
                    yield value


def bad_bodies(body: type[Struct]) -> Iterator[tuple[str, Any]]:
    """Give whole bodies, each with one thing wrong, and what that is."""
    kind = types.type_info(body)
    good = valid(kind)
    for place, inner, required in places(kind):
        for value in bad(inner):
            yield f"{place} = {str(value)[:30]!r}", changed(good, place, value)
        if required:
            yield f"{place} missing", changed(good, place, UNSET)


def changed(body: Any, place: Place, value: Any) -> Any:
    """Copy a body with another value in one place, or without it."""
    copy = deepcopy(body)
    target = copy
    for step in place[:-1]:
        target = target[step]
    if value is UNSET:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return copy


def bad_queries(query: type[Struct]) -> Iterator[str]:
    """Give queries, each with one thing wrong."""
    for field in types.type_info(query).fields:  # type: ignore[attr-defined]
        name = field.encode_name
        yield f"{name}=%00"
        yield f"{name}=%ff"
        kind = _plain(field.type)
        match kind:
            case types.IntType():
                values = [
                    "x",
                    "1.5",
                    str(HUGE),
                    f"-{HUGE}",
                    str(kind.ge - 1),
                    str(kind.le + 1),
                    "1&" + name + "=2",
                ]
            case types.BoolType():
                values = ["maybe", "2"]
            case types.LiteralType():
                values = ["nonsense", quote("文" * 50)]
            case types.StrType():
                values = ["a" * (kind.max_length + 1)]
            case _:
                raise AssertionError(f"no bad values for {kind}")
        yield from (f"{name}={value}" for value in values)


def _plain(kind: types.Type) -> types.Type:
    match kind:
        case types.Metadata():
            return _plain(kind.type)
        case types.ListType() | types.VarTupleType():
            return _plain(kind.item_type)
        case types.UnionType():
            return _plain(next(part for part in kind.types if not isinstance(part, types.NoneType)))
    return kind
