"""The first schema.

Types are spelled out here rather than imported: a published revision stays what it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table of the first schema."""
    op.create_table(
        "draft",
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("part", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("backup_id", "part", name="pk_draft"),
    )
    op.create_table(
        "leader",
        sa.Column("duty", TEXT, nullable=False),
        sa.Column("worker_id", TEXT, nullable=False),
        sa.Column("expires_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("duty", name="pk_leader"),
    )
    op.create_table(
        "ledger",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("operation_log_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("volume_id", TEXT, nullable=False),
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("upstream_id", TEXT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
        sa.UniqueConstraint("kind", "name", name="uq_ledger_kind_name"),
    )
    op.create_index("ix_ledger_backup_id", "ledger", ["backup_id"])
    op.create_index(
        "ix_ledger_left",
        "ledger",
        ["created_at", "id"],
        sqlite_where=sa.text("state = 'left'"),
        postgresql_where=sa.text("state = 'left'"),
    )
    op.create_index("ix_ledger_operation_log_id", "ledger", ["operation_log_id"])
    op.create_table(
        "operation_log",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("operation_type", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("provider_id", TEXT, nullable=True),
        sa.Column("vault_id", TEXT, nullable=True),
        sa.Column("vault_name", TEXT, nullable=True),
        sa.Column("checkpoint_id", TEXT, nullable=True),
        sa.Column("policy_id", TEXT, nullable=True),
        sa.Column("backup_id", TEXT, nullable=True),
        sa.Column("backup_name", TEXT, nullable=True),
        sa.Column("resource_id", TEXT, nullable=True),
        sa.Column("resource_name", TEXT, nullable=True),
        sa.Column("resource_type", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("step", TEXT, nullable=False),
        sa.Column("error_code", TEXT, nullable=False),
        sa.Column("error_message", TEXT, nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_operation_log"),
    )
    op.create_index(
        "ix_operation_log_list",
        "operation_log",
        ["project_id", sa.text("created_at DESC"), sa.text("id DESC")],
    )
    op.create_index(
        "ix_operation_log_open",
        "operation_log",
        ["project_id", "resource_id"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_operation_log_outbox",
        "operation_log",
        ["created_at", "id"],
        sqlite_where=sa.text("status = 'waiting' AND taken_at IS NULL"),
        postgresql_where=sa.text("status = 'waiting' AND taken_at IS NULL"),
    )
    op.create_index(
        "ix_operation_log_resource",
        "operation_log",
        ["project_id", "resource_id", sa.text("created_at DESC"), sa.text("id DESC")],
    )
    op.create_index(
        "ix_operation_log_vault",
        "operation_log",
        ["project_id", "vault_id", sa.text("created_at DESC"), sa.text("id DESC")],
    )
    op.create_index("ix_operation_log_count", "operation_log", ["project_id", "status"])
    op.create_table(
        "project_key",
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "key_id", name="pk_project_key"),
    )
    op.create_table(
        "record_link",
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.Column("buried_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("backup_id", name="pk_record_link"),
        sa.UniqueConstraint(
            "project_id", "resource_id", "sequence", name="uq_record_link_project_id_resource_id_sequence"
        ),
    )
    op.create_table(
        "settings",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_settings"),
    )
    op.create_table(
        "vault",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("object_type", TEXT, nullable=False),
        sa.Column("protect_type", TEXT, nullable=False),
        sa.Column("consistent_level", TEXT, nullable=False),
        sa.Column("cloud_type", TEXT, nullable=False),
        sa.Column("size_gb", sa.Integer(), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("is_multi_az", sa.Boolean(), nullable=False),
        sa.Column("auto_bind", sa.Boolean(), nullable=False),
        sa.Column("bind_rules", sa.JSON(), nullable=False),
        sa.Column("auto_expand", sa.Boolean(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("smn_notify", sa.Boolean(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("backup_name_prefix", TEXT, nullable=False),
        sa.Column("demand_billing", sa.Boolean(), nullable=False),
        sa.Column("sys_lock_source_service", TEXT, nullable=False),
        sa.Column("availability_zone", TEXT, nullable=True),
        sa.Column("enterprise_project_id", TEXT, nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vault"),
    )
    op.create_index(
        "ix_vault_list",
        "vault",
        ["project_id", sa.text("created_at DESC"), sa.text("id DESC"), "held_at"],
    )
    op.create_table(
        "worker",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("expires_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("vault_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("incremental", sa.Boolean(), nullable=False),
        sa.Column("auto_trigger", sa.Boolean(), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["vault_id"], ["vault.id"], name="fk_checkpoint_vault_id"),
        sa.PrimaryKeyConstraint("id", name="pk_checkpoint"),
    )
    op.create_index("ix_checkpoint_vault_id", "checkpoint", ["vault_id"])
    op.create_table(
        "resource",
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("vault_id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("size_gb", sa.Integer(), nullable=False),
        sa.Column("exclude_volumes", sa.JSON(), nullable=False),
        sa.Column("include_volumes", sa.JSON(), nullable=False),
        sa.Column("protect_status", TEXT, nullable=False),
        sa.Column("auto_protect", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["vault_id"], ["vault.id"], name="fk_resource_vault_id"),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_resource"),
    )
    op.create_index("ix_resource_vault_id", "resource", ["vault_id"])
    op.create_table(
        "backup",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("checkpoint_id", TEXT, nullable=False),
        sa.Column("vault_id", TEXT, nullable=False),
        sa.Column("provider_id", TEXT, nullable=False),
        sa.Column("parent_id", TEXT, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("resource_name", TEXT, nullable=False),
        sa.Column("resource_type", TEXT, nullable=False),
        sa.Column("resource_size", sa.Integer(), nullable=False),
        sa.Column("resource_az", TEXT, nullable=True),
        sa.Column("image_type", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("incremental", sa.Boolean(), nullable=False),
        sa.Column("extend_info", sa.JSON(), nullable=False),
        sa.Column("enterprise_project_id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verdict", TEXT, nullable=True),
        sa.Column("cinder_backup_id", TEXT, nullable=True),
        sa.Column("is_incremental", sa.Boolean(), nullable=False),
        sa.Column("based_on", TEXT, nullable=True),
        sa.Column("stored_mb", sa.BigInteger(), nullable=False),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("protected_at", MOMENT, nullable=True),
        sa.Column("expired_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"], name="fk_backup_checkpoint_id"),
        sa.ForeignKeyConstraint(["vault_id"], ["vault.id"], name="fk_backup_vault_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["backup.id"], name="fk_backup_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_backup"),
    )
    op.create_index(
        "ix_backup_based",
        "backup",
        ["based_on"],
        sqlite_where=sa.text("based_on IS NOT NULL"),
        postgresql_where=sa.text("based_on IS NOT NULL"),
    )
    op.create_index("ix_backup_checkpoint_id", "backup", ["checkpoint_id"])
    op.create_index(
        "ix_backup_child",
        "backup",
        ["parent_id", "position"],
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_backup_held",
        "backup",
        ["project_id", "resource_id"],
        sqlite_where=sa.text("held_at IS NOT NULL"),
        postgresql_where=sa.text("held_at IS NOT NULL"),
    )
    op.create_index(
        "ix_backup_list",
        "backup",
        ["project_id", sa.text("created_at DESC"), sa.text("id DESC"), "parent_id", "held_at"],
        sqlite_where=sa.text("parent_id IS NULL AND held_at IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL AND held_at IS NULL"),
    )
    op.create_index(
        "ix_backup_name",
        "backup",
        ["project_id", "name", sa.text("created_at DESC"), sa.text("id DESC"), "parent_id", "held_at"],
        sqlite_where=sa.text("parent_id IS NULL AND held_at IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL AND held_at IS NULL"),
    )
    op.create_index(
        "ix_backup_resource",
        "backup",
        ["project_id", "resource_id", sa.text("created_at DESC"), sa.text("id DESC"), "parent_id", "held_at"],
    )
    op.create_index(
        "ix_backup_unusual",
        "backup",
        ["project_id", "status", sa.text("created_at DESC"), sa.text("id DESC")],
        sqlite_where=sa.text("status <> 'available' AND parent_id IS NULL AND held_at IS NULL"),
        postgresql_where=sa.text("status <> 'available' AND parent_id IS NULL AND held_at IS NULL"),
    )
    op.create_index(
        "ix_backup_usage",
        "backup",
        ["project_id", "vault_id", "resource_type", "stored_mb", "parent_id", "held_at"],
    )
    op.create_index(
        "ix_backup_vault",
        "backup",
        ["project_id", "vault_id", sa.text("created_at DESC"), sa.text("id DESC"), "parent_id", "held_at"],
        sqlite_where=sa.text("parent_id IS NULL AND held_at IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL AND held_at IS NULL"),
    )
    # Of two indexes that would do SQLite takes the one made last: the smallest, from which it counts.
    op.create_index(
        "ix_backup_count",
        "backup",
        ["project_id", "status", "parent_id", "held_at"],
        sqlite_where=sa.text("parent_id IS NULL AND held_at IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL AND held_at IS NULL"),
    )
    op.create_table(
        "record",
        sa.Column("backup_id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("dictionary_id", TEXT, nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("documents", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("signer", TEXT, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["backup_id"], ["backup.id"], name="fk_record_backup_id"),
        sa.PrimaryKeyConstraint("backup_id", name="pk_record"),
    )
