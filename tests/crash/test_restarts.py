"""Who looks after the workers of these tests: a busy machine's victims are started again, those of a test are not."""

import signal
from pathlib import Path

from support.processes import LEASE_LOST, Processes, Report


def dies_once(report: Report, folder: Path, word: str) -> int:
    report("up")
    first = folder / "died"
    if not first.exists():
        first.touch()
        return LEASE_LOST
    report(word)
    signal.pause()
    return 0


def test_what_a_busy_machine_has_declared_dead_is_started_again(tmp_path):
    processes = Processes(tmp_path / "errors.txt", restarted=True)
    processes.start("w1", dies_once, tmp_path, "held")
    processes.await_report("w1", "held")
    processes.send("w1", signal.SIGKILL)
    assert processes.wait("w1") == -signal.SIGKILL
    processes.close()


def test_without_being_asked_for_nothing_is_started_again(tmp_path):
    processes = Processes(tmp_path / "errors.txt")
    processes.start("w1", dies_once, tmp_path, "held")
    assert processes.wait("w1") == LEASE_LOST
    processes.close()
