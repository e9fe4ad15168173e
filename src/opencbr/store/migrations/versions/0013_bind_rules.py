"""Bind rules: which resources they have bound, and which they leave alone."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column; what is bound was bound by request."""
    op.create_table(
        "bind_exclusion",
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "resource_id", name="pk_bind_exclusion"),
    )
    op.add_column(
        "resource", sa.Column("bound_by_rules", sa.Boolean(), nullable=False, server_default=sa.false())
    )
