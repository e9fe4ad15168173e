"""Tells coverage which test is running, and how long each took (`make mutants` asks for it)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage


class Contexts:
    """A plugin of pytest; the controlling process writes the seconds of each test that passed into `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seconds: dict[str, float] = {}
        self._failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        running = Coverage.current()
        if running is not None:
            running.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            if running is not None:
                running.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not hasattr(session.config, "workerinput"):
            self._file.parent.mkdir(exist_ok=True)
            passed = {name: took for name, took in self._seconds.items() if name not in self._failed}
            self._file.write_text(json.dumps(passed))
