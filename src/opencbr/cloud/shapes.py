"""What upstream bodies must look like where they are used: one table, looked at when a body is read.

Everything else in a body may be anything and is kept as it came. A path begins inside the thing; `*` stands for every
element of a list. A member may be left out or null where None stands among its types.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any

Types = tuple[type, ...]

TEXT: Types = (str,)
MAYBE_TEXT: Types = (str, NoneType)
NUMBER: Types = (int,)
OBJECT: Types = (dict,)
MAYBE_OBJECT: Types = (dict, NoneType)
MOST = 2**31 - 1
"""The largest number taken: what a column holds. Sizes are in GiB."""
MAYBE_LIST: Types = (list, NoneType)

_WORDS: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    dict: "an object",
    list: "a list",
    NoneType: "null",
}

_SERVER: Mapping[str, Types] = {
    "id": TEXT,
    "name": MAYBE_TEXT,
    "status": TEXT,
    "tenant_id": TEXT,
    "user_id": TEXT,
    "OS-EXT-AZ:availability_zone": MAYBE_TEXT,
}
_VOLUME: Mapping[str, Types] = {
    "id": TEXT,
    "name": MAYBE_TEXT,
    "status": TEXT,
    "size": NUMBER,
    "availability_zone": MAYBE_TEXT,
    "attachments": MAYBE_LIST,
    "attachments/*": OBJECT,
    "attachments/*/device": MAYBE_TEXT,
    "attachments/*/server_id": MAYBE_TEXT,
}
_CREATED: Mapping[str, Types] = {
    "id": TEXT,
    "name": MAYBE_TEXT,
    "volume_id": MAYBE_TEXT,
    "status": MAYBE_TEXT,
    "size": (int, NoneType),
    "created_at": MAYBE_TEXT,
}
_FORWARDING: Mapping[str, Types] = {"id": TEXT, "port_forwardings": MAYBE_LIST, "port_forwardings/*": OBJECT}

SHAPES: Mapping[str, Mapping[str, Types]] = {
    "server": _SERVER,
    "server@newest": _SERVER,
    "interfaceAttachment": {},
    "volumeAttachment": {"volumeId": TEXT, "device": MAYBE_TEXT},
    "volume": _VOLUME,
    "volume@newest": _VOLUME,
    "volume_type": {"id": TEXT, "name": TEXT},
    "image": {
        "id": TEXT,
        "visibility": MAYBE_TEXT,
        "status": MAYBE_TEXT,
        "size": (int, NoneType),
        "min_disk": (int, NoneType),
        "owner": MAYBE_TEXT,
        "created_at": MAYBE_TEXT,
    },
    "router_port": {"device_id": TEXT},
    "floatingip": _FORWARDING,
    "snapshot": _CREATED,
    "transfer": {"id": TEXT, "volume_id": TEXT},
    "offered": {"id": TEXT, "auth_key": TEXT},
    "backup": {**_CREATED, "snapshot_id": MAYBE_TEXT, "object_count": (int, NoneType)},
    "token": {
        "user": OBJECT,
        "user/id": TEXT,
        "user/name": TEXT,
        "project/id": TEXT,
        "project/domain": OBJECT,
        "project/domain/id": TEXT,
        "roles/*": OBJECT,
        "roles/*/name": TEXT,
        "expires_at": TEXT,
    },
    "credential": {"user_id": TEXT, "type": MAYBE_TEXT, "project_id": MAYBE_TEXT},
    "user": {"name": TEXT, "domain_id": TEXT},
    "project": {"domain_id": TEXT},
    "project_of_user": {"id": TEXT, "name": TEXT},
    "identified": {"id": TEXT},
    "service": {"host": MAYBE_TEXT},
    "grant": {"scope": OBJECT, "scope/domain": MAYBE_OBJECT, "scope/domain/id": TEXT},
    "role_assignment": {"role": OBJECT, "role/name": TEXT},
}
"""Kind of thing -> path -> the types its value may have."""


def misshapen(kind: str, thing: Any) -> str | None:
    """Say what is wrong with a thing of `kind`, in words; None when nothing is. Kinds that the table has not are objects."""
    if not isinstance(thing, dict):
        return f"{kind} is {_word(thing)} instead of an object"
    return next((wrong for _, wrong in faults(kind, thing)), None)


def faults(kind: str, thing: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an object of `kind`: the member of it that holds the fault, and the fault in words."""
    for path, types in SHAPES.get(kind, {}).items():
        steps = path.split("/")
        for value in _values(thing, steps):
            # A truth value is a number to Python, and to nobody else.
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                yield steps[0], f"{path} of {kind} is {_word(value)} instead of {_WORDS[types[0]]}"
            elif isinstance(value, int) and not 0 <= value <= MOST:
                yield steps[0], f"{path} of {kind} is a number out of range"


def _values(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield what stands at a path, None for what is not there; what lies inside of something missing is not looked for."""
    if not path:
        yield value
    elif path[0] == "*":
        for one in value if isinstance(value, list) else ():
            yield from _values(one, path[1:])
    elif isinstance(value, dict):
        yield from _values(value.get(path[0]), path[1:])


def _word(value: Any) -> str:
    return "a truth value" if isinstance(value, bool) else _WORDS.get(type(value), "a number")
