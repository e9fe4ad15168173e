"""What the operator's webhook is told."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and the indexes by which is found what there is to tell."""
    op.create_table(
        "notice",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Moment, nullable=True),
        sa.Column("sent_at", Moment, nullable=True),
        sa.Column("given_up_at", Moment, nullable=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint("subject_id", "event", name="uq_notice_subject_id_event"),
    )
    op.create_index("ix_notice_created_at", "notice", ["created_at"])
    to_send = sa.text("next_attempt_at IS NOT NULL")
    op.create_index(
        "ix_notice_next_attempt_at",
        "notice",
        ["next_attempt_at", "id"],
        sqlite_where=to_send,
        postgresql_where=to_send,
    )
    for table, condition in (
        ("policy_run", sa.text("status IN ('failed', 'missed', 'skipped')")),
        ("drill", sa.text("verdict = 'failed'")),
    ):
        name = f"ix_{table}_ended_at"
        op.create_index(name, table, ["ended_at"], sqlite_where=condition, postgresql_where=condition)
