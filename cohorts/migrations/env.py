"""Alembic runs this; the connection, inside its transaction, comes from `migrate`."""

from alembic import context

from cohorts.store import load_models

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=load_models(),
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
