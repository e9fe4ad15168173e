"""The members of a call by their paths, for tools that have arguments of their own names."""

from typing import Any

from opencbr.samples.call import Call, NotAvailable


def members_of(call: Call) -> dict[str, Any]:
    """Return what the call has: `vault_id` of a path or a query, `vault.billing.size` of a body; a list is one member.

    Raises NotAvailable for a repeated key of the query: no tool that this serves has an argument for that.
    """
    found: dict[str, Any] = dict(call.path_arguments())
    for key, value in call.query:
        if key in found:
            raise NotAvailable(f"There is one argument for {key}, and the request has several.")
        found[key] = value
    return found | flat(call.body or {})


def flat(body: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the members of an object by their paths."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found
