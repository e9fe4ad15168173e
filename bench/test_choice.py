"""Which tests meet a line, from one run of them under coverage."""

import itertools
import json
import subprocess
from pathlib import Path

from coverage import CoverageData


class Choice:
    """The tests of a tree that ran under coverage with a context for each (tests/support/contexts.py)."""

    def __init__(self, tree: Path) -> None:
        self._seconds: dict[str, float] = json.loads((tree / "build/tests.json").read_text())
        data = CoverageData(str(tree / "build/coverage/data"))
        data.read()
        src = tree / "src"
        self._met = {
            str(Path(file).relative_to(src)): data.contexts_by_lineno(file) for file in data.measured_files()
        }

    def tests(self, path: str, line: int, seconds: float) -> list[str]:
        """The quickest tests that meet the line of the file below src/, as many as end in `seconds`; at least one.

        What an import met, or a worker that serves many tests, is not told by test: then those that meet another
        line of the file follow, and those of the same room.
        """
        lines = self._met.get(path, {})
        met = set(lines.get(line, ()))
        tests = self._quickest(met)
        if "" in met:
            room = f"tests/{Path(path).parts[1]}/"
            others = (set().union(*lines.values()), {one for one in self._seconds if one.startswith(room)})
            for more in others:
                tests += self._quickest(more - set(tests))
        ends = itertools.accumulate(self._seconds[one] for one in tests)
        return [one for one, end in zip(tests, ends, strict=True) if end <= seconds] or tests[:1]

    def _quickest(self, tests: set[str]) -> list[str]:
        return sorted(tests & self._seconds.keys(), key=lambda one: (self._seconds[one], one))


def copy_tree(root: Path, tree: Path) -> None:
    """Copy what git knows, and what it would take, as it lies there."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=root, check=True, capture_output=True).stdout.decode().split("\0")
    for name in names:
        if (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes((root / name).read_bytes())
