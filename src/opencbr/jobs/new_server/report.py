"""The report of a restore by a plan: what became of the captured fields."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from opencbr.model import statuses
from opencbr.model.restore_plan.draft import KEPT, LOST, MAPPED, NEW
from opencbr.model.restore_plan.rows import Row

_WORDS = {KEPT: "restored", MAPPED: "mapped", NEW: "renewed", LOST: "impossible"}
_SKIPPED = statuses.SKIPPED
_BY_CHOICE = "the mapping does without"


def report_of(rows: Iterable[Row]) -> dict[str, Any]:
    """Say how many fields were restored, mapped, renewed by the cloud, skipped by choice, or impossible; name the last ones."""
    told = [(_word(row), row) for row in rows]
    counts = Counter(word for word, _ in told)
    others = [
        {"document": row.document, "field": row.field, "became": word, "why": row.reason}
        for word, row in told
        if word not in (_WORDS[KEPT], _WORDS[NEW])
    ]
    return {word: counts[word] for word in (*_WORDS.values(), _SKIPPED)} | {"not_as_before": others}


def _word(row: Row) -> str:
    if row.fate == LOST and row.reason.startswith(_BY_CHOICE):
        return _SKIPPED
    return _WORDS.get(row.fate, row.fate)
