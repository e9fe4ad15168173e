"""What whoever is signed in may do with policies: pages show no button that is refused."""

from typing import Final

from opencbr.console.console import console, signed_in

_RIGHTS: Final = {
    "create": "cbr:policies:create",
    "change": "cbr:policies:update",
    "delete": "cbr:policies:delete",
    "run": "cbr:policies:run",
    "give": "cbr:vaults:associatePolicy",
    "take": "cbr:vaults:dissociatePolicy",
}


def may() -> dict[str, bool]:
    """Return for each act whether it is allowed. Raises what asking for a right raises."""
    allows, credential = console().allows, signed_in().credential
    return {act: allows(credential, right) for act, right in _RIGHTS.items()}
