"""docs/demo.svg is what the demo prints."""

import re
import sys
from html import unescape

from bench.demo_svg import HOME, PICTURE, lasting, told


def pictured() -> list[str]:
    """The lines of the picture, empty ones too."""
    rows = {
        int(y): unescape(text)
        for y, text in re.findall(r'<text x="\d+" y="(\d+)"[^>]*>([^<]*)', PICTURE.read_text())
    }
    first, last = min(rows), max(rows)
    step = min(b - a for a, b in zip(sorted(rows), sorted(rows)[1:], strict=False))
    return [rows.get(y, "") for y in range(first, last + 1, step)]


def test_the_picture_is_what_the_demo_prints(demo):
    places = {
        str(demo.env_file): f"{HOME}/env",
        str(demo.state): HOME,
        sys.executable: ".venv/bin/python",
    }
    printed = told(demo.output.read_text(), places)
    command, *lines = pictured()
    assert command == "$ make demo"
    assert lasting(lines) == lasting(printed), "run `python -m bench.demo_svg`"
    words = [line.split("%")[1] for line in lines if re.match(r" +\d+ %", line)]
    assert words[-1] == "  done: 3 disks, 5 GiB"


def test_its_commands_can_be_copied():
    script = "\n".join(pictured())
    assert "\xa0" not in PICTURE.read_text()
    curl, decoded = [line for line in script.splitlines() if line.startswith("curl ")]
    assert curl.endswith('/metadata"')
    assert decoded == curl + " |"
    python = script[script.index("python3 - <<'END'\n") :].split("\n", 1)[1].split("\nEND")[0]
    compile(python, "the picture", "exec")
