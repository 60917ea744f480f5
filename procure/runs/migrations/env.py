"""Runs the migrations on the connection of the store that asks for them."""

from alembic import context

from procure.runs.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
