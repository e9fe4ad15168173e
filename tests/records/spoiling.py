"""Stored bytes spoilt in every way, and what those who read a record make of it."""

from collections.abc import Callable, Iterator
from typing import Any

from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records.archive import RecordDamaged, Records
from store.samples import PROJECT

VIEWS = {
    "masked": MASKED,
    "secrets": frozenset({SECRETS}),
    "infrastructure": frozenset({INFRASTRUCTURE}),
    "verbatim": VERBATIM,
}
_WHOLE = {"export", "masked export", "report"}
_NEED = {  # column -> who cannot answer without it; exports and reports need every one
    "answer": {*VIEWS, "child"},
    "secrets": {"secrets", "infrastructure", "verbatim", "child"},
    "documents": {"child"},
    "key_id": {*VIEWS, "child"},
    "dictionary_id": {*VIEWS, "child"},
}


def spoilt(stored: bytes) -> Iterator[bytes]:
    """One bit turned in every byte of the head and here and there behind it; cut short; longer; nothing at all."""
    places = sorted(
        {*range(min(16, len(stored))), *range(0, len(stored), len(stored) // 12 + 1), len(stored) - 1}
    )
    for at in places:
        yield stored[:at] + bytes([stored[at] ^ 1 << at % 8]) + stored[at + 1 :]
    yield from (stored[:size] for size in places)
    yield stored + b"\0"


def outcome(read: Callable[[], Any], right: Any, refusal: type[Exception]) -> str:
    """Say what came of reading: `right`, `refused`, or in words what should not have come."""
    try:
        found = read()
    except refusal as error:
        return "refused" if str(error) else "refused without a sentence"
    except Exception as error:  # noqa: BLE001 -- which one it is, is what a test wants to see
        return f"{type(error).__name__}: {error}"
    return "right" if found == right else "something else"


class Readers:
    """Everybody who reads the record of one backup, and what each was given while it was whole."""

    def __init__(self, records: Records, backup_id: str, child_id: str) -> None:
        self._ids = (backup_id, child_id)
        self._right = {name: read() for name, read in _readers(records, PROJECT, *self._ids).items()}
        self._records = records

    def now(self, project_id: str = PROJECT, records: Records | None = None) -> dict[str, str]:
        """What each makes of the record as it is stored now."""
        readers = _readers(records or self._records, project_id, *self._ids)
        return {name: outcome(read, self._right[name], RecordDamaged) for name, read in readers.items()}


def _readers(
    records: Records, project_id: str, backup_id: str, child_id: str
) -> dict[str, Callable[[], Any]]:
    def answer(of: str, view: frozenset[str]) -> Callable[[], Any]:
        return lambda: records.answer(project_id, of, view).body

    return {
        **{name: answer(backup_id, view) for name, view in VIEWS.items()},
        "child": answer(child_id, MASKED),
        "export": lambda: records.export(project_id, backup_id, VERBATIM),
        "masked export": lambda: records.export(project_id, backup_id, MASKED),
        "report": lambda: records.report(project_id, backup_id),
    }


def without(*columns: str) -> dict[str, str]:
    """What `now` gives when these columns of a record are spoilt: who needs none of them is answered right."""
    need = _WHOLE.union(*(_NEED.get(column, set()) for column in columns))
    return {name: "refused" if name in need else "right" for name in [*VIEWS, "child", *_WHOLE]}
