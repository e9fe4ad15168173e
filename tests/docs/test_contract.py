"""The wire contract in docs/contract: every citation leads somewhere, every operation is described."""

import inspect
import json
import re
from functools import cache
from pathlib import Path

import pytest
from huaweicloudsdkcbr.v1 import cbr_client

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "docs/contract"
PAGES = sorted(CONTRACT.glob("*.md"))
DATA = ROOT / "src/opencbr/contract/operations.json"
OPERATIONS = json.loads(DATA.read_text())
CITING = [
    path
    for folder, ending in (("src", "py"), ("tests", "py"), ("bench", "py"), ("docs", "md"))
    for path in sorted((ROOT / folder).rglob(f"*.{ending}"))
    if path.parent != CONTRACT and path != Path(__file__)
]

PLACE = r"(?:D\d+|\d+(?:\.\d+)*a?(?:, rule \d+)?)"
CITATION = re.compile(rf"\bcontract ({PLACE}(?:,? and {PLACE}|, {PLACE})*)")
TRAP = re.compile(r"\btraps? (T\d+(?:(?:,| and) T\d+)*)")


def cited(text):
    """Return the places that a text cites: "5.1", "2.9" for `2, rule 9`, "D3", "T15"."""
    text = re.sub(r"\s*\n\s*(?:#:? |\| )?", " ", text)  # a citation may be broken across lines
    places = [place for m in CITATION.finditer(text) for place in re.findall(PLACE, m[1])]
    return [place.replace(", rule ", ".") for place in places] + [
        trap for m in TRAP.finditer(text) for trap in re.findall(r"T\d+", m[1])
    ]


@cache
def places():
    """Return what can be cited: numbered headings, the items of numbered lists under them, rows D1 and on."""
    found = []
    for page in PAGES:
        heading = ""
        for line in page.read_text().splitlines():
            if m := re.match(r"#+ (T\d+|\d+(?:\.\d+)*a?)\b", line):
                heading = m[1]
                found.append(heading)
            elif m := re.match(r"(\d+)\. ", line):
                found.append(f"{heading}.{m[1]}")
            elif m := re.match(r"\| (D\d+) \|", line):
                found.append(m[1])
    return found


def test_every_citation_leads_somewhere():
    lost = [
        f"{path.relative_to(ROOT)}: {place}"
        for path in CITING
        for place in cited(path.read_text())
        if not resolves(place)
    ]
    assert lost == []


def resolves(place):
    return place in places() or any(other.startswith(f"{place}.") for other in places())


def test_citations_are_found_at_all():
    count = sum(len(cited(path.read_text())) for path in CITING)
    assert count >= 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what holds (contract 0.3, trap T9)", ["0.3", "T9"]),
        ("(contract 3.1, 3.10, 5.1)", ["3.1", "3.10", "5.1"]),
        ("(contract 2, rule 9)", ["2.9"]),
        ("refused (contract\n        6.7.2)", ["6.7.2"]),
        ("    # as in contract\n    # D18 and traps T1, T2", ["D18", "T1", "T2"]),
        ("a contract of ours, and no trap", []),
    ],
)
def test_a_citation_is_read_as_written(text, expected):
    assert cited(text) == expected


def test_what_leads_nowhere_is_seen():
    assert [place for place in ("5.1", "2.9", "3.12", "T30", "D23", "9.3a") if not resolves(place)] == []
    assert [place for place in ("5.11", "2.11", "14", "T31", "D24", "9.3b") if resolves(place)] == []


def test_no_number_stands_twice():
    assert sorted(places()) == sorted(set(places()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_contract_s_own_references_lead_somewhere(page):
    text = page.read_text()
    for place in re.findall(r"\b([TD]\d+)\b(?!\.)", text):
        assert resolves(place), place
    for number, target in re.findall(r"\[(\d+(?:\.\d+)+)[^\]]*\]\(([^)]+)\)", text):
        page_of_it = (CONTRACT / target).read_text()
        assert re.search(rf"^#+ {re.escape(number)}\b", page_of_it, re.MULTILINE), (
            f"{number} is not in {target}"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_index_lists_every_page(page):
    assert page.name == "README.md" or f"({page.name})" in (CONTRACT / "README.md").read_text()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["operation"])
def test_every_operation_is_described_in_its_chapter(operation):
    heading = re.compile(rf"^## 1\.\d+ Operations of {operation['chapter']}$", re.MULTILINE)
    [page] = [page for page in PAGES if heading.search(page.read_text())]
    chapter = heading.split(page.read_text())[1].split("\n## ")[0]
    [row] = [line for line in chapter.splitlines() if line.startswith(f"| **{operation['operation']}**")]
    name, where, takes, success, _answers = [cell.strip() for cell in row.split("|")[1:-1]]
    assert where == f"{operation['method']} `{operation['path']}`"
    assert int(success) == operation["success"]
    assert operation["summary"].lower() in name.lower()
    wanted = [key for part in ("query", "body") if operation[part] for key in operation[part]["properties"]]
    assert [key for key in wanted if not re.search(rf"\b{key}\b", takes)] == []


def test_the_counts_of_the_readme():
    assert len(OPERATIONS) == len({(o["method"], o["path"]) for o in OPERATIONS}) == 74
    assert len({o["chapter"] for o in OPERATIONS}) == 15
    assert sum(not o["path"].startswith("/v3/{project_id}/") for o in OPERATIONS) == 5


def test_the_operations_stand_one_a_line_by_chapter_and_path():
    lines = DATA.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("[", "]")
    assert [json.loads(line.removesuffix(",")) for line in lines[1:-1]] == OPERATIONS
    chapters = list(dict.fromkeys(o["chapter"] for o in OPERATIONS))
    assert sorted(OPERATIONS, key=lambda o: (chapters.index(o["chapter"]), o["path"])) == OPERATIONS


def test_the_operations_are_those_of_the_vendor_s_sdk():
    paths = re.findall(r'"method": "(\w+)",\s+"resource_path": "([^"]+)"', inspect.getsource(cbr_client))
    assert sorted(paths) == sorted((o["method"], o["path"]) for o in OPERATIONS)
