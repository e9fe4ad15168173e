"""Workers of two releases side by side, and jobs that break: none is lost, none is stuck, and each log tells its end."""

import signal
from collections.abc import Iterator

import pytest

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing
from opencbr.model.ids import new_id
from opencbr.model.operation_log import OperationLog
from opencbr.store import operation_logs
from support.job_env import JobEnv, eventually
from support.processes import Processes

from . import releases
from .releases import BREAK, GROW, SHRINK, Diary

pytestmark = pytest.mark.kill


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCloud]:
    with DemoCloud(tmp_path_factory.mktemp("cloud"), timing=Timing.instant()) as cloud:
        yield cloud


class Fleet:
    """Workers of several releases."""

    def __init__(self, env: JobEnv) -> None:
        self.env = env
        self.diary = Diary(env.folder)
        self.processes = Processes(env.folder / "errors.txt", restarted=True)

    def start(self, name: str, release: str) -> None:
        self.processes.start(name, releases.work, self.env.url, self.env.folder, name, release)

    def kill(self, name: str) -> None:
        self.processes.send(name, signal.SIGKILL)

    def request(self, kind: str) -> OperationLog:
        now = self.env.clock.now()
        log = OperationLog(
            id=new_id(now),
            project_id=self.env.project_id,
            operation_type=kind,
            created_at=now,
            updated_at=now,
        )
        with self.env.database.write() as conn:
            operation_logs.insert(conn, log)
        return log

    def begun(self, log: OperationLog, step: str, who: str) -> None:
        eventually(lambda: self.diary.begun(log.id, step, who), f"{who} begins {step}")

    def steps(self, log: OperationLog) -> list[str]:
        """The steps in order; one that a busy machine has cut off is run again, which is the engine's promise."""
        return list(dict.fromkeys(step for step, _ in self.diary.steps(log.id)))


@pytest.fixture
def fleet(env: JobEnv) -> Iterator[Fleet]:
    fleet = Fleet(env)
    yield fleet
    fleet.processes.close()


def test_the_newer_release_goes_on_with_the_jobs_of_an_older_that_was_killed(
    env: JobEnv, fleet: Fleet
) -> None:
    """A job under way keeps the steps that it began with; a new one has the new step; a new type runs at once."""
    fleet.start("old", "old")
    under_way = fleet.request(GROW)
    fleet.begun(under_way, "water", "old")
    fleet.start("new", "new")
    shrinking = [fleet.request(SHRINK) for _ in range(3)]
    for one in shrinking:
        fleet.begun(one, "water", "new")
    fleet.kill("old")
    later = fleet.request(GROW)
    fleet.begun(later, "water", "new")
    fleet.diary.gate.touch()
    for one in (under_way, later, *shrinking):
        env.succeeded(one)
    assert fleet.steps(under_way) == ["sow", "water", "reap"]
    assert fleet.steps(later) == ["plough", "sow", "water", "reap"]
    assert [fleet.steps(one) for one in shrinking] == [["water", "dry"]] * 3


def test_an_older_release_leaves_the_jobs_of_a_newer_to_the_newer(env: JobEnv, fleet: Fleet) -> None:
    """The newer one dies in the middle of its jobs, and for a while there are only old ones."""
    fleet.start("new", "new")
    growing, shrinking = fleet.request(GROW), fleet.request(SHRINK)
    fleet.begun(growing, "water", "new")
    fleet.begun(shrinking, "water", "new")
    fleet.start("old", "old")
    fleet.kill("new")
    fleet.diary.gate.touch()
    eventually(
        lambda: "is left to a worker of the newer release" in fleet.processes.errors(), "the old one tries"
    )
    waiting = fleet.request(SHRINK)
    eventually(lambda: f"type {SHRINK} wait for a worker" in fleet.processes.errors(), "the old one tells")
    fleet.start("new again", "new")
    for one in (growing, shrinking, waiting):
        env.succeeded(one)
    assert fleet.steps(growing) == ["plough", "sow", "water", "reap"]
    assert fleet.steps(shrinking) == ["water", "dry"] == fleet.steps(waiting)


def test_a_job_whose_steps_do_not_fit_its_journal_fails_and_is_compensated(env: JobEnv, fleet: Fleet) -> None:
    fleet.start("old", "old")
    cut_off = fleet.request(GROW)
    fleet.begun(cut_off, "water", "old")
    fleet.kill("old")
    fleet.start("new", "careless")
    log = env.ended(cut_off)
    assert (log.status, log.error_code) == ("failed", "9910")
    assert "DBOSUnexpectedStepError" in log.error_message
    assert fleet.steps(cut_off) == ["sow", "compensate", "free"]


@pytest.mark.parametrize("kind", [GROW, BREAK])
def test_a_job_that_breaks_before_its_first_step_ends_in_its_log_too(
    env: JobEnv, fleet: Fleet, kind: str
) -> None:
    """Though its compensation breaks as well (BREAK)."""
    fleet.start("w1", "broken")
    log = env.ended(fleet.request(kind))
    assert (log.status, log.error_code) == ("failed", "9910")
    assert "an unforeseen KeyError" in log.error_message
    assert fleet.steps(log) == (["compensate", "free"] if kind == GROW else ["free"])
