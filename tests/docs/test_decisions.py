"""A decision says whether it holds and since when, and the list of decisions says the same."""

import re
from datetime import date
from pathlib import Path

import pytest

ADR = Path(__file__).parents[2] / "docs/adr"
PAGES = sorted(ADR.glob("0*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_a_status_and_a_date(page):
    found = re.search(
        r"^Status: (proposed|accepted|rejected|superseded)\b.*\. Date: (\d{4}-\d{2}-\d{2})\.$",
        page.read_text(),
        re.MULTILINE,
    )
    assert found, "the line `Status: …. Date: ….` is missing"
    date.fromisoformat(found[2])
    [row] = [line for line in (ADR / "README.md").read_text().splitlines() if f"({page.name})" in line]
    *_, status, when, _ = (cell.strip() for cell in row.split("|"))
    assert (status.split(";")[0], when) == (found[1], found[2])


def test_the_second_colour_of_function_ends_at_the_interface():
    """Decisions 1 and 11: use cases, adapters, jobs and commands are synchronous."""
    source = ADR.parents[1] / "src/opencbr"
    coloured = {
        page.relative_to(source).parts[0] for page in source.rglob("*.py") if "async def" in page.read_text()
    }
    assert coloured == {"api"}
