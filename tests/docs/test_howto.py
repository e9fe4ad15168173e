"""What a how-to names is there: files, and the words it says stand in them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/howto").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_it_names_is_there(page):
    named = re.findall(r"`((?:src|tests|docs|bench|changes)/[^`]*)`", page.read_text())
    assert [name for name in named if "<" not in name and not (ROOT / name).exists()] == []
    assert named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_name_of_code_is_in_the_source(page):
    """`UPPER_CASE`, `_private`, `Class.method` and `CamelCase` in a how-to are names of the program or its tests."""
    text = page.read_text()
    names = set(re.findall(r"`([A-Z][A-Z_]+|_[a-z_]+|[A-Z]\w+\.[a-z]\w+|[A-Z][a-z]+[A-Z]\w*)`", text))
    source = "\n".join(path.read_text() for room in ("src", "tests") for path in (ROOT / room).rglob("*.py"))
    assert [name for name in sorted(names) if not re.search(rf"\b{name.rpartition('.')[2]}\b", source)] == []
