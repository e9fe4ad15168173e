"""Every error code in the code is one of the catalogue's, and one that has a name is written by its name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import opencbr
from opencbr.model import errors
from opencbr.model.errors import CATALOGUE

ROOMS = ("api", "service", "jobs", "records", "cloud")
SOURCE = Path(opencbr.__file__).parent
NAMED = {code: name for name, code in vars(errors).items() if name.isupper() and isinstance(code, str)}


def written(*rooms: str) -> Iterator[tuple[str, str]]:
    """The codes that the modules of these rooms write out, with the place of each."""
    for room in rooms:
        for module in sorted((SOURCE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(module.read_text())):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and (code := re.fullmatch(r"(?:BackupService\.)?(\d{4})", text)):
                    yield code[1], f"{module.relative_to(SOURCE)}:{node.lineno}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_code_is_in_the_catalogue(room):
    assert [place for code, place in written(room) if code not in CATALOGUE] == []


def test_a_code_with_a_name_is_written_by_its_name():
    found = [f"{place}: {NAMED[code]}" for code, place in written(*ROOMS) if code in NAMED]
    assert found == []


def test_names_are_of_the_catalogue():
    assert NAMED.keys() <= CATALOGUE.keys()
