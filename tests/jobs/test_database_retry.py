"""Our own database comes and goes."""

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opencbr.jobs.engine.database_retry import outlast
from opencbr.jobs.engine.port import Lost

OUTAGES = [OperationalError("", {}, Exception()), PoolTimeout()]


def failing(*errors):
    left = [*errors]

    def work():
        if left:
            raise left.pop(0)
        return "done"

    return work


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
def test_an_outage_is_waited_out_however_long_it_is_and_told_of_once(error, caplog):
    pauses = []
    work = failing(*[error] * 100)
    assert outlast(work, sleep=pauses.append, halted=lambda: False, what="it") == "done"
    assert len(pauses) == 100
    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert max(pauses) == 5.0
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"it waits for the database: {type(error).__name__}",
        "it goes on: the database answers again",
    ]


def test_what_will_not_pass_is_raised_at_once():
    with pytest.raises(IntegrityError):
        outlast(
            failing(IntegrityError("", {}, Exception())),
            sleep=pytest.fail,
            halted=lambda: False,
            what="it",
        )


def test_a_worker_that_ends_waits_no_longer():
    with pytest.raises(Lost):
        outlast(failing(*OUTAGES), sleep=pytest.fail, halted=lambda: True, what="it")
