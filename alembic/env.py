"""Runs migrations as irm_owner, one transaction for all, and grants irm_app its rights in that transaction."""

import asyncio
import os
from typing import Literal

from alembic import context
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateForeignKeyOp, CreateTableOp, ExecuteSQLOp, MigrationScript
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from irm import grants
from irm.config import with_driver
from irm.db import Base, Moment
from irm.migrations import import_rows

ONE_AT_A_TIME = 0x69726D  # advisory lock: two starting hosts must not migrate together

if context.config.cmd_opts is not None:
    import_rows()  # `alembic revision --autogenerate` compares with all rows; an upgrade needs none of them


def render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Migrations stand alone: a column type of irm's own is written as the SQL type beneath it."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    return False


def complete(migration: MigrationContext, _revision: object, directives: list[MigrationScript]) -> None:
    """What autogenerate leaves out: sequences of their own, and the foreign keys that close a circle of new tables."""
    upgrade = directives[0].upgrade_ops
    if upgrade is None or migration.connection is None:
        return
    there = set(inspect(migration.connection).get_sequence_names())
    made = {op.table_name for op in upgrade.ops if isinstance(op, CreateTableOp)}
    for sequence in Base.metadata._sequences.values():  # noqa: SLF001 - SQLAlchemy shows them nowhere else
        if sequence.name not in there:
            upgrade.ops.insert(0, ExecuteSQLOp(f"CREATE SEQUENCE {sequence.name}"))
    for table in Base.metadata.sorted_tables:
        late = [key for key in table.foreign_key_constraints if key.use_alter and table.name in made]
        upgrade.ops.extend(CreateForeignKeyOp.from_constraint(key) for key in late)


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        render_item=render,
        process_revision_directives=complete,
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        context.run_migrations()
        if not getattr(context.config.cmd_opts, "autogenerate", False):
            grants.apply(connection)


async def online(url: str) -> None:
    engine = create_async_engine(
        url,
        poolclass=NullPool,
        connect_args={
            "timeout": 10,
            # A migration that cannot get its lock fails at once instead of stopping the city behind it.
            "server_settings": {
                "application_name": "irm migrate",
                "timezone": "UTC",
                "lock_timeout": "5s",
                "statement_timeout": "10min",
            },
        },
    )
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


given = context.config.attributes.get("url") or os.environ.get("IRM_MIGRATION_DATABASE_URL", "")
if not given:
    message = "IRM_MIGRATION_DATABASE_URL is not set: the database's address as irm_owner."
    raise SystemExit(message)
asyncio.run(online(with_driver(given)))
