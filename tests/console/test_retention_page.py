"""What a policy keeps and deletes, as a page."""

import html
import re
from collections.abc import Iterator

import pytest

from api.api_server import ApiServer
from api.test_policies import room
from api.test_retention import Scene

from .browser import Browser


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def test_each_backup_stands_with_its_decision_and_reason(cbr: ApiServer, browser: Browser):
    scene = Scene(cbr, 3, max_backups=1)
    answer = browser.get(f"/console/policies/{scene.policy['id']}/retention")
    assert answer.status_code == 200, answer.text
    told = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
    assert "1 kept, 2 to go" in told
    assert "kept because it is number 1 of the 1 newest" in told
    assert "goes: it is not among the 1 newest" in told
    assert all(f'href="/console/backups/{one.id}"' in answer.text for one in scene.made.values())


def test_a_policy_of_another_project_has_no_such_page(cbr: ApiServer, browser: Browser):
    nowhere = "5a1b2c3d-0000-4000-8000-000000000000"
    assert browser.get(f"/console/policies/{nowhere}/retention").status_code == 404
