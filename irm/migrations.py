"""The database's shape: upgrade to the newest, and say which one is there."""

import importlib
import threading
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

_PACKAGE: Final = Path(__file__).parent


def config(url: str = "") -> Config:
    """Works in the repository and from an installed wheel, which carries the migrations as data."""
    packed = _PACKAGE / "_alembic"
    scripts = packed if packed.is_dir() else _PACKAGE.parent / "alembic"
    made = Config()
    made.set_main_option("script_location", str(scripts).replace("%", "%%"))
    made.attributes["url"] = url
    return made


def upgrade(url: str, *, revision: str = "head") -> None:
    """As irm_owner; grants irm_app its rights in the same transaction. Blocks; safe to call with or without a loop."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            command.upgrade(config(url), revision)
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            failures.append(error)

    # In a thread of its own: the migration environment runs an event loop, and the caller may be inside one.
    thread = threading.Thread(target=run, name="migrate")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def head() -> str | None:
    """The newest revision that this release knows; None while there is none."""
    return ScriptDirectory.from_config(config()).get_current_head()


async def current(connection: AsyncConnection) -> str | None:
    """The revision of the database; None when nothing was ever migrated."""
    try:
        async with connection.begin_nested() if connection.in_transaction() else connection.begin():
            revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
            return revision
    except ProgrammingError:
        return None


def import_rows() -> None:
    """Import every module that declares a table, so that `Base.metadata` is whole."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        if "__tablename__" in path.read_text(encoding="utf-8") and path.name != Path(__file__).name:
            importlib.import_module(".".join(("irm", *path.relative_to(_PACKAGE).with_suffix("").parts)))


def main() -> None:
    """`python -m irm.migrations`: upgrade the database named by IRM_MIGRATION_DATABASE_URL."""
    from irm.config import Settings, with_driver  # noqa: PLC0415 - only as a program

    upgrade(with_driver(Settings.read().migration_database_url))


if __name__ == "__main__":
    main()
