"""Ledger: a key tells a job's objects of one kind apart, not all belong to a backup; jobs get private parameters."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change both tables. Until now a job made one object of a kind for each disk backup, whose id is the key."""
    op.add_column(
        "operation_log", sa.Column("parameters", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column("ledger", sa.Column("key", TEXT, nullable=True))
    op.execute("UPDATE ledger SET key = backup_id")
    with op.batch_alter_table("ledger") as batch:
        batch.alter_column("key", existing_type=TEXT, nullable=False)
        batch.alter_column("volume_id", existing_type=TEXT, nullable=True)
        batch.alter_column("backup_id", existing_type=TEXT, nullable=True)
        batch.create_unique_constraint(
            "uq_ledger_operation_log_id_kind_key", ["operation_log_id", "kind", "key"]
        )
