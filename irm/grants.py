"""What the database role `irm_app` may do (DESIGN §7). Applied by irm_owner after every migration, in its transaction.

irm_app owns nothing: ordinary tables in full, the ledger's entries to read and to add to, nothing more. Declared here
once, so that no migration can forget it.
"""

from typing import Final

from sqlalchemy import Connection, text

APP: Final = "irm_app"

_ALL: Final = "SELECT, INSERT, UPDATE, DELETE"
_NARROWER: Final = {
    "alembic_version": "SELECT",
    "ledger_entry": "SELECT, INSERT",
    "ledger_checkpoint": "SELECT, INSERT",
    "ledger_leaf": "SELECT, INSERT",
    "ledger_node": "SELECT, INSERT",
    "ledger_pending": "SELECT, INSERT, DELETE",  # the sequencer empties it
    "ledger_private": "SELECT, INSERT, DELETE",  # purge and retention erase values, never change them
    "party": "SELECT",  # triggers write it: nobody makes themselves a party
}
_VIEWS: Final = ("party_due", "concern")
"""To read; an older release has fewer."""


class RoleMissing(Exception):
    """The server has no role irm_app yet."""


def apply(connection: Connection) -> None:
    """Idempotent. Raises RoleMissing."""
    if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": APP}):
        message = f"the database has no role {APP}; docs/operations.md has the two lines that make it"
        raise RoleMissing(message)
    tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).all()
    statements = [f"GRANT USAGE ON SCHEMA public TO {APP}"]
    for table in sorted(tables):
        statements.append(f'REVOKE ALL ON TABLE "{table}" FROM {APP}')
        statements.append(f'GRANT {_NARROWER.get(table, _ALL)} ON TABLE "{table}" TO {APP}')
    known = [one for one in _VIEWS if connection.scalar(text("SELECT to_regclass(:view)"), {"view": one})]
    statements += [f"GRANT SELECT ON {view} TO {APP}" for view in known]
    statements.append(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP}")
    for statement in statements:
        connection.execute(text(statement))


def expected(table: str) -> frozenset[str]:
    """The rights of irm_app on a table; `irm doctor` compares."""
    return frozenset(_NARROWER.get(table, _ALL).split(", "))
