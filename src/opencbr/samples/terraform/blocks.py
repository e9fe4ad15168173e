"""A provider's data sources and resources as rows of a table: which argument stands for which member of a call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from opencbr.samples.call import Call, NotAvailable
from opencbr.samples.members import flat, members_of
from opencbr.samples.terraform.hcl import Body

Check = Callable[[Call], None]
"""Raises NotAvailable for a call that the provider would send otherwise than it stands."""

Writer = Callable[[Body, Any], None]
"""Puts a list into a body in the provider's form. Raises NotAvailable where it has none for an item."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A data source or a resource (`kind` is `data` or `resource`) of a type.

    `arguments` has for each member its argument: `size`, or `billing.size` inside of a block. `lists` has for a list of
    objects what writes it. `implied` are values that the provider sends or expects without being told, `required` the
    members that the call must have, `extra` arguments that no member has, `check` what else must hold.
    """

    kind: str
    type: str
    arguments: dict[str, str] = field(default_factory=dict)
    lists: dict[str, Writer] = field(default_factory=dict)
    implied: dict[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    check: Check = lambda _call: None


def data(type_: str, *same: str, **more: Any) -> Block:
    """Return a data source whose arguments in `same` are called like the members."""
    return _block("data", type_, same, more)


def resource(type_: str, *same: str, **more: Any) -> Block:
    """Return a resource whose arguments in `same` are called like the members."""
    return _block("resource", type_, same, more)


def body_of(block: Block, call: Call) -> Body:
    """Fill a block from a call. A data source reads all pages, so that the size of one means nothing to it.

    Raises NotAvailable where the block cannot say something, or wants what is not there.
    """
    body = Body(arguments=dict(block.extra))
    members = members_of(call)
    if lacking := [name for name in block.required if name not in members]:
        raise NotAvailable(f"The provider's {block.type} wants {lacking[0]} too.")
    block.check(call)
    for path, value in members.items():
        if path in block.lists:
            block.lists[path](body, value)
        elif path in block.arguments:
            *outer, name = block.arguments[path].split(".")
            inner = body
            for header in outer:
                inner = inner.inside(header)
            inner.arguments[name] = value
        elif block.implied.get(path) != value and (block.kind, path) != ("data", "limit"):
            raise NotAvailable(f"The provider's {block.type} has no argument for {path}.")
    return body


def as_map(argument: str) -> Writer:
    """Write tags, objects with a key and a value, as a map."""

    def write(body: Body, items: list[dict[str, str]]) -> None:
        tags = {item.get("key"): item.get("value") for item in items}
        if None in tags or None in tags.values() or len(tags) < len(items):
            raise NotAvailable(f"The provider's {argument} are a value for each of several keys.")
        body.arguments[argument] = tags

    return write


def as_blocks(header: str, **arguments: str) -> Writer:
    """Write each object as a block; `arguments` has the argument of each member whose path (`a__b` for `a.b`) it names."""
    known = {path.replace("__", "."): argument for path, argument in arguments.items()}

    def write(body: Body, items: list[dict[str, Any]]) -> None:
        for item in items:
            inner = Body()
            for path, value in flat(item).items():
                if path not in known:
                    raise NotAvailable(f"The provider's {header} has no argument for {path}.")
                inner.arguments[known[path]] = value
            body.blocks.append((header, inner))

    return write


def _block(kind: str, type_: str, same: tuple[str, ...], more: dict[str, Any]) -> Block:
    arguments = dict(zip(same, (name.rpartition(".")[2] for name in same), strict=True)) | more.pop(
        "arguments", {}
    )
    return Block(kind=kind, type=type_, arguments=arguments, **more)
