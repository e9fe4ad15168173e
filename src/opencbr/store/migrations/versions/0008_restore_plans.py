"""Restore plans: what a restore will do, sealed, until it expires or is carried out."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nobody has made a plan yet."""
    op.create_table(
        "restore_plan",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("operation_log_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_restore_plan"),
    )
    op.create_index("ix_restore_plan_expires_at", "restore_plan", ["expires_at"])
    op.create_index("ix_restore_plan_operation_log_id", "restore_plan", ["operation_log_id"])
