"""`opencbr policy run` and `runs`: what the commands say of a database with policies."""

import json

import pytest
from click.testing import CliRunner, Result

from opencbr.cli import policy_runs
from opencbr.cli.app import Session
from opencbr.cli.policy import policy as group
from opencbr.service.context import operator
from opencbr.service.policy_runs import PolicyRuns
from opencbr.store.database import Database
from store.samples import PROJECT
from support.policy_scene import DUE, Scene


class Bundle:
    """Of the use cases the one that these commands call."""

    def __init__(self, scene: Scene) -> None:
        self.policy_runs = PolicyRuns(scene.database, scene.settings)


@pytest.fixture
def scene(database: Database, monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene(database)

    def use_cases(session: Session, project: str):
        return Bundle(scene), operator(project, scene.clock.now())

    monkeypatch.setattr(policy_runs, "use_cases", use_cases)
    return scene


def said(*words: str) -> Result:
    return CliRunner().invoke(group, words, obj=Session(None, {}, debug=True))


def test_what_was_due_is_listed_with_its_reason(scene: Scene) -> None:
    policy, (bound,) = scene.policy()
    assert "was not due yet" in said("runs", "--project", PROJECT, policy.id).output
    scene.cloud.gone.add(bound.id)
    scene.round(DUE)
    told = json.loads(said("runs", "--json", "--project", PROJECT, policy.id).output)
    assert told["count"] == 1
    [run] = told["runs"]
    assert (run["status"], run["resource_id"], run["code"]) == ("waiting", bound.id, "BackupService.7100")
    assert run["due_at"] == "2026-03-02T01:00:00.000000"
    table = said("runs", "--project", PROJECT, "--status", "waiting", policy.id).output
    assert bound.name in table
    assert run["id"] not in said("runs", "--project", PROJECT, "--status", "missed", policy.id).output


def test_a_policy_is_run_now(scene: Scene) -> None:
    policy, (bound,) = scene.policy()
    [run] = json.loads(said("run", "--json", "--project", PROJECT, policy.id).output)["runs"]
    assert (run["trigger"], run["status"], run["resource_id"]) == ("request", "waiting", bound.id)
    scene.round()
    assert [one.resource_id for one in scene.work()] == [bound.id]
