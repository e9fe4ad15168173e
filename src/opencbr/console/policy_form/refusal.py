"""Where on the form a refusal of the API belongs."""

import re
from typing import Final

from opencbr.console.policy_form.entries import NUMBERS, TEXTS

_PLACES: Final = re.compile(r"(?:[\w.\[\]]+: )+")
_FIELDS: Final = {
    "pattern": "times",
    **{name: name for name in (*TEXTS, *NUMBERS, "operation_type", "timezone", "vault_id")},
}


def field_of(message: str) -> str:
    """Return the field that a sentence is about, by the member that it begins with; "" where it is about none of them."""
    places = _PLACES.match(message)
    if places is None:
        return ""
    member = places[0].split(": ")[-2].rpartition(".")[2]
    return _FIELDS.get(re.sub(r"\[.*", "", member), "")
