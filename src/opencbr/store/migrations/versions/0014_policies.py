"""Policies, and which vault has which."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables; nobody has a policy yet."""
    op.create_table(
        "policy",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("operation_type", TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("patterns", sa.JSON(), nullable=False),
        sa.Column("time_zone", TEXT, nullable=True),
        sa.Column("start_window_minutes", sa.Integer(), nullable=True),
        sa.Column("trigger_id", TEXT, nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("next_fire_at", Moment, nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy"),
    )
    op.create_index(
        "ix_policy_list", "policy", ["project_id", sa.text("created_at DESC"), sa.text("id DESC")]
    )
    fires = sa.text("next_fire_at IS NOT NULL")
    op.create_index(
        "ix_policy_next_fire_at", "policy", ["next_fire_at"], sqlite_where=fires, postgresql_where=fires
    )
    op.create_table(
        "vault_policy",
        sa.Column("vault_id", TEXT, nullable=False),
        sa.Column("operation_type", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("policy_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["vault_id"], ["vault.id"], name="fk_vault_policy_vault_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policy.id"], name="fk_vault_policy_policy_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("vault_id", "operation_type", name="pk_vault_policy"),
    )
    op.create_index("ix_vault_policy_policy_id", "vault_policy", ["policy_id"])
