"""How Alembic runs here: on the connection and in the transaction that `opencbr.store.schema` hands over."""

from alembic import context

from opencbr.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, Alembic's default says it cannot
)
with context.begin_transaction():
    context.run_migrations()
