"""`opencbr freshness`: what it says of a database, as tables and as JSON."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from opencbr.cli import freshness as command
from opencbr.cli.app import Session
from opencbr.service.context import operator
from opencbr.service.freshness import Freshness
from opencbr.store.database import Database
from store.samples import NOW, PROJECT, ident
from store.test_freshness import Scene

LATER = NOW + timedelta(days=3)


class Bundle:
    """Of the use cases the one that the command calls."""

    def __init__(self, database: Database) -> None:
        self.freshness = Freshness(database)


@pytest.fixture
def scene(database: Database, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(
        command, "use_cases", lambda session, project: (Bundle(database), operator(project, LATER))
    )
    return Scene(database)


def said(*words: str) -> Result:
    session = Session(None, {}, debug=True)
    return CliRunner().invoke(command.freshness, ("--project", PROJECT, *words), obj=session)


def test_ages_are_told_in_words(scene: Scene):
    told = said().output
    assert "1 resource bound, the oldest unprotected age is 3 days; 1 without a backup" in told
    assert "none since it was bound 3 days ago" in told
    scene.backup(timedelta(0))
    tested = scene.backup(timedelta(hours=1))
    scene.drill(tested, "passed", tested=True)
    scene.backup(timedelta(hours=-70), verdict="partial")
    told = said().output
    assert "3 days ago; the newest is partial, 2 hours ago" in told
    assert "without a backup" not in told
    assert "nothing that is bound fits" in said("--without-backup").output
    assert "nothing that is bound fits" in said("--last-run", "failed").output


def test_programs_get_seconds(scene: Scene):
    told = json.loads(said("--json", "--vault", scene.vault.id).output)
    assert told["freshness"]["oldest_unprotected_seconds"] == 3 * 86_400
    assert [one["id"] for one in told["vaults"]] == [scene.vault.id]
    assert [one["unprotected_seconds"] for one in told["resources"]] == [3 * 86_400]
    assert told["count"] == 1


def test_a_vault_that_is_not_there_and_pages(scene: Scene):
    nowhere = ident()
    done = said("--vault", nowhere)
    assert (done.exit_code, f"no vault {nowhere}" in done.output) == (1, True)
    assert "nothing is bound" in said("--marker", scene.server.id).output
    assert "the next page" not in said("--limit", "1").output
