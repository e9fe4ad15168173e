"""What holds for the samples of every language."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name
from pygments.token import Error

from opencbr.contract import contract_operations
from opencbr.samples import Call, missing_of, samples_of
from opencbr.samples.languages import LANGUAGES

from .calls import HOSTILE, OPERATIONS, OWN, call_of, smallest

PAGE = (Path(__file__).parents[2] / "docs/samples.md").read_text()
ODD = "\x00\x1b\u202e\ud800" + HOSTILE


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)
def test_every_language_has_a_sample_or_a_reason(operation):
    for call in (call_of(operation), call_of(operation, ODD), smallest(operation)):
        made = [sample.language for sample in samples_of(call)]
        missing = [one.language for one in missing_of(call)]
        assert sorted(made + missing) == sorted(language.id for language in LANGUAGES)
        assert made == [language.id for language in LANGUAGES if language.id in made], "in the table's order"
        assert all(re.fullmatch(r"[A-Z].+[.]", one.reason, re.DOTALL) for one in missing_of(call))


@pytest.mark.parametrize("operation", [*OPERATIONS, None], ids=lambda one: one.operation if one else "own")
def test_every_text_can_be_shown(operation):
    """What reorders a line, or rings the terminal's bell, is never in it."""
    for sample in samples_of(call_of(operation, ODD) if operation else OWN):
        assert sample.text.encode()
        assert all(one in "\n\t" or one.isprintable() for one in sample.text), sample.language
        assert sample.text.endswith("\n")


def test_every_lexer_is_known_and_finds_nothing_odd():
    for sample in samples_of(call_of(contract_operations()["ShowBackup"])):
        tokens = list(get_lexer_by_name(sample.lexer).get_tokens(sample.text))
        assert [text for kind, text in tokens if kind is Error] == [], sample.language


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.id)
def test_the_page_has_the_language_and_its_variables(language):
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| {language.title} |")]
    assert re.findall(r"`([A-Z_]{4,})`", row.split("|")[3]) == list(language.variables)
    assert row.split("|")[2].strip() == language.needs


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.id)
def test_no_other_credential_is_in_a_sample(language):
    """The samples that name variables name those of the row; the rest is left to the tools."""
    named = set()
    for operation in OPERATIONS:
        for sample in samples_of(call_of(operation)):
            if sample.language == language.id:
                named |= set(re.findall(r"\b(?:OS|HW|HUAWEICLOUD)_[A-Z_]+", sample.text))
    assert named - {"OS_CBR_ENDPOINT_OVERRIDE", "OS_TOKEN"} <= set(language.variables)


STUBS = 'python3() { if [ "$1" = - ]; then cat; fi; }; pip() { echo "$@" >>asked; }\n'
"""Python prints the program that it is given, and nothing is installed."""


@pytest.mark.parametrize("operation", OPERATIONS[::9], ids=lambda operation: operation.operation)
def test_what_is_pasted_into_a_shell_is_the_sample(operation, tmp_path: Path):
    (tmp_path / "sample-venv/bin").mkdir(parents=True)
    (tmp_path / "sample-venv/bin/activate").touch()
    known = {language.id: language for language in LANGUAGES}
    for sample in samples_of(call_of(operation, HOSTILE)):
        packages = known[sample.language].packages
        if packages is None:
            assert sample.in_shell == ""
        elif sample.lexer == "bash":
            assert sample.in_shell.endswith(sample.text)
        else:
            done = subprocess.run(
                ["sh", "-eu", "-c", STUBS + sample.in_shell], cwd=tmp_path, capture_output=True, check=True
            )
            assert done.stdout.decode() == sample.text
            assert (tmp_path / "asked").read_text().split()[-len(packages) :] == list(packages)
            assert all(f" {package}" in sample.needs for package in packages)


def test_a_call_is_not_changed():
    body = {"vault": {"name": "a", "resources": []}}
    call = Call(
        operation="CreateVault",
        method="POST",
        path="/v3/{project_id}/vaults",
        endpoint="https://cbr.example/",
        project_id="p1",
        body=body,
    )
    first = samples_of(call)
    assert samples_of(call) == first
    assert body == {"vault": {"name": "a", "resources": []}}
    assert all("example//" not in sample.text for sample in first)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def bodies(draw, schema):
    """Draw a body of which some members are as the schema says and others are anything."""
    if draw(st.integers(0, 5)) == 0:
        return draw(ANYTHING)
    if schema["type"] == "object":
        chosen = draw(st.lists(st.sampled_from(sorted(schema["properties"])), max_size=4, unique=True))
        return {name: draw(bodies(schema["properties"][name])) for name in chosen}
    if schema["type"] == "array":
        return draw(st.lists(bodies(schema["items"]), max_size=2))
    return draw(st.sampled_from(schema["enum"])) if "enum" in schema else draw(ANYTHING)


@given(st.data())
def test_whatever_is_on_the_screen_is_a_sample_or_a_reason(data):
    operation = data.draw(st.sampled_from(OPERATIONS))
    body = (
        data.draw(bodies(operation.body).filter(lambda one: isinstance(one, dict)))
        if operation.body
        else None
    )
    keys = [*(operation.query or {"properties": {}})["properties"], "color"]
    scalars = st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    query = tuple(data.draw(st.lists(st.tuples(st.sampled_from(keys), scalars), max_size=3)))
    call = replace(call_of(operation), body=body, query=query)
    made, missing = samples_of(call), missing_of(call)
    assert len(made) + len(missing) == len(LANGUAGES)
    assert {"curl-signed", "requests"} <= {sample.language for sample in made}
    for sample in made:
        assert sample.text.encode()
        if sample.lexer == "python":
            compile(sample.text, sample.language, "exec")


def test_a_body_that_is_nested_too_deeply_has_a_reason():
    body: dict = {}
    for _ in range(5_000):
        body = {"vault": body}
    call = replace(call_of(contract_operations()["CreateVault"]), body=body)
    assert len(samples_of(call)) + len(missing_of(call)) == len(LANGUAGES)
