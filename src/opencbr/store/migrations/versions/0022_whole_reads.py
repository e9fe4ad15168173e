"""Neither the scheduler reads the runs that have ended, nor the removal of a vault or a policy all there are of what it had."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the waiting runs of each project in the order in which they start; find what a vault or a policy has by its key."""
    waiting = sa.text("status = 'waiting'")
    op.create_index(
        "ix_policy_run_next",
        "policy_run",
        ["project_id", "due_at", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.drop_index("ix_policy_run_list", "policy_run")
    newest = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index("ix_policy_run_list", "policy_run", ["policy_id", *newest, "project_id"])
    op.create_index("ix_backup_vault_id", "backup", ["vault_id", "stored_mb", "parent_id", "held_at"])
