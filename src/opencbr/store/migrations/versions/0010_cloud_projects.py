"""Ledger: what a job makes may stand in another project of the cloud than the job's own."""

import sqlalchemy as sa
from alembic import op

from opencbr.store.columns import TEXT

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; until now everything stands in the project of its job."""
    op.add_column("ledger", sa.Column("cloud_project_id", TEXT, nullable=True))
