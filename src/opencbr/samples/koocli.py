"""KooCLI (`hcloud`), the vendor's command line, signing with AK/SK.

It knows operations and members by the metadata that the SDKs are made from. Members of a body are written with dots, items
of a list by their number from 1; of an empty list or object it takes `[]` and `{}`.
"""

from collections.abc import Iterator

from opencbr.samples import shell
from opencbr.samples.call import Call, NotAvailable
from opencbr.samples.sdk.arguments import Items, Leaf, Model, Value, request_of
from opencbr.samples.wire import query_text


def command(call: Call) -> str:
    """Write the command; the region, which KooCLI always wants to know, comes from HW_REGION_NAME.

    Raises NotAvailable as `request_of` and `shell.quoted` do, and where path and body have a name in common.
    """
    lines = [
        ("hcloud", "CBR", call.operation),
        ('--cli-region="$HW_REGION_NAME"',),
        (_option("cli-endpoint", call.endpoint),),
        ('--cli-access-key="$HUAWEICLOUD_SDK_AK"',),
        ('--cli-secret-key="$HUAWEICLOUD_SDK_SK"',),
    ]
    if call.in_project:
        lines.append((_option("project_id", call.project_id),))
    seen: set[str] = set()
    for member in request_of(call).members:
        inside = member.value.members if isinstance(member.value, Model) else (member,)
        for one in inside:
            if one.name in seen:
                raise NotAvailable(f"KooCLI cannot tell the two parameters {one.name} apart.")
            seen.add(one.name)
            lines += [(_option(name, text),) for name, text in _parameters(one.name, one.value)]
    return shell.command(*lines)


def _option(name: str, text: str) -> str:
    return f"--{name}={shell.quoted(text)}"


def _parameters(name: str, value: Value) -> Iterator[tuple[str, str]]:
    match value:
        case Leaf(_, plain):
            yield name, query_text(plain)
        case Items(_, ()):
            yield name, "[]"
        case Model(_, ()):
            yield name, "{}"
        case Items(_, items):
            for number, item in enumerate(items, 1):
                yield from _parameters(f"{name}.{number}", item)
        case Model(_, members):
            for member in members:
                yield from _parameters(f"{name}.{member.name}", member.value)
