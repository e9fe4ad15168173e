"""Ended sessions: those of the console that somebody has signed out of, until they would have ended by themselves."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT, Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nobody has signed out yet."""
    op.create_table(
        "ended_session",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ended_session"),
    )
    op.create_index("ix_ended_session_ends_at", "ended_session", ["ends_at"])
