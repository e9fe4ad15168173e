"""What the documents list is what the program has."""

import re
from pathlib import Path

import msgspec
import pytest

from opencbr.api.routes import ROUTES
from opencbr.config import SECTIONS

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs/api.md").read_text()
OPERATE = (ROOT / "docs/operate.md").read_text()
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation.name)
def test_every_operation_has_its_row(route):
    operation = route.operation
    row = f"| {operation.name} | {operation.method} `{operation.path}` | `{route.right}` | {operation.success} |"
    assert row in API, f"docs/api.md lacks this row: {row}"


def test_the_page_lists_no_operation_that_is_not_offered():
    rows = re.findall(r"^\| \w+ \| (\w+) \| [A-Z]+ `", API, re.MULTILINE)
    offered = [route.operation.name for route in ROUTES]
    assert set(rows) <= set(offered), f"listed and not offered: {set(rows) - set(offered)}"
    assert len(rows) == len(set(rows)), "an operation has two rows"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_explained_with_its_default(section):
    rows = [
        line.split("|")[1:5] for line in OPERATE.splitlines() if line.startswith("|") and line.count("|") == 5
    ]
    defaults: dict[str, str] = {}
    current = ""
    for place, names, default, _meaning in rows:
        current = place.strip() or current
        if current == section:
            defaults |= dict(
                zip(
                    (n.strip() for n in names.split(",")),
                    (d.strip() for d in default.split(",")),
                    strict=False,
                )
            )
    for field in msgspec.structs.fields(SECTIONS[section]):
        assert field.name in defaults, f"docs/operate.md does not explain [{section}] {field.name}"
        if isinstance(field.default, bool):
            assert defaults[field.name] == str(field.default).lower()
        elif isinstance(field.default, int | float):
            assert defaults[field.name] == f"{field.default:g}"
        elif field.default:
            assert defaults[field.name] == field.default


def test_the_readme_s_first_screen_has_exactly_the_two_commands():
    screen = README.split("\n## ")[0]
    commands = re.findall(r"^(make \S+|\S*opencbr .*)", screen, re.MULTILINE)
    assert commands == ["make demo", "make test"]


@pytest.mark.parametrize(
    "target", sorted({t for page in PAGES for t in re.findall(r"`make ([a-z-]+)", page.read_text())})
)
def test_every_make_target_that_a_page_names_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name} points at {link}"


def test_every_decision_is_in_the_list():
    listed = (ROOT / "docs/adr/README.md").read_text()
    for page in (ROOT / "docs/adr").glob("0*.md"):
        assert f"({page.name})" in listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_that_pages_name_exist(page):
    for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", page.read_text()):
        assert (ROOT / name).exists() or (ROOT / "src/opencbr" / name).exists(), f"{page.name} names {name}"


def test_no_font_makes_a_text_of_the_picture_leave_its_box():
    picture = (ROOT / "docs/architecture.svg").read_text()
    shapes = re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', picture)
    boxes = [tuple(map(int, shape)) for shape in [*shapes, ("0", "0", "960", "640")]]
    texts = re.findall(r'<text x="(\d+)" y="(\d+)"([^>]*)>', picture)
    assert len(texts) > 30
    for x, y, rest in texts:
        length = re.search(r' textLength="(\d+)" lengthAdjust="spacingAndGlyphs"', rest)
        assert length, f"the text at {x}, {y} is as long as a font makes it"
        begin = int(x) - (int(length[1]) / 2 if 'text-anchor="middle"' in rest else 0)
        around = [
            box for box in boxes if box[0] <= int(x) < box[0] + box[2] and box[1] <= int(y) <= box[1] + box[3]
        ]
        left, _, width, _ = min(around, key=lambda box: box[2] * box[3])
        assert left < begin < begin + int(length[1]) < left + width, (
            f"the text at {x}, {y} is wider than its box"
        )
