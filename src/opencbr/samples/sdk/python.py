"""The vendor's SDK for Python (huaweicloudsdkcbr), signing with AK/SK."""

from opencbr.samples.call import Call
from opencbr.samples.layout import brackets
from opencbr.samples.python_source import literal, quoted
from opencbr.samples.sdk.arguments import Items, Leaf, Model, Value, models_of, request_of
from opencbr.samples.sdk.names import snake


def program(call: Call) -> str:
    """Write the program; raises NotAvailable as `request_of` does."""
    request = request_of(call)
    imported = brackets("(", sorted(["CbrClient", *models_of(request)]), ")", 0)
    imported = imported if "\n" in imported else imported[1:-1]
    return (
        "import os\n\n"
        f"from huaweicloudsdkcbr.v1 import {imported}\n"
        "from huaweicloudsdkcore.auth.credentials import BasicCredentials\n\n"
        "credentials = BasicCredentials(\n"
        '    os.environ["HUAWEICLOUD_SDK_AK"],\n'
        '    os.environ["HUAWEICLOUD_SDK_SK"],\n'
        f"    {quoted(call.project_id)},\n"
        ")\n"
        f"client = CbrClient.new_builder().with_credentials(credentials).with_endpoint({quoted(call.endpoint)}).build()\n\n"
        f"request = {_written(request, 0)}\n"
        f"response = client.{snake(call.operation)}(request)\n"
        "print(response)\n"
    )


def _written(value: Value, indent: int) -> str:
    match value:
        case Model(name, members):
            arguments = [f"{snake(one.name)}={_written(one.value, indent + 1)}" for one in members]
            return brackets(f"{name}(", arguments, ")", indent)
        case Items(_, items):
            return brackets("[", [_written(one, indent + 1) for one in items], "]", indent)
        case Leaf(_, plain):
            return literal(plain)
