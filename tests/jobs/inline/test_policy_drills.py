"""From a policy of drills that is due to what its run says: the scheduler's run, carried out by the job of a drill."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opencbr.jobs.settings import ScheduleSettings
from opencbr.model.ids import new_id
from opencbr.model.lists import Page, PolicyRunFilter
from opencbr.model.policy import Policy
from opencbr.service.scheduler import Scheduler
from opencbr.store import operation_logs, policies, policy_runs, vault_policies
from support.inline_job import carry_out_inline, job_context
from support.job_env import JobEnv
from support.policy_scene import SetClock

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize(
    ("quota", "status", "words"), [({}, "success", ""), ({"volumes": 4}, "skipped", "volumes")]
)
def test_a_drill_that_a_policy_fires_ends_its_run(
    place: JobEnv, quota: dict[str, Any], status: str, words: str
) -> None:
    with place.cloud_kept():
        bound = place.bind("db1")
        ctx = job_context(place)
        assert carry_out_inline(place, ctx, place.request_backup(bound)).status == "success"
        now = datetime.now(UTC)
        policy = Policy(
            id=new_id(now),
            project_id=place.project_id,
            name="weekly",
            operation_type="drill",
            patterns=("FREQ=WEEKLY;BYDAY=SU;BYHOUR=03;BYMINUTE=00",),
            trigger_id=new_id(now),
            next_fire_at=now,
            created_at=now - timedelta(days=1),
            updated_at=now,
        )
        with place.database.write() as conn:
            policies.insert(conn, policy)
            vault_policies.bind(conn, bound.vault_id, policy)
        state = place.demo.backend.state
        if quota:
            with state.change():
                state.put("quota", {"id": place.project_id, **quota})
        was = place.things()
        scheduler = Scheduler(place.database, place.cloud, SetClock(now), ScheduleSettings(), kept_days=30)
        scheduler.round()
        with place.database.read() as conn:
            [operation] = operation_logs.waiting(conn, 10)
        carry_out_inline(place, ctx, operation)
        if quota:
            with state.change():
                state.drop("quota", place.project_id)
        scheduler.round()
        with place.database.read() as conn:
            [run] = policy_runs.list(conn, place.project_id, policy.id, PolicyRunFilter(), Page(10)).items
        assert (run.status, run.operation_log_id, run.attempts) == (status, operation.id, 1)
        assert words in run.reason
        assert place.drill(operation).verdict == ("unchecked" if status == "success" else "skipped")
        assert place.things() == was
    place.clear()
