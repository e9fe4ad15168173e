"""Samples that cannot be run here are read by real parsers, for every operation of the contract, with hostile values.

tree-sitter's grammars read Java, Go, C# and PHP; gofmt and php read theirs too where they are installed. For the text inside of
quotes a small decoder of the language's own rules is compared with what was written.
"""

import re
import shutil
import subprocess

import pytest
import tree_sitter_c_sharp
import tree_sitter_go
import tree_sitter_java
import tree_sitter_php
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Parser

from opencbr.samples import missing_of
from opencbr.samples.sdk import dotnet, go, java, php

from .calls import HOSTILE, OPERATIONS, OWN, call_of, smallest, text_in

GRAMMARS = {
    "sdk-java": tree_sitter_java.language(),
    "sdk-go": tree_sitter_go.language(),
    "sdk-dotnet": tree_sitter_c_sharp.language(),
    "sdk-php": tree_sitter_php.language_php(),
}
TEXTS = {"hostile": HOSTILE, "control": "line\r\nbreak\ttab\x00\x1b\x7f\u202e\u2028 \\u0022 \ud800"}
LACKING = {"sdk-java": {"AddVaultResource", "CreateCheckpoint", "CreatePostPaidVault", "CreateVault"}}
"""Operations that have a member which one SDK lacks: no sample for a call that has it."""


def parsed(language: str, text: str):
    """Return the root of the tree; fails at what the grammar does not know."""
    source = text.encode()
    root = Parser(Language(GRAMMARS[language])).parse(source).root_node
    if root.has_error:
        todo, worst = [root], root
        while todo:
            node = todo.pop()
            worst = node if node.is_error or node.is_missing else worst
            todo += [child for child in node.children if child.has_error or child.is_missing]
        raise AssertionError(f"line {worst.start_point.row + 1} of\n{text}")
    return root


@pytest.mark.matrix(fast=80)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("language", GRAMMARS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)
def test_the_grammar_reads_the_sample(operation, language, text):
    parsed(language, text_in(smallest(operation), language))
    call = call_of(operation, text)
    if operation.operation in LACKING.get(language, ()):
        [reason] = [one.reason for one in missing_of(call) if one.language == language]
        assert "The SDK for Java has no member" in reason
    else:
        parsed(language, text_in(call, language))


def test_operations_of_our_own_are_in_no_sdk():
    reasons = {one.language: one.reason for one in missing_of(OWN)}
    assert reasons.keys() >= GRAMMARS.keys()


@pytest.mark.parametrize(
    ("language", "command"), [("sdk-go", ["gofmt", "-e"]), ("sdk-php", ["php", "-l"])], ids=["gofmt", "php"]
)
def test_the_language_s_own_tool_reads_every_sample(language, command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    for operation in OPERATIONS:
        text = text_in(call_of(operation, HOSTILE), language)
        subprocess.run(command, input=text.encode(), check=True, capture_output=True, timeout=60)


KNOWN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


def decoded(literal: str) -> str:
    """Undo the escapes of a literal in double quotes, as Java, Go, C# and PHP define those that we use."""

    def replace(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        return chr(int(digits, 16)) if digits else KNOWN[found[4]]

    inside = literal[1:-1]
    plain = re.sub(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|u\{([0-9a-f]+)\}|(.))", replace, inside)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # pairs of Java


@pytest.mark.parametrize("quoted", [java.quoted, go.quoted, dotnet.quoted], ids=["java", "go", "dotnet"])
@given(text=st.text())
def test_a_literal_is_the_text(quoted, text):
    literal = quoted(text)
    assert literal.isprintable()
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', literal)
    assert decoded(literal) == (text if quoted is java.quoted else re.sub("[\ud800-\udfff]", "\ufffd", text))


@given(text=st.text())
def test_a_php_literal_is_the_text(text):
    literal = php.quoted(text)
    assert literal.isprintable()
    if literal[0] == "'":
        assert re.fullmatch(r"'(?:[^'\\]|\\['\\])*'", literal)
        assert re.sub(r"\\(.)", r"\1", literal[1:-1]) == text
    else:
        assert re.fullmatch(r'"(?:[^"\\$]|\\.)*"', literal)
        assert decoded(literal) == re.sub("[\ud800-\udfff]", "\ufffd", text)
