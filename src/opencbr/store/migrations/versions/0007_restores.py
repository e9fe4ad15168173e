"""Restores: what one writes over is nobody else's meanwhile, and its way back is kept for a time."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table and a column; nothing is restored yet."""
    op.create_table(
        "restore_target",
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("operation_log_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "resource_id", name="pk_restore_target"),
    )
    op.create_index("ix_restore_target_operation_log_id", "restore_target", ["operation_log_id"])
    op.add_column("ledger", sa.Column("kept_until", Moment, nullable=True))
    kept = sa.text("kept_until IS NOT NULL")
    op.create_index(
        "ix_ledger_kept_until", "ledger", ["kept_until"], sqlite_where=kept, postgresql_where=kept
    )
