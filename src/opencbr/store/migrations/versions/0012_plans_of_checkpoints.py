"""Restore plans of whole checkpoints: such a plan is of no single backup."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and let the backup be left out."""
    with op.batch_alter_table("restore_plan") as batch:
        batch.add_column(sa.Column("checkpoint_id", TEXT, nullable=True))
        batch.alter_column("backup_id", existing_type=TEXT, nullable=True)
