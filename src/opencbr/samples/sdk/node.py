"""The vendor's SDK for Node.js (@huaweicloud/huaweicloud-sdk-cbr), signing with AK/SK."""

import json

from opencbr.samples.call import Call
from opencbr.samples.layout import brackets, escaped, utf16
from opencbr.samples.sdk.arguments import Items, Leaf, Model, Value, models_of, request_of
from opencbr.samples.sdk.names import camel, pascal

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PROGRAM = """\
const {imported} = require("@huaweicloud/huaweicloud-sdk-cbr");
const {{ BasicCredentials }} = require("@huaweicloud/huaweicloud-sdk-core");

const credentials = new BasicCredentials()
  .withAk(process.env.HUAWEICLOUD_SDK_AK)
  .withSk(process.env.HUAWEICLOUD_SDK_SK)
  .withProjectId({project});
const client = CbrClient.newBuilder()
  .withCredential(credentials)
  .withEndpoint({endpoint})
  .build();

const request = {request};
client.{method}(request).then(
  (response) => console.log(JSON.stringify(response, null, 2)),
  (error) => {{
    console.error(error);
    process.exitCode = 1;
  }},
);
"""


def quoted(text: str) -> str:
    """Write a text as a literal."""
    return f'"{escaped(text, _ESCAPES, utf16)}"'


def program(call: Call) -> str:
    """Write the program; raises NotAvailable as `request_of` does."""
    request = request_of(call)
    return _PROGRAM.format(
        imported=brackets("{", sorted(["CbrClient", *models_of(request)]), "}", 0, step="  ", pad=" "),
        project=quoted(call.project_id),
        endpoint=quoted(call.endpoint),
        request=_written(request, 0),
        method=camel(call.operation),
    )


def _written(value: Value, indent: int) -> str:
    match value:
        case Model(name, members):
            calls = [f".with{pascal(one.name)}({_written(one.value, indent + 1)})" for one in members]
            return "".join([f"new {name}()", *(f"\n{'  ' * (indent + 1)}{one}" for one in calls)])
        case Items(_, items):
            return brackets("[", [_written(one, indent + 1) for one in items], "]", indent, step="  ")
        case Leaf(_, str(text)):
            return quoted(text)
        case Leaf(_, plain):
            return json.dumps(plain)
