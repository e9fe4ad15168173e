"""The signer of a record is 32 bytes, not 64 digits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the column; the keys stay the same."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE record ALTER COLUMN signer TYPE bytea USING decode(signer, 'hex')")
        return
    with op.batch_alter_table("record") as batch:
        batch.alter_column("signer", type_=sa.LargeBinary(), existing_type=sa.Text(), existing_nullable=False)
    record = sa.table("record", sa.column("signer", sa.LargeBinary))
    # The column's change has made bytes of the digits as they stood.
    for digits in list(op.get_bind().execute(sa.select(record.c.signer).distinct()).scalars()):
        op.execute(
            record.update()
            .where(record.c.signer == digits)
            .values(signer=bytes.fromhex(bytes(digits).decode()))
        )
