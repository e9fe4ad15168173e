"""Members: the projects that a backup is shared with."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing is shared yet."""
    op.create_table(
        "member",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("dest_project_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("vault_id", TEXT),
        sa.Column("image_id", TEXT),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_member"),
        sa.UniqueConstraint("backup_id", "dest_project_id", name="uq_member_backup_id_dest_project_id"),
        sa.ForeignKeyConstraint(["backup_id"], ["backup.id"], name="fk_member_backup_id", ondelete="CASCADE"),
    )
    op.create_index("ix_member_dest_project_id", "member", ["dest_project_id", "status"])
