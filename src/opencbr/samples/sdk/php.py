"""The vendor's SDK for PHP (huaweicloud/huaweicloud-sdk-php), signing with AK/SK."""

import json

from opencbr.samples.call import Call
from opencbr.samples.layout import brackets, escaped, scalar
from opencbr.samples.sdk.arguments import Items, Leaf, Model, Value, models_of, request_of
from opencbr.samples.sdk.names import camel, snake

_ESCAPES = {'"': '\\"', "\\": "\\\\", "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PROGRAM = """\
<?php

require_once __DIR__ . '/vendor/autoload.php';

{used}
$credentials = new BasicCredentials(
    getenv('HUAWEICLOUD_SDK_AK'),
    getenv('HUAWEICLOUD_SDK_SK'),
    {project}
);
$client = CbrClient::newBuilder()
    ->withHttpConfig(HttpConfig::getDefaultConfig())
    ->withCredentials($credentials)
    ->withEndpoint({endpoint})
    ->build();

$request = {request};
echo $client->{method}($request), "\\n";
"""


_WORDS = frozenset({"Match"})
"""Classes whose names are words of PHP 8: it reads a program only where they have another one."""


def quoted(text: str) -> str:
    """Write a text as a literal: in single quotes, where nothing is replaced, unless it has invisible characters."""
    if text.isprintable():
        backslashed = text.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{backslashed}'"
    return f'"{escaped(text, _ESCAPES, _unicode)}"'


def program(call: Call) -> str:
    """Write the program; raises NotAvailable as `request_of` does."""
    request = request_of(call)
    models = [
        f"Cbr\\V1\\Model\\{name}" + (f" as {_called(name)}" if _called(name) != name else "")
        for name in models_of(request)
    ]
    used = ["Cbr\\V1\\CbrClient", *models, "Core\\Auth\\BasicCredentials", "Core\\Http\\HttpConfig"]
    return _PROGRAM.format(
        used="".join(f"use HuaweiCloud\\SDK\\{name};\n" for name in used),
        project=quoted(call.project_id),
        endpoint=quoted(call.endpoint),
        request=_written(request, 0),
        method=camel(call.operation),
    )


def attribute(name: str) -> str:
    """Return the key of a member: `cloudServiceConsoleURL` becomes `cloudServiceConsoleUrl`."""
    return camel(snake(name))


def _called(name: str) -> str:
    return f"{name}Model" if name in _WORDS else name


def _written(value: Value, indent: int) -> str:
    match value:
        case Model(model, members):
            name = _called(model)
            items = [f"{quoted(attribute(one.name))} => {_written(one.value, indent + 1)}" for one in members]
            return brackets(f"new {name}([", items, "])", indent) if items else f"new {name}()"
        case Items(_, items):
            return brackets("[", [_written(one, indent + 1) for one in items], "]", indent)
        case Leaf(_, str(text)):
            return quoted(text)
        case Leaf(_, plain):
            return json.dumps(plain)


def _unicode(number: int) -> str:
    return f"\\u{{{scalar(number):x}}}"
