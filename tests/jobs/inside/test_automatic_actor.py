"""A use case called by a duty of a worker, as the scheduler and the expiry will: nobody has signed in."""

from opencbr.jobs.context import JobContext
from opencbr.jobs.engine.duty import Duty
from opencbr.jobs.worker import Worker
from opencbr.model.lists import OperationLogFilter, Page
from opencbr.service.checkpoints import Checkpoints
from opencbr.service.context import automatic
from opencbr.service.new_checkpoint import CheckpointSpec
from opencbr.store import checkpoints, operation_logs
from support.job_env import STEADY, JobEnv, eventually


def test_a_duty_creates_a_checkpoint_by_the_use_case_and_its_worker_makes_the_backup(
    env: JobEnv,
) -> None:
    """What a scheduler will be: no sign-in and no HTTP; the logs say that no user asked."""
    bound = env.bind("db1-data", "disk")
    use_cases = Checkpoints(database=env.database, cloud=env.cloud)
    made: list[str] = []

    def scheduler(ctx: JobContext) -> Duty:
        def run() -> None:
            if not made:
                context = automatic("scheduler", env.project_id, ctx.clock.now(), policy_id="p1")
                spec = CheckpointSpec(vault_id=bound.vault_id, auto_trigger=True)
                made.append(use_cases.create(context, spec).checkpoint.id)

        return Duty(name="scheduler", interval_seconds=0.1, run=run, leader_only=True)

    worker = Worker(
        database=env.database,
        cloud=env.cloud,
        records=env.records,
        clock=env.clock,
        settings=STEADY,
        duties=[scheduler],
    )
    worker.start()
    try:
        eventually(lambda: made, "the checkpoint")
        with env.database.read() as conn:
            (log,) = operation_logs.list(conn, env.project_id, OperationLogFilter(), Page(limit=2)).items
            checkpoint = checkpoints.get(conn, env.project_id, made[0])
        assert (log.user_id, log.policy_id, log.checkpoint_id) == ("", "p1", made[0])
        assert log.request_id.startswith("scheduler-")
        assert checkpoint is not None
        assert (checkpoint.user_id, checkpoint.auto_trigger) == ("", True)
        assert checkpoint.name.startswith("autobk_")
        env.succeeded(log)
    finally:
        worker.stop()
