"""Restore plans of several kinds: what a plan restores as."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the plans that there are were all made for new servers."""
    op.add_column("restore_plan", sa.Column("kind", TEXT, nullable=False, server_default="new_server"))
