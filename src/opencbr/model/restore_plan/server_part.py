"""The server of a plan: flavor, zone, key pair, user data, and the quotas of Nova."""

from collections.abc import Sequence
from typing import Any

from opencbr.model.restore_plan.captured import Json, thing
from opencbr.model.restore_plan.choices import DROP, KEEP, RUN
from opencbr.model.restore_plan.draft import KEPT, LOST, MAPPED, NEW, UNDECIDED, Draft
from opencbr.model.restore_plan.root_part import booted_image, root_volume_image
from opencbr.model.restore_plan.rows import same_content

_SIZES = ("ram", "vcpus", "disk", "swap", "OS-FLV-EXT-DATA:ephemeral", "extra_specs")
USER_DATA = ("server", "OS-EXT-SRV-ATTR:user_data")
_KEY_NAME = ("server", "key_name")
_ZONE, _PINNED = "OS-EXT-AZ:availability_zone", "pinned_availability_zone"
"""Where a server stands, and where it asked to stand: None for one that left that to Nova."""


def choose_flavor(draft: Draft) -> str | None:
    """Find the flavor: the chosen one, else by id, by name, by equal content. Return its id, None when one must be chosen."""
    captured = draft.captured.thing("flavor@newest") or draft.captured.thing("flavor") or {}
    wanted = draft.choices.flavor_id
    found = _with_id(draft.view.flavors, wanted) if wanted else None
    now = draft.standing("flavor")
    if found is not None:
        if now is None or found.get("id") != thing("flavor", now).get("id"):
            draft.maps("flavor", str(found["id"]), {"flavor": found}, "the flavor that was chosen")
        else:
            _stands(draft, captured, now)
    elif now is not None:
        _stands(draft, captured, now)
        found = thing("flavor", now)
    else:
        found = _named(draft.view.flavors, captured.get("name"))
        why = "its id is gone, this flavor bears its name"
        if found is None:
            found, why = _equal(draft, captured), "it is gone, this flavor has the same content"
        if found is None:
            sentence = f"flavor {captured.get('name') or captured.get('id')} is gone, and none is like it: choose another one"
            draft.ask("flavor_id", ("the id of a flavor",), sentence, "flavor")
            return None
        draft.maps("flavor", str(found["id"]), {"flavor": found}, why)
    for name, need in (("instances", 1), ("cores", found.get("vcpus")), ("ram", found.get("ram"))):
        draft.need(f"compute/{name}", draft.captured.server_id, need if isinstance(need, int) else 0)
    _refuse_small(draft, found)
    return str(found["id"])


def _stands(draft: Draft, captured: Json, now: Json) -> None:
    draft.stands("flavor", now)
    current = thing("flavor", now)
    if not same_content(
        captured, current, *(name for name in _SIZES if name in current and name in captured)
    ):
        other = _equal(draft, captured)
        offer = f"; flavor {other['id']} ({other.get('name')}) is as it was" if other is not None else ""
        draft.notices.append(
            f"flavor {current.get('id')} is not as it was when the server was backed up{offer}"
        )


def _refuse_small(draft: Draft, flavor: Json) -> None:
    """Refuse a flavor that Nova would: the image wants more. Of a root volume its image counts too, by memory alone."""
    image, root = booted_image(draft), root_volume_image(draft)
    memory, disk = ("ram", "min_ram", "MiB of memory"), ("disk", "min_disk", "GiB of root disk")
    least = (memory,) if image is None else (memory, disk)
    for has, wants, what in least:
        have, want = flavor.get(has), _number((root if image is None else image).get(wants))
        if isinstance(have, int) and 0 < have < want:
            draft.refuse(
                "server",
                ("server", "flavor", "id"),
                f"flavor {flavor['id']} has {have} {what}, and the image wants {want}: choose another flavor",
                (str(flavor["id"]),),
            )


def _number(value: Any) -> int:
    """Read what an image wants; a volume keeps it as a text."""
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else 0


