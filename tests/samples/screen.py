"""A sample as it stands on the screen: the explorer's form filled in, the text of the element that its copy button copies."""

import json
from html.parser import HTMLParser
from typing import Any

from console.browser import Browser


def entries_of(path: dict[str, str], query: tuple[tuple[str, Any], ...], body: Any) -> dict[str, str]:
    """Return what is entered into the form for a request."""
    entries = dict(path)
    for name, value in query:
        entries[name] = f"{entries[name]}\n{_text(value)}" if name in entries else _text(value)
    return entries | _members(body or {})


def sample_on_screen(browser: Browser, operation: str, entries: dict[str, str], language: str) -> str:
    """Return the text; fails where the page has no sample in the language."""
    page = f"/explorer/{operation}"
    answer = browser.post(f"{page}/samples", page, **entries)
    assert answer.status_code == 200, answer.text
    reader = _Source(f"source-{language}")
    reader.feed(answer.text)
    assert reader.text, answer.text
    return reader.text


def _members(value: Any, name: str = "") -> dict[str, str]:
    """Name a body's members as the form's fields are; a list of texts is entered one a line, an empty one is left alone."""
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        inner = ((str(number), one) for number, one in enumerate(value))
    else:
        return {} if value == [] else {name: "\n".join(value) if isinstance(value, list) else _text(value)}
    found: dict[str, str] = {}
    for key, one in inner:
        found |= _members(one, f"{name}.{key}" if name else key)
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _Source(HTMLParser):
    """Takes the text of the element with an id, as a browser's `textContent` does."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.text, self._wanted, self._depth = "", wanted, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._depth or ("id", self._wanted) in attrs:
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        self._depth -= bool(self._depth)

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.text += data
