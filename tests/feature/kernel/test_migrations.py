"""The migrations make exactly what the rows say, from nothing, and can be run again."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from irm import grants, migrations
from irm.db import Base
from tests.server import Server


def differences(connection: Connection) -> list[object]:
    migrations.import_rows()
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_the_database_has_the_shape_of_the_rows(owner_engine: AsyncEngine) -> None:
    async with owner_engine.connect() as connection:
        found = await connection.run_sync(differences)
        sequences = await connection.run_sync(lambda sync: set(inspect(sync).get_sequence_names()))
    assert not found, found
    assert {sequence.name for sequence in Base.metadata._sequences.values()} <= sequences


async def test_every_check_constraint_of_the_rows_is_there(owner_engine: AsyncEngine) -> None:
    """Alembic compares no checks."""
    migrations.import_rows()
    wanted = {
        (table.name, constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if constraint.__visit_name__ == "check_constraint"
    }
    async with owner_engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c'")
        )
        found = {(str(table).strip('"'), name) for table, name in rows.all()}
    missing = {(table, str(name)) for table, name in wanted} - found
    assert not missing, missing


async def test_migrating_twice_changes_nothing(server: Server, database_name: str) -> None:
    if migrations.head() is not None:
        migrations.upgrade(server.url(database_name, "irm_owner"))


async def test_the_application_has_the_rights_it_should_have_on_every_table(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        tables = (await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).all()
        for table in tables:
            rights = await connection.scalars(
                text("SELECT p FROM unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES']) p"
                     " WHERE has_table_privilege(:table, p)"),
                {"table": f'public."{table}"'},
            )  # fmt: skip
            assert set(rights.all()) == grants.expected(table), table
    assert len(tables) > 30