def _equal(draft: Draft, captured: Json) -> Json | None:
    known = [name for name in _SIZES if name in captured]
    if "ram" not in known:
        return None
    return next((one for one in draft.view.flavors if same_content(captured, one, *known)), None)


def choose_zone(draft: Draft) -> str | None:
    """Find the availability zone to ask for; None leaves it to Nova, as for a server that asked for none."""
    server = draft.captured.server
    chosen = draft.choices.availability_zone
    pinned = server.get(_PINNED, server.get(_ZONE))
    wanted = chosen or pinned
    field = ("server", _ZONE)
    if wanted is None:
        draft.decide("server", field, NEW, "Nova chose it, and chooses again")
        return None
    if wanted in draft.view.compute_zones:
        # A server that asked for no zone and is given the one that it stood in is bound to that from now on.
        for name in (_ZONE, _PINNED):
            if wanted != server.get(name):
                draft.decide("server", ("server", name), MAPPED, "the zone that was chosen", wanted)
        return str(wanted)
    zones = ", ".join(sorted(draft.view.compute_zones))
    if chosen:
        draft.refuse(
            "server", field, f"Nova has no availability zone {chosen}: choose one of {zones}", (chosen,)
        )
    else:
        sentence = f"the availability zone {wanted} is gone from Nova: choose one of {zones}"
        draft.ask("availability_zone", tuple(sorted(draft.view.compute_zones)), sentence)
        draft.decide("server", field, UNDECIDED, sentence)
    return None


def choose_key(draft: Draft) -> tuple[str, str, str] | None:
    """Find the key pair: name, public key and type; None for none."""
    name = draft.captured.server.get("key_name")
    if not name:
        return None
    pair = draft.captured.thing("keypair") or {}
    public = pair.get("public_key")
    if draft.choices.key_pair == DROP:
        draft.decide("server", _KEY_NAME, LOST, "the mapping does without the key pair")
        draft.loses("keypair", "the mapping does without the key pair")
        return None
    if not isinstance(public, str) or not public:
        draft.decide(
            "server", _KEY_NAME, LOST, "its public key is not in the record, so that it cannot be given again"
        )
        return None
    draft.makes("keypair")
    draft.decide("server", _KEY_NAME, KEPT, "its public key is given to the server again, under its name")
    return str(name), public, str(pair.get("type") or "ssh")


def choose_user_data(draft: Draft) -> str | None:
    """Find the user data to give, as base64. It runs again at the first boot of the new server, so that is chosen."""
    given = draft.captured.server.get("OS-EXT-SRV-ATTR:user_data")
    if not given:
        return None
    chosen = draft.choices.user_data
    if chosen == DROP:
        draft.decide("server", USER_DATA, LOST, "the mapping does without the user data")
        return None
    if chosen == RUN:
        draft.decide("server", USER_DATA, KEPT, "given again; it runs at the first boot of the new server")
        return str(given)
    sentence = "the server has user data, which a new server runs at its first boot: choose whether it shall"
    draft.ask("user_data", (RUN, DROP), sentence)
    draft.decide("server", USER_DATA, UNDECIDED, sentence)
    return None


def hostname_of(draft: Draft) -> str | None:
    """Give the host name to ask for; None where Nova makes it of the server's name."""
    name = draft.captured.server.get("OS-EXT-SRV-ATTR:hostname")
    field = ("server", "OS-EXT-SRV-ATTR:hostname")
    if not name:
        return None
    if draft.view.sets_hostnames:
        return str(name)
    draft.decide("server", field, NEW, "this Nova makes it of the name that the server is created with")
    return None


def _with_id(rows: Sequence[Json], wanted: str | None) -> Json | None:
    return next((row for row in rows if row.get("id") == wanted), None)


def _named(rows: Sequence[Json], name: Any) -> Json | None:
    found = [row for row in rows if name and row.get("name") == name]
    return found[0] if len(found) == 1 else None


def keeps_key(draft: Draft) -> str | None:
    """Say, for the mapping that is given back, what becomes of the key pair."""
    return (draft.choices.key_pair or KEEP) if draft.captured.server.get("key_name") else None
