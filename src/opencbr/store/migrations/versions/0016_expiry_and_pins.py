"""Backups expire at a time of their own, and a pin keeps one."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import Moment

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and an index for what expires; nothing is pinned yet."""
    op.add_column("backup", sa.Column("pinned_at", Moment, nullable=True))
    expiring = sa.text("expired_at IS NOT NULL AND parent_id IS NULL AND held_at IS NULL")
    op.create_index(
        "ix_backup_expired_at",
        "backup",
        ["expired_at", "id"],
        sqlite_where=expiring,
        postgresql_where=expiring,
    )
