"""The runs of policies: what was due, what came of it and why."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing was due yet."""
    op.create_table(
        "policy_run",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("policy_id", TEXT, nullable=False),
        sa.Column("vault_id", TEXT, nullable=False),
        sa.Column("resource_id", TEXT, nullable=False),
        sa.Column("resource_name", TEXT, nullable=False),
        sa.Column("resource_type", TEXT, nullable=False),
        sa.Column("trigger", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("not_before", Moment, nullable=False),
        sa.Column("start_by", Moment, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("checkpoint_id", TEXT, nullable=True),
        sa.Column("backup_id", TEXT, nullable=True),
        sa.Column("operation_log_id", TEXT, nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("started_at", Moment, nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policy.id"], name="fk_policy_run_policy_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["vault_id"], ["vault.id"], name="fk_policy_run_vault_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_policy_run"),
    )
    op.create_index("ix_policy_run_vault_id", "policy_run", ["vault_id"])
    op.create_index(
        "ix_policy_run_list",
        "policy_run",
        ["project_id", "policy_id", sa.text("created_at DESC"), sa.text("id DESC")],
    )
    op.create_index("ix_policy_run_created_at", "policy_run", ["created_at"])
    waits, runs = sa.text("status = 'waiting'"), sa.text("status = 'running'")
    op.create_index(
        "uq_policy_run_waiting",
        "policy_run",
        ["policy_id", "resource_id"],
        unique=True,
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index("ix_policy_run_running", "policy_run", ["id"], sqlite_where=runs, postgresql_where=runs)
