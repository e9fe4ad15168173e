"""KooCLI and the OpenStack client: their words as a shell splits them, and the second's own parsers."""

import re
import subprocess
from importlib.metadata import entry_points
from typing import Any
from unittest.mock import Mock

import pytest
from keystoneauth1.adapter import Adapter
from otcextensions.sdk.cbr.v3._proxy import Proxy

from opencbr.contract import contract_operations
from opencbr.samples import Call, missing_of
from opencbr.samples.openstack_commands import COMMANDS

from .calls import HOSTILE, OPERATIONS, call_of, text_in, text_of


def words(text: str, program: str) -> list[str]:
    """Return the words that a shell gives the program."""
    show = f"""{program}() {{ printf '%s\\0' "$@"; }}\n"""
    variables = {"HUAWEICLOUD_SDK_AK": "a k", "HUAWEICLOUD_SDK_SK": "s k", "HW_REGION_NAME": "r 1"}
    done = subprocess.run(["sh", "-eu", "-c", show + text], env=variables, capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def numbered(prefix: str, value: Any) -> dict[str, str]:
    """Write a value as KooCLI's parameters."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = ((str(number), item) for number, item in enumerate(value, 1))
    else:
        return {prefix: str(value).lower() if isinstance(value, bool) else str(value)}
    return {name: text for key, inner in pairs for name, text in numbered(f"{prefix}.{key}", inner).items()}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)
def test_koocli_is_given_the_call(operation):
    call = call_of(operation, HOSTILE + "\nline")
    service, name, *options = words(text_in(call, "koocli"), "hcloud")
    assert (service, name) == ("CBR", operation.operation)
    given = dict(option.removeprefix("--").split("=", 1) for option in options)
    assert len(given) == len(options)
    signing = {
        "cli-region": "r 1",
        "cli-access-key": "a k",
        "cli-secret-key": "s k",
        "cli-endpoint": call.endpoint,
    }
    assert signing.items() <= given.items()
    wanted = dict(call.path_values)
    for key in dict.fromkeys(key for key, _ in call.query):
        values = [value for name, value in call.query if name == key]
        repeated = (operation.query or {})["properties"][key]["type"] == "array"
        wanted |= numbered(key, values if repeated else values[0])
    for key, value in (call.body or {}).items():
        wanted |= numbered(key, value)
    if call.in_project:
        wanted["project_id"] = "p1"
    assert given == wanted | signing


def full(name: str, text: str) -> Call:
    """Return a call with everything that the command has an argument for."""
    operation, command = contract_operations()[name], COMMANDS[name]
    whole = call_of(operation, text)
    body: dict[str, Any] = {}
    members = [*command.arguments, *command.options, *(path for path, _ in command.switches)]
    for path in dict.fromkeys(members):
        schema = operation.body
        for part in path.split("."):
            schema = (schema or {}).get("properties", {}).get(part)
        if schema is None:
            continue  # of the path or the query
        switched = [value for member, value in command.switches if member == path]
        value = switched[0] if switched else text_of(schema, text)
        if isinstance(value, list) and isinstance(value[0], dict):
            value = [{key: one for key, one in item.items() if key != "extra_info"} for item in value]
        inner = body
        *outer, last = path.split(".")
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = value
    # Only one value of a repeated key fits, and no option is said for what has none.
    query = {
        key: value for key, value in whole.query if key in command.options or (key, True) in command.switches
    }
    return Call(
        operation=name,
        method=operation.method,
        path=operation.path,
        endpoint=whole.endpoint,
        project_id="p1",
        path_values=whole.path_values,
        query=tuple(query.items()),
        body=body if operation.body else None,
    )


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if not command.broken])
def test_the_openstack_client_knows_the_command_and_its_arguments(name):
    # No comma and no equals sign: the options that hold pairs cannot have them in a value.
    hostile = re.sub("[=, ]", "", HOSTILE)
    call = full(name, hostile)
    _, *given = words(text_in(call, "openstack"), "openstack")
    command = COMMANDS[name].words
    assert given[: len(command.split())] == command.split()
    [entry] = entry_points(group="openstack.cbr.v3", name=f"cbr_{command.replace(' ', '_')}")
    parsed = vars(entry.load()(None, None).get_parser("openstack").parse_args(given[len(command.split()) :]))
    assert set(COMMANDS[name].options.values()) <= set(given)
    values = [inner for value in parsed.values() for inner in (value if isinstance(value, list) else [value])]
    texts = [
        value for value in (*call.path_values.values(), *dict(call.query).values()) if isinstance(value, str)
    ]
    assert [text for text in texts if text not in values] == []


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.broken])
def test_a_command_that_is_broken_sends_nothing(name):
    """A client that mends it fails this test: then the command has a sample."""
    [entry] = entry_points(group="openstack.cbr.v3", name=f"cbr_{COMMANDS[name].words.replace(' ', '_')}")
    sent = Mock(spec=Adapter)
    app = Mock()
    app.client_manager.cbr = Proxy(session=sent)
    command = entry.load()(app, None)
    with pytest.raises(TypeError, match="policy_id"):
        command.take_action(command.get_parser("openstack").parse_args(["p1"]))
    assert sent.mock_calls == []
    said = {missing.language: missing.reason for missing in missing_of(call_of(contract_operations()[name]))}
    assert "sends nothing" in said["openstack"]


def test_every_command_of_the_client_is_in_the_table():
    commands = {entry.name for entry in entry_points(group="openstack.cbr.v3")}
    assert commands == {f"cbr_{command.words.replace(' ', '_')}" for command in COMMANDS.values()}


@pytest.mark.parametrize(
    ("operation", "query", "body", "reason"),
    [
        ("ListOpLogs", (("status", "success"),), None, "no option for status"),
        ("ListVault", (("id", "a"), ("id", "b")), None, "one argument for id"),
        ("UpdateVault", (), {"vault": {"auto_bind": False}}, "cannot send vault.auto_bind as false"),
        ("UpdateVault", (), {"vault": {"name": ""}}, "no empty vault.name"),
        ("CreateVault", (), {"vault": {"name": "-x"}}, "begin with a hyphen"),
        (
            "CreateVault",
            (),
            {"vault": {"name": "x", "tags": [{"key": "a=b", "value": ""}]}},
            "cannot hold a value",
        ),
        ("CreateVault", (), {"vault": {"name": "x", "tags": [{"key": "a"}]}}, "wants 'value' too"),
        (
            "AddVaultResource",
            (),
            {"resources": [{"id": "a", "type": "b", "extra_info": {}}]},
            "cannot hold extra_info",
        ),
        ("ShowSummary", (), None, "no `openstack cbr` command"),
    ],
)
def test_what_a_command_cannot_send_has_its_reason(operation, query, body, reason):
    known = contract_operations()[operation]
    call = Call(
        operation=operation,
        method=known.method,
        path=known.path,
        endpoint="https://cbr.example",
        project_id="p1",
        path_values={"vault_id": "v"},
        query=query,
        body=body,
    )
    said = {missing.language: missing.reason for missing in missing_of(call)}
    assert reason in said["openstack"]
