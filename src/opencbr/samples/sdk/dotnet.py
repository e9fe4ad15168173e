"""The vendor's SDK for .NET (HuaweiCloud.SDK.Cbr), signing with AK/SK; C# 9 or later."""

from opencbr.samples.call import Call
from opencbr.samples.layout import escaped, utf32
from opencbr.samples.sdk.arguments import Items, Kind, Leaf, Model, Value, request_of
from opencbr.samples.sdk.names import pascal
from opencbr.samples.sdk.scalars import written

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TYPES = {"string": "string", "integer": "int?", "number": "float?", "boolean": "bool?"}
_PROGRAM = """\
using System;
using System.Collections.Generic;
using HuaweiCloud.SDK.Cbr.V1;
using HuaweiCloud.SDK.Cbr.V1.Model;
using HuaweiCloud.SDK.Core.Auth;

var credentials = new BasicCredentials(
    Environment.GetEnvironmentVariable("HUAWEICLOUD_SDK_AK"),
    Environment.GetEnvironmentVariable("HUAWEICLOUD_SDK_SK"),
    {project});
var client = CbrClient.NewBuilder()
    .WithCredential(credentials)
    .WithEndPoint({endpoint})
    .Build();

var request = {request};
Console.WriteLine(client.{method}(request));
"""


def quoted(text: str) -> str:
    """Write a text as a literal."""
    return f'"{escaped(text, _ESCAPES, utf32)}"'


def program(call: Call) -> str:
    """Write the program; raises NotAvailable as `request_of` does."""
    return _PROGRAM.format(
        project=quoted(call.project_id),
        endpoint=quoted(call.endpoint),
        request=_written(request_of(call), 0, "", ""),
        method=pascal(call.operation),
    )


def _written(value: Value, indent: int, owner: str, name: str) -> str:
    match value:
        case Model(model, members):
            return _block(
                f"new {model}",
                [
                    f"{pascal(one.name)} = {_written(one.value, indent + 1, model, one.name)}"
                    for one in members
                ],
                indent,
            )
        case Items(kind, items):
            texts = [_written(one, indent + 1, owner, name) for one in items]
            return _block(f"new List<{_type(kind)}>", texts, indent)
        case Leaf(kind, str(text)) if kind.values:
            return f"new {owner}.{pascal(name)}Enum({quoted(text)})"
        case Leaf():
            return written(value, quoted, "f")


def _block(opening: str, items: list[str], indent: int) -> str:
    if not items:
        return f"{opening}()"
    blanks = "    " * indent
    inside = "".join(f"{blanks}    {item},\n" for item in items)
    return f"{opening}\n{blanks}{{\n{inside}{blanks}}}"


def _type(kind: Kind) -> str:
    return _TYPES.get(kind.name, kind.name)
