"""What a run of a policy is: a backup, or a drill."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; all runs so far are backups."""
    op.add_column("policy_run", sa.Column("operation_type", TEXT, nullable=False, server_default="backup"))
