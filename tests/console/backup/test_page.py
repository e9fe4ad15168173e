"""The page itself: whole HTML, no markup of a tenant's, nothing that the policy forbids, words for what is empty."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise

import pytest
from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined

from api.api_server import ApiServer
from opencbr.console.backup.answers import Answers
from opencbr.console.backup.page import page_context

from .recorded import HOSTILE, SHOWN, answers_of

CONSOLE = files("opencbr.console")
LAYOUT = (
    "<!doctype html><html lang=en><title>{% block title %}{% endblock %}</title>{% block head %}{% endblock %}"
    "<main>{% block content %}{% endblock %}</main></html>"
)
VOID = {"link", "br", "meta"}


def rendered(answers: Answers) -> str:
    loader = ChoiceLoader([DictLoader({"layout.html": LAYOUT}), FileSystemLoader(str(CONSOLE / "templates"))])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    names = {"asset_url": lambda name: f"/{name}", "csrf_token": lambda: "token"}
    may_reveal = {"secrets": False, "infrastructure": False}
    return environment.get_template("backup/page.html").render(
        may_reveal=may_reveal,
        may_plan=False,
        live_part="",
        backup=answers.backup,
        **names,
        **page_context(answers),
    )


class Page(HTMLParser):
    """Elements, attributes and words of a page; `wrong` names what is not closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.opened or self.opened.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(params=["rich", "hostile", "from_image", "partial"], name="page")
def _page(request: pytest.FixtureRequest) -> Page:
    return Page(rendered(request.getfixturevalue(request.param)))


def test_it_is_whole(page: Page):
    assert page.wrong == []
    assert page.opened == []


def test_the_policy_forbids_nothing_of_it(page: Page):
    assert not [tag for tag, _ in page.elements if tag in ("script", "style", "iframe", "object", "img")]
    attributes = {name for _, attrs in page.elements for name in attrs}
    assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_headings_tables_and_ids_are_in_order(page: Page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attrs.get("scope") in ("row", "col") for tag, attrs in page.elements if tag == "th")
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {
        attrs["href"][1:] for tag, attrs in page.elements if tag == "a" and attrs["href"].startswith("#")
    }
    assert links <= set(ids)
    named = {word for _, attrs in page.elements for word in (attrs.get("aria-labelledby") or "").split()}
    assert named <= set(ids)


def test_hostile_words_are_text(hostile: Answers):
    page = Page(rendered(hostile))
    assert SHOWN in page.text
    assert HOSTILE not in page.text
    assert not set("\u202e\u200f\x07\x1b") & set(page.text)
    assert not [tag for tag, attrs in page.elements if attrs.get("class") == "canary"]


def test_everything_of_the_view_is_on_the_page(rich: Answers):
    page = Page(rendered(rich))
    view = page_context(rich)["view"]
    shown = [view.server.id, view.proof.signature, view.proof.digest, *(one.id for one in view.disks)]
    shown += [one.id for one in (*view.ports, *view.networks, *view.routers, *view.groups)]
    shown += [line for group in view.groups for line in (*group.incoming, *group.outgoing)]
    shown += [field.path for _, fields in view.sealed for field in fields]
    shown += [one.name for one in view.documents if one.member is None]
    assert [one for one in shown if one not in page.text] == []
    for one in view.metadata:
        assert " ".join(one.shown.split()) in page.text


def test_what_is_empty_says_so_in_words(cbr: ApiServer, from_image: Answers):
    text = Page(rendered(from_image)).text
    for words in (
        "Key pair none",
        "Description none",
        "Floating IPs none",
        "The server has no metadata of its own.",
    ):
        assert words in text, words
    unfinished = answers_of(cbr, cbr.backup(cbr.vault(), status="protecting").id)
    assert "Nothing to show yet This backup is still being made." in Page(rendered(unfinished)).text
    failed = answers_of(cbr, cbr.backup(cbr.vault(), status="error").id)
    assert "This backup failed before its record was written." in Page(rendered(failed)).text


def test_a_backup_of_one_disk(cbr: ApiServer, rich: Answers):
    page = Page(rendered(answers_of(cbr, rich.backup["children"][0]["id"])))
    assert page.wrong == []
    assert "one disk of the server below" in page.text


def test_without_a_record(rich: Answers):
    page = Page(rendered(replace(rich, record=None, report=None)))
    assert page.wrong == []
    assert "There is no report for this backup, or you lack the right to read it." in page.text
    assert "There is no record for this backup, or you lack the right to read it." in page.text


def test_every_colour_is_the_base_stylesheet_s():
    css = (CONSOLE / "assets" / "backup.css").read_text()
    names = set(re.findall(r"var\(--([a-z]+)\)", css))
    assert names == {"text", "muted", "line", "surface", "accent", "good", "warn", "bad"}
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgba?\(|hsl|@import|url\(", css)


def test_every_class_of_the_drawing_has_a_style_and_every_style_a_class(rich: Answers, from_image: Answers):
    css = (CONSOLE / "assets" / "backup.css").read_text()
    styled = set(re.findall(r"\.topology \.([a-z-]+)", css))
    used: set[str] = set()
    for answers in (rich, from_image):
        drawing = page_context(answers)["drawing"]
        used |= {word for classes in re.findall(r'class="([^"]+)"', drawing) for word in classes.split()}
    assert styled <= used
    assert used - styled <= {"topology", "subnet", "subport", "group", "gateway"}, "drawn as any box or line"
