"""The vendor's SDK for Go (huaweicloud-sdk-go-v3), signing with AK/SK; Go 1.18 or later."""

import re
from itertools import takewhile

from opencbr.samples.call import Call, NotAvailable
from opencbr.samples.layout import brackets, escaped, utf32
from opencbr.samples.sdk.arguments import Items, Kind, Leaf, Member, Model, Value, request_of
from opencbr.samples.sdk.names import pascal, snake
from opencbr.samples.sdk.scalars import written

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TYPES = {"string": "string", "integer": "int32", "number": "float32", "boolean": "bool"}
_PROGRAM = """\
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	cbr "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1/model"
)

func main() {{
	credentials, err := basic.NewCredentialsBuilder().
		WithAk(os.Getenv("HUAWEICLOUD_SDK_AK")).
		WithSk(os.Getenv("HUAWEICLOUD_SDK_SK")).
		WithProjectId({project}).
		SafeBuild()
	if err != nil {{
		log.Fatal(err)
	}}
	connection, err := cbr.CbrClientBuilder().
		WithCredential(credentials).
		WithEndpoint({endpoint}).
		SafeBuild()
	if err != nil {{
		log.Fatal(err)
	}}
	client := cbr.NewCbrClient(connection)

	request := {request}
	response, err := client.{operation}(request)
	if err != nil {{
		log.Fatal(err)
	}}
	fmt.Println(response)
}}
"""
_POINTER = """
func pointer[T any](value T) *T {
	return &value
}
"""


def quoted(text: str) -> str:
    """Write a text as a literal."""
    return f'"{escaped(text, _ESCAPES, utf32)}"'


def program(call: Call) -> str:
    """Write the program; raises NotAvailable as `request_of` does, and for a value that is not among those of its type."""
    request = request_of(call)
    text = _PROGRAM.format(
        project=quoted(call.project_id),
        endpoint=quoted(call.endpoint),
        request=f"&{_written(request, 1, '', '')}",
        operation=pascal(call.operation),
    )
    return text + (_POINTER if "pointer(" in text else "")


def type_name(model: str) -> str:
    """Return the type of a model: `PolicyoODCreate` becomes `PolicyoOdCreate`."""
    return pascal(snake(model))


def constant(value: str) -> str:
    """Return the name of one of an enumeration's values: `OS::Nova::Server` becomes `OSNOVASERVER`."""
    return re.sub(r"\W", "_", snake_parts(value).replace(":", "")).upper()


def snake_parts(value: str) -> str:
    """Part the words of a value where small letters meet capitals."""
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", value)


def _member(model: str, one: Member, indent: int) -> str:
    """Write a member: a pointer where it is an object, and where not every request has it."""
    text = _written(one.value, indent + 1, model, one.name)
    match one.value:
        case Model():
            text = f"&{text}"
        case Leaf(kind) if not one.required and kind.name in {"integer", "number"}:
            text = f"pointer({_type(kind)}({text}))"
        case Leaf() | Items() if not one.required:
            text = f"pointer({text})"
    return text


def _aligned(names: list[str], texts: list[str]) -> list[str]:
    """Put members together as gofmt does: below each other the values of members that follow each other on one line each."""
    lines: list[str] = []
    width = 0
    for at, (name, text) in enumerate(zip(names, texts, strict=True)):
        if "\n" in text:
            width = 0
        elif not width:
            run = takewhile(lambda pair: "\n" not in pair[1], zip(names[at:], texts[at:], strict=True))
            width = max(len(known) for known, _ in run)
        lines.append(f"{name.ljust(width)} {text}")
    return lines


def _written(value: Value, indent: int, owner: str, name: str) -> str:
    match value:
        case Model(model, members):
            names = [f"{pascal(one.name)}:" for one in members]
            texts = [_member(model, one, indent) for one in members]
            opening = f"model.{type_name(model)}{{"
            line = brackets(
                opening, list(map(" ".join, zip(names, texts, strict=True))), "}", indent, step="\t"
            )
            return brackets(opening, _aligned(names, texts), "}", indent, step="\t") if "\n" in line else line
        case Items(kind, items):
            texts = [_written(one, indent + 1, owner, name) for one in items]
            return brackets(f"[]{_type(kind)}{{", texts, "}", indent, step="\t")
        case Leaf(kind, str(text)) if kind.values:
            if text not in kind.values:
                raise NotAvailable(f"The SDK for Go has no value {text!r} for {name}.")
            return f"model.Get{owner}{pascal(name)}Enum().{constant(text)}"
        case Leaf():
            return written(value, quoted)


def _type(kind: Kind) -> str:
    return _TYPES.get(kind.name) or f"model.{type_name(kind.name)}"
