"""Python with the library requests and a Keystone token."""

from opencbr.samples import wire
from opencbr.samples.call import Call
from opencbr.samples.python_source import literal, quoted


def with_token(call: Call) -> str:
    """Write the program; the token comes from OS_TOKEN."""
    arguments = [quoted(call.method), quoted(f"{call.endpoint.rstrip('/')}{wire.path_of(call)}")]
    if call.query:
        arguments.append(f"params={literal(wire.query_pairs(call), 1)}")
    arguments.append('headers={"X-Auth-Token": os.environ["OS_TOKEN"]}')
    if call.body is not None:
        arguments.append(f"json={literal(call.body, 1)}")
    arguments.append("timeout=60")
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return (
        f"import os\n\nimport requests\n\nresponse = requests.request(\n{lines})\n"
        "print(response.status_code, response.text)\n"
        "response.raise_for_status()\n"
    )
