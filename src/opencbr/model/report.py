"""The capture report: what was read, denied, missing or hidden, and what moved during the snapshots."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from opencbr.model.document import Unread
from opencbr.model.masked_places import MaskedPlace
from opencbr.model.record import Drift

COMPLETE = "complete"
PARTIAL = "partial"
DRIFTED = "drifted"

VOLATILE: dict[str, frozenset[str]] = {
    "server": frozenset({"updated", "progress", "OS-EXT-STS:task_state", "host_status", "links"}),
    "flavor": frozenset({"links"}),
    "volume": frozenset({"updated_at", "attached_at", "links"}),
    "port": frozenset({"updated_at", "revision_number"}),
    "floatingips": frozenset({"updated_at", "revision_number"}),
}
"""Kind of document -> fields, at any depth, whose change is no drift: the cloud moves them by itself.

`task_state` and `updated` move with our own snapshots; `host_status` is about the host's heartbeat; `links` name the
address that the API was asked at.
"""

_FREE = frozenset({"metadata", "volume_image_metadata", "extra_specs"})
"""Members whose keys are the user's own words: nothing in them is volatile, whatever it is called."""

NOT_COMPARED = "The resource was not read again after the snapshots: whether it moved meanwhile is not known."

_COMPARED = frozenset({"server", "interface", "flavor", "port", "floatingips", "volume"})


def verdict(
    *,
    unread: tuple[Unread, ...],
    hidden: tuple[str, ...],
    gaps: tuple[str, ...],
    drift: tuple[Drift, ...],
) -> str:
    """Judge a record. Drift weighs more: a partial record is still true of one moment."""
    if drift:
        return DRIFTED
    return PARTIAL if unread or hidden or gaps else COMPLETE


def find_drift(
    before: Mapping[str, bytes], after: Mapping[str, bytes], unread: tuple[Unread, ...]
) -> tuple[Drift, ...]:
    """Compare the compatible documents of two readings by name; `unread`, the second one's, says why one is gone.

    Masked bodies are enough: a changed secret has a changed fingerprint.
    """
    outcomes = {one.name: one.outcome for one in unread}
    found: list[Drift] = []
    for name, body in before.items():
        kind = _kind(name)
        if kind not in _COMPARED:
            continue
        if name in after:
            found += _moved(name, kind, body, after[name])
        else:
            found.append(Drift(name, "", '"read"', json.dumps(outcomes.get(name, "absent"))))
    found += [
        Drift(name, "", '"absent"', '"read"')
        for name in after
        if name not in before and _kind(name) in _COMPARED
    ]
    return tuple(found)


def _kind(name: str) -> str | None:
    """Give the kind of a document in its compatible form; None for the reading at the newest microversion."""
    return None if "@" in name else name.partition("/")[0]


def _moved(name: str, kind: str, before: bytes, after: bytes) -> list[Drift]:
    if before == after:
        return []
    try:
        old, new = json.loads(before), json.loads(after)
    except (ValueError, RecursionError):  # a number too long for the parser: nothing finer can be said
        return [Drift(name, "", None, None)]
    differences = _Differences(VOLATILE.get(kind, frozenset()))
    differences.walk(old, new, ())
    return [Drift(name, *difference) for difference in differences.found]


class _Differences:
    """Two documents walked side by side; `found` has field, before, after."""

    def __init__(self, volatile: frozenset[str]) -> None:
        self._volatile = volatile
        self.found: list[tuple[str, str | None, str | None]] = []

    def walk(self, old: Any, new: Any, path: tuple[str, ...]) -> None:
        field = ".".join(path)
        if isinstance(old, dict) and isinstance(new, dict):
            volatile = frozenset() if path and path[-1] in _FREE else self._volatile
            for key in [*old, *(key for key in new if key not in old)]:
                if key in volatile:
                    continue
                if key in old and key in new:
                    self.walk(old[key], new[key], (*path, key))
                else:
                    values = [_plain(side[key]) if key in side else None for side in (old, new)]
                    self.found.append((".".join((*path, key)), values[0], values[1]))
        elif isinstance(old, list) and isinstance(new, list):
            # The order of a list means nothing to Nova, Cinder and Neutron, and they do not keep it.
            if self._members(old) != self._members(new):
                self.found.append((field, _plain(old), _plain(new)))
        elif _plain(old) != _plain(new):
            self.found.append((field, _plain(old), _plain(new)))

    def _members(self, values: list[Any]) -> Counter[str]:
        return Counter(_plain(self._still(value)) for value in values)

    def _still(self, value: Any) -> Any:
        """Leave out the volatile fields at every depth."""
        if isinstance(value, dict):
            return {key: self._still(inner) for key, inner in value.items() if key not in self._volatile}
        return [self._still(inner) for inner in value] if isinstance(value, list) else value


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def report_of(manifest: dict[str, Any], masked: Mapping[str, Sequence[MaskedPlace]]) -> dict[str, Any]:
    """Say of every document what became of it, read or not; made from a record's manifest.

    `masked` are the masks in the documents that have any, by name: whoever reads a mask knows that it is one.
    """
    calls = ("name", "service", "method", "path", "microversion", "status", "request_id", "read_at")
    read = [
        {
            **{key: page[key] for key in calls},
            "outcome": "read",
            "masked": _classes(page["commitments"]),
            "places": [_place(one) for one in masked.get(page["name"], ())],
        }
        for page in manifest["documents"]
    ]
    unread = [{**one, "masked": [], "places": []} for one in manifest["unread"]]
    same = (
        "backup_id",
        "resource",
        "verdict",
        "started_at",
        "ended_at",
        "closed_at",
        "hidden",
        "gaps",
        "drift",
    )
    return {
        **{key: manifest[key] for key in same},
        "documents": read + unread,
        "disk_backups": manifest["disk_backups"],
    }


def _place(place: MaskedPlace) -> dict[str, Any]:
    return {"class": place.kind, "offset": place.offset, "length": place.length}


def _classes(views: Mapping[str, str]) -> list[str]:
    return sorted({kind for view in views for kind in view.split("+")})
