"""The changelog has the version that is in the making, and fragments can be gathered into it."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def test_the_newest_entry_is_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.search(r"^## (\S+) - \d{4}-\d{2}-\d{2}$", CHANGELOG, re.MULTILINE)
    assert newest
    assert newest[1] == version


def test_a_fragment_says_its_kind_and_has_a_number_of_its_own():
    fragments = sorted(path for path in (ROOT / "changes").glob("*.md") if path.name != "README.md")
    for fragment in fragments:
        assert re.match(r"\d{4}-[a-z0-9-]+\.md$", fragment.name), fragment.name
        assert re.match(r"(Enhancement|Bugfix|Change): \S", fragment.read_text()), fragment.name
    numbers = [fragment.name[:4] for fragment in fragments]
    assert sorted(set(numbers)) == numbers
