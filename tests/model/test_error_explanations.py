"""Every code has a page: what it means, what causes it here, what to do; and the pages tell truly which codes are given."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import opencbr
from opencbr.model import errors
from opencbr.model.error_catalogue import GATEWAY
from opencbr.model.error_explanations import explained
from opencbr.model.errors import CATALOGUE

SOURCE = Path(opencbr.__file__).parent
NAMED = {name: code for name, code in vars(errors).items() if name.isupper() and isinstance(code, str)}
GIVING = ("service", "jobs", "cloud", "api/errors.py", "api/dispatch.py")
"""Where codes are given to clients; a route of the API only lists them."""


def given() -> set[str]:
    """The codes that the modules use, by their names or written out."""
    return {code for place in GIVING for module in modules(SOURCE / place) for code in codes_of(module)}


def modules(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def codes_of(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Name) and node.id in NAMED:
            yield NAMED[node.id]
            continue
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.fullmatch(r"\d{4}|APIGW\.\d{4}", text):
            yield text


@pytest.mark.parametrize("code", [*CATALOGUE, *GATEWAY])
def test_every_code_is_explained_in_sentences(code):
    told = explained(code)
    for sentence in (told.meaning, told.cause, told.remedy):
        assert re.fullmatch(r"[A-Z`].{8,}[.]", sentence), sentence


def test_the_codes_that_are_given_are_those_explained_so():
    assert {code for code in (*CATALOGUE, *GATEWAY) if explained(code).given} == given()


def test_operations_of_the_interface_only_name_codes_that_are_given():
    listed = {code for module in modules(SOURCE / "api/cbr") for code in codes_of(module)}
    assert len(listed) > 20
    assert listed <= given()


def test_a_code_that_there_is_not_has_no_page():
    with pytest.raises(KeyError):
        explained("1234")
