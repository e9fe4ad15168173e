"""A restore in place by a plan: the job of RestoreBackup, with the plan's report, and the plan is let go at its end."""

from collections.abc import Iterator

import pytest

from opencbr.jobs.context import JobContext
from opencbr.model.errors import CbrError
from opencbr.model.restore_plan.choices import DROP, Choices
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv
from support.places import how_it_is, spoil


@pytest.fixture
def ctx(place: JobEnv) -> Iterator[JobContext]:
    """The cloud is as it was afterwards."""
    with place.cloud_kept():
        yield job_context(place)
    place.clear()


def test_the_disks_of_a_plan_are_written_over_and_no_others(place: JobEnv, ctx: JobContext):
    env = place
    log = carry_out_inline(env, ctx, env.request_backup(env.bind("db1")))
    was, before = how_it_is(env, "db1"), spoil(env, "db1")
    left, backup_id = env.volume_id("db1-archive"), log.backup_id or ""
    plans, asked = env.plans(), env.context()
    plan = plans.create(asked, backup_id, Choices(disks={left: DROP}), kind="in_place")
    assert plan.status == "ready", plan.problems
    spoiled = env.demo.sha256(left)
    operation = plans.apply(asked, plan.id)
    with pytest.raises(CbrError, match="is waiting_restore"):
        plans.apply(asked, plan.id)
    done = carry_out_inline(env, ctx, operation)
    assert (done.status, done.error_message) == ("success", "")
    assert how_it_is(env, "db1") == was
    now = {volume: env.demo.sha256(volume) for volume in before}
    assert now == before | {left: spoiled}
    assert done.details["report"]["skipped"] > 0
    assert done.details["report"]["restored"] > 100
    again = carry_out_inline(env, ctx, plans.apply(asked, plan.id))
    assert again.status == "success"
