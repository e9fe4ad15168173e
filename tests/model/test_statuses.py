"""A status is written once, in the model: nowhere else does its bare word stand."""

import ast
import re
from pathlib import Path
from typing import get_args

import opencbr
from opencbr.model import statuses

SOURCE = Path(opencbr.__file__).parent

KINDS = [kind for name, kind in vars(statuses).items() if name.endswith("Status")]
WORDS = {word for kind in KINDS for word in get_args(kind)}

OTHER_VOCABULARIES = ("model/", "cloud/", "democloud/", "store/migrations/")
"""Where the words are made, where OpenStack's own are spoken, and what was published."""

OTHER_MEANINGS = {
    "api/errors.py": {"error"},
    "api/health.py": {"failed"},
    "cli/demo/state.py": {"lock"},
    "config/settings.py": {"error"},
    "jobs/engine/attempt.py": {"failed"},
    "jobs/engine/dbos.py": {"failed"},
    "store/checkpoints.py": {"skipped"},
    "store/tables.py": {"skipped"},
}
"""A field, a file, a level of the log, an outcome of a step: words that are no status there."""


def test_each_word_has_one_name():
    named = {name: word for name, word in vars(statuses).items() if name.isupper()}
    assert len(KINDS) == 6
    assert {name.lower() for name in named} == set(named.values()) == WORDS


def bare_words(file: Path, place: str) -> list[str]:
    wanted = WORDS - OTHER_MEANINGS.get(place, set())
    quoted = re.compile(rf"'({'|'.join(sorted(wanted))})'")  # inside of SQL
    constants = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant))
    return [
        f"{place}:{node.lineno}: {node.value}"
        for node in constants
        if node.value in wanted or (isinstance(node.value, str) and quoted.search(node.value))
    ]


def test_no_status_is_written_as_a_bare_word():
    places = {file.relative_to(SOURCE).as_posix(): file for file in sorted(SOURCE.rglob("*.py"))}
    found = [
        word
        for place, file in places.items()
        if not place.startswith(OTHER_VOCABULARIES)
        for word in bare_words(file, place)
    ]
    assert found == []
