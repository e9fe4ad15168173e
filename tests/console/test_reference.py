"""The pages of the reference tell all that the OpenAPI document has, lead to each other, and take nothing for markup."""

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opencbr.api.openapi import document
from opencbr.api.routes import ROUTES
from opencbr.console.reference.errors import error_pages
from opencbr.console.reference.marks import marked
from opencbr.console.reference.members import members_of
from opencbr.console.reference.operations import operation_pages
from opencbr.console.reference.static_files import write_files
from opencbr.model.error_catalogue import GATEWAY
from opencbr.model.errors import CATALOGUE, wire_code

DOCUMENT = json.loads(msgspec.json.encode(document(ROUTES)))
OPERATIONS = [route.operation.name for route in ROUTES]
CODES = [*GATEWAY, *map(wire_code, CATALOGUE)]
SECTIONS = [
    "Function",
    "URI",
    "Request",
    "Response",
    "Example",
    "The same in a program",
    "Status and error codes",
]


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build") / "docs"
    assert write_files(DOCUMENT, folder) == len(OPERATIONS) + len(CODES) + 1
    return folder


class Reader(HTMLParser):
    """The text of a page and where it leads; fails on an element that is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.headings: list[str] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.links += [value for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag not in ("meta", "link", "br"):
            self._open.append(tag)
        if tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._open[-1:] == ["h2"]:
            self.headings[-1] += data


def read(folder: Path, name: str) -> Reader:
    return Reader((folder / f"{name}.html").read_text())


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_page_of_an_operation_tells_all_that_the_document_has(folder, name):
    ((path, method, told),) = [
        (path, method, told)
        for path, methods in DOCUMENT["paths"].items()
        for method, told in methods.items()
        if told["operationId"] == name
    ]
    page = read(folder, name)
    assert page.headings == [one for one in SECTIONS if "x-codeSamples" in told or "program" not in one]
    assert f"{method.upper()} {path}" in page.words
    assert told["x-required-right"] in page.words
    for one in told["parameters"]:
        assert one["name"] in page.words
        assert one["description"].replace("`", "") in page.words
    for status, answer in told["responses"].items():
        assert status in page.words
        assert {f"{code}.html" for code in answer.get("x-error-codes", ())} <= {*page.links}
        if status < "300" and "content" in answer:
            for example in answer["content"]["application/json"]["examples"].values():
                assert json.dumps(example["value"], indent=2, ensure_ascii=False) in page.words


def test_every_member_of_a_body_has_a_row():
    names = [
        one.name for page in operation_pages(DOCUMENT) if page.name == "CreateVault" for one in page.body
    ]
    assert names[:2] == ["vault", "vault.name"]
    assert {"vault.billing.size", "vault.resources[].extra_info.include_volumes[].id"} <= {*names}
    assert len(names) == len({*names})


def test_a_row_tells_type_and_limits():
    (create,) = [page for page in operation_pages(DOCUMENT) if page.name == "CreateVault"]
    rows = {one.name: one for one in create.body}
    size, tags = rows["vault.billing.size"], rows["vault.tags"]
    assert (size.required, size.type, size.limits) == (True, "integer", "10 to 10485760")
    assert (tags.required, tags.type, tags.limits) == (False, "list of object or null", "at most 20 items")
    assert create.path_parameters[0].limits == "1 to 64 characters"
    (listed,) = [page for page in operation_pages(DOCUMENT) if page.name == "ListVault"]
    limit = listed.query_parameters
    assert [one.limits for one in limit if one.name == "limit"] == ["1 to 1000; by default `1000`"]


def test_a_type_that_holds_itself_is_told_once():
    schemas = DOCUMENT["components"]["schemas"]
    names = [one.name for one in members_of({"$ref": "#/components/schemas/BackupBody"}, schemas)]
    assert "children" in names
    assert not [name for name in names if name.startswith("children[]")]


@pytest.mark.parametrize("code", CODES)
def test_the_page_of_a_code(folder, code):
    page = read(folder, code)
    assert page.headings[:2] == ["What causes it here", "What to do"]
    answering = [
        told["operationId"]
        for methods in DOCUMENT["paths"].values()
        for told in methods.values()
        if any(code in answer.get("x-error-codes", ()) for answer in told["responses"].values())
    ]
    assert {f"{name}.html" for name in answering} <= {*page.links}
    assert ("never answers with this code" in page.words) <= (answering == [])


def test_a_code_with_two_statuses_names_both():
    (unexpected,) = [page for page in error_pages(DOCUMENT) if page.code == "BackupService.9910"]
    assert unexpected.statuses == ["500 Internal Server Error", "503 Service Unavailable"]


def test_all_pages_are_reached_from_the_first_and_no_link_leads_nowhere(folder):
    seen, left = set(), ["index.html"]
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        links = {link.partition("#")[0] for link in Reader((folder / name).read_text()).links} - {
            "",
            "base.css",
        }
        assert [link for link in links if not (folder / link).is_file()] == []
        left += [link for link in links if link.endswith(".html")]
    assert seen == {path.name for path in folder.glob("*.html")}


def test_what_is_not_offered_stands_in_its_chapter(folder):
    words = read(folder, "index").words
    assert [one["name"] for one in DOCUMENT["x-not-offered"] if one["name"] not in words] == []


HOSTILE = "<script>alert(1)</script>\"'&{{ 7 * 7 }}`<b>`"


def test_no_text_becomes_markup(tmp_path):
    """Samples, too, are shown as they are: a name in a document is a stranger's text."""
    hostile = json.loads(msgspec.json.encode(document(ROUTES)))
    operation = hostile["paths"]["/v3/{project_id}/vaults"]["post"]
    operation["description"] = operation["summary"] = HOSTILE
    operation["x-codeSamples"] = [{"lang": "Shell", "label": HOSTILE, "source": HOSTILE}]
    content = operation["requestBody"]["content"]["application/json"]
    content["examples"] = {"one": {"summary": HOSTILE, "value": {HOSTILE: HOSTILE}}}
    for schema in hostile["components"]["schemas"].values():
        schema["description"] = HOSTILE
        schema["properties"] = {f"{name}{HOSTILE}": one for name, one in schema["properties"].items()}
    write_files(hostile, tmp_path)
    page = (tmp_path / "CreateVault.html").read_text()
    assert "<script" not in page
    assert "<b>" not in page
    assert "{{ 7 * 7 }}" in html.unescape(page)
    assert page.count("alert(1)") > 10
    assert read(tmp_path, "CreateVault").headings == SECTIONS


def test_code_is_marked_and_nothing_else():
    assert str(marked("a `b<c` <i>d</i> ` e")) == "a <code>b&lt;c</code> &lt;i&gt;d&lt;/i&gt; ` e"


def test_the_makefile_writes_them():
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    assert re.search(r"^docs: .*\n\t.*opencbr\.console\.reference build/docs$", makefile, re.MULTILINE)
