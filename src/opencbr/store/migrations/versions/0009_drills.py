"""Restore drills: what was tried, and what came of it."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nobody has drilled yet."""
    op.create_table(
        "drill",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("backup_name", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("resource_name", TEXT, nullable=False),
        sa.Column("verdict", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("started_at", Moment, nullable=True),
        sa.Column("recovered_at", Moment, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_drill"),
    )
    op.create_index("ix_drill_list", "drill", ["project_id", sa.text("created_at DESC"), sa.text("id DESC")])
