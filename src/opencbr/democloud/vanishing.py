"""A thing that is gone from one call to the next, as when somebody else has deleted it past all rules."""

import re

from opencbr.democloud.state import Doc, State

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KINDS = (
    *(
        "server",
        "volume",
        "snapshot",
        "backup",
        "image",
        "port",
        "network",
        "subnet",
        "security-group",
        "router",
    ),
    *("floatingip", "trunk", "server-group"),
)


def vanish(state: State, path: str) -> str:
    """Take what a path names last out of the cloud, and what hangs on it off it; return its id, "" where it names nothing."""
    for id_ in _ID.findall(path)[-1:]:
        with state.change():
            for kind in _KINDS:
                if (doc := state.get(kind, id_)) is not None:
                    _let_go(state, kind, doc)
                    state.drop(kind, id_)
                    return str(id_)
    return ""


def _let_go(state: State, kind: str, doc: Doc) -> None:
    """Free the volumes of a server, and remove its ports or a router's; take a volume off its server."""
    for held in state.all("attachment", **{f"{kind}_id": doc["id"]}) if kind in ("server", "volume") else ():
        state.drop("attachment", held["id"])
        if kind == "server" and (volume := state.get("volume", held["volume_id"])):
            state.put("volume", volume | {"status": "available"})
    for port in state.all("port", device_id=doc["id"]):
        state.drop("port", port["id"])
