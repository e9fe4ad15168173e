"""Tags of vaults are rows, and so are the objects that hold a disk's backup, by region."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, move what there is into them, and drop the columns where it was."""
    _move_tags()
    _move_objects()
    with op.batch_alter_table("ledger") as batch:
        batch.add_column(sa.Column("region", TEXT, nullable=False, server_default=""))
        batch.drop_constraint("uq_ledger_kind_name", type_="unique")
        batch.create_unique_constraint("uq_ledger_region_kind_name", ["region", "kind", "name"])


def _move_tags() -> None:
    op.create_table(
        "vault_tag",
        sa.Column("vault_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["vault_id"], ["vault.id"], name="fk_vault_tag_vault_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("vault_id", "key", name="pk_vault_tag"),
    )
    op.create_index("ix_vault_tag_search", "vault_tag", ["project_id", "key", "value", "vault_id"])
    vault = sa.table("vault", sa.column("id"), sa.column("project_id"), sa.column("tags", sa.JSON))
    columns = ("vault_id", "key", "project_id", "value", "position")
    vault_tag = sa.table("vault_tag", *(sa.column(name) for name in columns))
    rows = [
        {"vault_id": vault_id, "key": key, "project_id": project_id, "value": value, "position": position}
        for vault_id, project_id, tags in op.get_bind().execute(sa.select(*vault.c))
        for position, (key, value) in enumerate(tags)
    ]
    if rows:
        op.bulk_insert(vault_tag, rows)
    op.drop_column("vault", "tags")


def _move_objects() -> None:
    op.create_table(
        "volume_backup",
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("region", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("cinder_backup_id", TEXT, nullable=True),
        sa.Column("is_incremental", sa.Boolean(), nullable=False),
        sa.Column("based_on", TEXT, nullable=True),
        sa.Column("stored_mb", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["backup_id"], ["backup.id"], name="fk_volume_backup_backup_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("backup_id", "region", name="pk_volume_backup"),
    )
    op.create_index(
        "ix_volume_backup_based_on",
        "volume_backup",
        ["based_on"],
        sqlite_where=sa.text("based_on IS NOT NULL"),
        postgresql_where=sa.text("based_on IS NOT NULL"),
    )
    op.execute(
        """INSERT INTO volume_backup
               (backup_id, region, project_id, cinder_backup_id, is_incremental, based_on, stored_mb)
           SELECT id, '', project_id, cinder_backup_id, is_incremental, based_on, stored_mb FROM backup
           WHERE cinder_backup_id IS NOT NULL OR based_on IS NOT NULL"""
    )
    op.drop_index("ix_backup_based", "backup")
    for name in ("cinder_backup_id", "is_incremental", "based_on"):
        op.drop_column("backup", name)
