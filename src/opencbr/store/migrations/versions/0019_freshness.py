"""How old the newest backups are, and how the runs have gone, is found by resource."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three indexes."""
    complete = sa.text("verdict = 'complete' AND parent_id IS NULL AND held_at IS NULL")
    newest = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index(
        "ix_backup_complete",
        "backup",
        ["project_id", "resource_id", *newest],
        sqlite_where=complete,
        postgresql_where=complete,
    )
    op.create_index(
        "ix_policy_run_resource",
        "policy_run",
        ["project_id", "resource_id", "policy_id", sa.text("due_at DESC"), "status", "late", "ended_at"],
    )
    op.create_index("ix_drill_resource", "drill", ["project_id", "resource_id", "verdict", "backup_id"])
