"""What is asked of pages in a browser is asked of every page: the list of them is held against the routes."""

from typing import Any

from browser.screens import NO_PAGES, SCREENS
from opencbr.clock import SystemClock
from opencbr.console.application import create_console
from opencbr.console.console import Console


class Plain:
    form_key = b"k" * 32

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, sealed: bytes) -> bytes:
        return sealed


def test_every_view_has_its_page_in_the_list():
    nothing: Any = None
    console = Console(
        ask=nothing,
        check=nothing,
        allows=nothing,
        document={"paths": {}},
        keystone=nothing,
        sessions=nothing,
        clock=SystemClock(),
    )
    views = {rule.endpoint for rule in create_console(console, Plain()).url_map.iter_rules()}
    listed = {one.endpoint for one in SCREENS}
    assert views - listed == NO_PAGES.keys(), (
        "tests/browser/screens.py lacks a page, or knows one that is not there"
    )
    assert listed <= views
