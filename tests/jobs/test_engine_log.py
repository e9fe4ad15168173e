"""What the task engine says goes through our log, and what it says at each look for work is told once in a while."""

import logging

from opencbr.jobs.engine import dbos
from opencbr.observe import repetition
from opencbr.observe.repetition import OnceInAWhile

FULL = "Exception encountered in queue thread for opencbr.backup: database or disk is full"


def test_an_outage_that_each_look_for_work_meets_is_one_line(caplog):
    dbos._speak_through_our_log()
    theirs = logging.getLogger("dbos")
    for pause in range(30):
        theirs.warning(FULL)
        theirs.warning("Contention detected. Increasing polling interval to %.2f.", pause)
    theirs.warning("another one")
    assert [record.getMessage() for record in caplog.records] == [
        FULL,
        "Contention detected. Increasing polling interval to 0.00.",
        "another one",
    ]


def test_what_lasts_is_told_again_and_memory_is_bounded(monkeypatch):
    now = 0.0
    once = OnceInAWhile(lambda: now)

    def passes(text: str) -> bool:
        return once.filter(logging.LogRecord("dbos", logging.WARNING, "", 0, text, (), None))

    assert (passes(FULL), passes(FULL)) == (True, False)
    now = 601.0
    assert (passes(FULL), passes(FULL)) == (True, False)
    monkeypatch.setattr(repetition, "_REMEMBERED", 2)
    for word in "abcde":
        assert passes(word)
        assert len(once._let) <= 2
