"""What Alembic runs: the steps, in the transaction of whoever opens the ledger."""

from alembic import context

from passerelle.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=None,
)
context.run_migrations()
