"""Where the retention of a policy is due."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; backups from before are looked at after the next one of their resource."""
    op.create_table(
        "retention_due",
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("vault_id", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("backup_id", name="pk_retention_due"),
    )
    op.create_index("ix_retention_due_created_at", "retention_due", ["created_at", "backup_id"])
