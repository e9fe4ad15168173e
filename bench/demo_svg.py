"""docs/demo.svg, made from what the demo really prints: `python -m bench.demo_svg`.

Each printed line is one line of text of a fixed length, so that boxes stand under any font and commands can be copied whole.
"""

import re
import sys
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path

from bench.demo import LAST, running

PICTURE = Path(__file__).parents[1] / "docs/demo.svg"
HOME = "$HOME/.local/share/opencbr/demo"
_CHARACTER, _LINE, _MARGIN = 8.4, 19, 20
_CHANGING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "{id}"),
    (r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", "{mac}"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "{time}"),
    (r"\d\d:\d\d UTC", "{time}"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:{port}"),
    (r"\d+ MB in all", "{number} MB in all"),
)
"""What differs from run to run, in columns of a fixed width or at the end of a line."""


def told(said: str, places: Mapping[str, str]) -> list[str]:
    """Give the lines of a demo's output up to the last one that is the same everywhere.

    `places` maps this run's paths to what they are called in the picture.
    """
    said = said[: said.index(LAST) + len(LAST)]
    for here, there in sorted(places.items(), key=lambda pair: -len(pair[0])):
        said = said.replace(here, there)
    return [line.rstrip() for line in said.splitlines()]


def lasting(lines: list[str]) -> list[str]:
    """Give what every run prints: lines of progress come as they are met, and ids, times and ports change."""
    kept = "\n".join(line for line in lines if not re.match(r" +\d+ %", line))
    for pattern, word in _CHANGING:
        kept = re.sub(pattern, word, kept)
    return kept.splitlines()


def drawn(lines: list[str]) -> str:
    """Draw lines as SVG."""
    width = round(max(map(len, lines)) * _CHARACTER + 2 * _MARGIN)
    height = len(lines) * _LINE + 2 * _MARGIN
    rows = [
        f'<text x="{_MARGIN}" y="{_MARGIN + 14 + number * _LINE}" textLength="{len(line) * _CHARACTER:.1f}">'
        f"{escape(line, quote=False)}</text>"
        for number, line in enumerate(lines)
        if line
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="14" fill="#d4d4d8"\n'
        "  font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\">\n"
        "<title>what make demo prints</title>\n<style>text { white-space: pre }</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#18181b"/>\n'
    )
    return head + "\n".join(rows) + "\n</svg>\n"


def main() -> None:
    """Run a demo of its own and draw what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        with running(state, "127.0.0.1:8780") as (_, said):
            pass
    lines = ["$ make demo", *told(said, {str(state): HOME, sys.executable: ".venv/bin/python"})]
    PICTURE.write_text(drawn(lines))


if __name__ == "__main__":
    main()
