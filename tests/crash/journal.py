"""What the engine still has to do, read from outside."""

from dbos import DBOSClient

from opencbr.jobs.engine.dbos import journal_url


def unfinished(database_url: str) -> list[str]:
    """Name the jobs that wait or run."""
    client = DBOSClient(system_database_url=journal_url(database_url), system_database_pool_size=1)
    try:
        found = client.list_workflows(status=["PENDING", "ENQUEUED"], load_input=False, load_output=False)
        return [workflow.workflow_id for workflow in found]
    finally:
        client.destroy()
