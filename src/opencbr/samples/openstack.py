"""`openstack cbr ...`, which signs in as the OpenStack client does: by the variables OS_*, or OS_CLOUD and clouds.yaml."""

from typing import Any

from opencbr.samples import shell, wire
from opencbr.samples.call import Call, NotAvailable
from opencbr.samples.members import members_of
from opencbr.samples.openstack_commands import COMMANDS, Command
from opencbr.samples.sdk.arguments import request_of


def command(call: Call) -> str:
    """Write the command.

    Raises NotAvailable where there is none for the operation or it sends nothing, where it has no argument for something in
    the call, and where an argument cannot hold a value.
    """
    known = COMMANDS.get(call.operation)
    if known is None:
        raise NotAvailable("There is no `openstack cbr` command for this operation.")
    if known.broken:
        raise NotAvailable(
            f"The command `openstack cbr {known.words}` ends with an error of its own and sends nothing."
        )
    request_of(call)  # so that everything has the contract's types
    members = members_of(call)
    sent = {path: value for path, value in members.items() if known.fixed.get(path) != value}
    first = ["openstack cbr", known.words, *(_argument(path, sent) for path in known.arguments)]
    options = [
        word
        for path, value in sent.items()
        if path not in known.arguments
        for word in _options(known, path, value)
    ]
    options += [word for path, word in known.absent.items() if path not in members]
    endpoint = shell.quoted(f"{call.endpoint.rstrip('/')}/v3/{wire.encoded(call.project_id)}")
    return f"export OS_CBR_ENDPOINT_OVERRIDE={endpoint}\n" + shell.command(
        first, *((word,) for word in options)
    )


def _argument(path: str, sent: dict[str, Any]) -> str:
    value = sent.get(path)
    if not isinstance(value, str) or not value or value.startswith("-"):
        raise NotAvailable(f"The command wants a text for {path} that does not begin with a hyphen.")
    return shell.quoted(value)


def _options(known: Command, path: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        if switch := known.switches.get((path, value)):
            return [switch]
        raise NotAvailable(f"The command cannot send {path} as {str(value).lower()}.")
    option = known.options.get(path)
    if option is None:
        raise NotAvailable(f"The command has no option for {path}.")
    if not value:
        raise NotAvailable(f"The command sends no empty {path}.")
    return [_option(option, one) for one in (value if isinstance(value, list) else [value])]


def _option(option: str, value: Any) -> str:
    text = shell.quoted(_object(option, value) if isinstance(value, dict) else wire.query_text(value))
    return f"{option}={text}" if text.startswith("-") else f"{option} {text}"


_OBJECTS = {
    "--tag": ("{key}={value}", "="),
    "--bind-rule": ("{key}={value}", "="),
    "--mappings": ("volume_id={volume_id} backup_id={backup_id}", "= "),
    "--resource": ("id={id},type={type}", ","),
    "--resource with name": ("id={id},type={type},name={name}", ","),
}
"""How an option writes an object, and what no value in it may have."""


def _object(option: str, value: dict[str, Any]) -> str:
    form, separators = _OBJECTS[
        f"{option} with name" if option == "--resource" and "name" in value else option
    ]
    try:
        written = form.format_map(value)
    except KeyError as missing:
        raise NotAvailable(f"The option {option} wants {missing} too.") from missing
    if len(value) != form.count("{") or not all(isinstance(one, str) for one in value.values()):
        raise NotAvailable(f"The option {option} cannot hold {', '.join(sorted(value))}.")
    if any(separator in text for text in value.values() for separator in separators):
        raise NotAvailable(f"The option {option} cannot hold a value with one of {separators!r} in it.")
    return written
