"""How long a job took, as its log and its last line tell it."""

from datetime import timedelta
from typing import Any

import pytest

from opencbr.jobs.context import JobContext
from opencbr.jobs.ended import tell_end
from opencbr.records.archive import Records
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv

LONG = 90.0


@pytest.fixture
def ctx(env: JobEnv) -> JobContext:
    return job_context(env)


def test_the_time_in_which_the_record_is_made_counts(
    env: JobEnv, ctx: JobContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    prepare = Records.prepare

    def slow(self: Records, *args: Any, **more: Any) -> Any:
        ctx.clock.sleep(LONG)
        return prepare(self, *args, **more)

    monkeypatch.setattr(Records, "prepare", slow)
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("web1")))
    assert log.ended_at is not None
    assert log.ended_at - log.created_at >= timedelta(seconds=LONG)
    with caplog.at_level("INFO"):
        tell_end(log)
    (line,) = caplog.messages
    assert float(line.split(" after ")[1].split(" s")[0]) >= LONG
