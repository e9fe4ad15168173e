"""Each filter of the list of backups is answered by an index in a project of any size."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put an index in the order of lists in the place of that of the checkpoint alone, add one by name and widen one."""
    newest = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index(
        "ix_backup_checkpoint", "backup", ["checkpoint_id", "project_id", *newest, "parent_id", "held_at"]
    )
    op.drop_index("ix_backup_checkpoint_id", "backup")
    listed = sa.text("parent_id IS NULL AND held_at IS NULL")
    op.create_index(
        "ix_backup_resource_name",
        "backup",
        ["project_id", "resource_name", *newest, "parent_id", "held_at"],
        sqlite_where=listed,
        postgresql_where=listed,
    )
    op.drop_index("ix_backup_usage", "backup")
    held = ["project_id", "vault_id", "resource_type", "stored_mb"]
    op.create_index(
        "ix_backup_usage",
        "backup",
        [*held, "resource_az", "image_type", "incremental", "parent_id", "held_at"],
    )
