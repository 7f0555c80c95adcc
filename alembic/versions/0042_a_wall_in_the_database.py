"""Who is a party to what, kept by triggers; and a wall around what people read: rows are seen and changed only by
parties to them, or by the house itself (docs/adr/0018)."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

HANDED_OVER: Final = "('submitted', 'receipted', 'refused', 'returned')"

# One definition for the backfill, the triggers and `irm doctor`. Every branch can be asked for one subject by an index.
PARTY_DUE: Final = f"""
CREATE VIEW party_due AS
    SELECT incident_id AS subject, organization_id, 'part' AS role FROM part
UNION
    SELECT absorbed_id, unnest(absorbed_organizations), 'merged' FROM merge WHERE undone_at IS NULL
UNION
    SELECT incident_id, recipient_id, 'reported_to' FROM submission
    WHERE incident_id IS NOT NULL AND recipient_id IS NOT NULL AND status IN {HANDED_OVER}
UNION
    SELECT merge.absorbed_id, submission.recipient_id, 'reported_to'
    FROM merge CROSS JOIN LATERAL incident_now(merge.absorbed_id) AS main(id)
        JOIN submission ON submission.incident_id = main.id
    WHERE merge.undone_at IS NULL AND submission.recipient_id IS NOT NULL AND submission.status IN {HANDED_OVER}
UNION
    SELECT id, organization_id, 'sender' FROM submission
UNION
    SELECT id, recipient_id, 'recipient' FROM submission WHERE recipient_id IS NOT NULL AND status IN {HANDED_OVER}
UNION
    SELECT submission_id, organization_id, 'spoken_for' FROM submission_party
"""  # noqa: S608 - of constants only

# Where a merged incident is now, with every stop on the way.
INCIDENT_NOW: Final = """
CREATE FUNCTION incident_now(absorbed uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE way(id) AS (
        SELECT main_id FROM public.merge WHERE absorbed_id = absorbed AND undone_at IS NULL
        UNION
        SELECT merge.main_id FROM way JOIN public.merge ON merge.absorbed_id = way.id AND merge.undone_at IS NULL
    )
    SELECT id FROM way
$$
"""

# The owner's rights: irm_app may not write party, and what it may not see must be counted too.
DEFINER: Final = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

FUNCTIONS: Final = (
    f"""
CREATE FUNCTION party_refresh(about uuid) RETURNS void {DEFINER} AS $$
BEGIN
    DELETE FROM party WHERE subject = about AND (organization_id, role) NOT IN (
        SELECT due.organization_id, due.role FROM party_due AS due WHERE due.subject = about
    );
    INSERT INTO party (subject, organization_id, role)
        SELECT due.subject, due.organization_id, due.role FROM party_due AS due WHERE due.subject = about
        ON CONFLICT DO NOTHING;
END $$
""",  # noqa: S608 - of constants only
    f"""
CREATE FUNCTION party_refresh_incident(about uuid) RETURNS void {DEFINER} AS $$
DECLARE absorbed uuid;
BEGIN
    PERFORM party_refresh(about);
    FOR absorbed IN SELECT absorbed_id FROM merge WHERE main_id = about AND undone_at IS NULL LOOP
        PERFORM party_refresh_incident(absorbed);
    END LOOP;
END $$
""",  # noqa: S608 - of constants only
    f"""
CREATE FUNCTION party_of_part() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO party VALUES (NEW.incident_id, NEW.organization_id, 'part') ON CONFLICT DO NOTHING;
    ELSE
        PERFORM party_refresh(OLD.incident_id);
        IF TG_OP = 'UPDATE' THEN PERFORM party_refresh(NEW.incident_id); END IF;
    END IF;
    RETURN NULL;
END $$
""",  # noqa: S608 - of constants only
    f"""
CREATE FUNCTION party_of_merge() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN PERFORM party_refresh_incident(OLD.absorbed_id);
    ELSE PERFORM party_refresh_incident(NEW.absorbed_id);
    END IF;
    RETURN NULL;
END $$
""",
    f"""
CREATE FUNCTION party_of_submission() RETURNS trigger {DEFINER} AS $$
DECLARE absorbed uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO party VALUES (NEW.id, NEW.organization_id, 'sender') ON CONFLICT DO NOTHING;
        IF NEW.recipient_id IS NULL OR NEW.status NOT IN {HANDED_OVER} THEN RETURN NULL; END IF;
        INSERT INTO party VALUES (NEW.id, NEW.recipient_id, 'recipient') ON CONFLICT DO NOTHING;
        IF NEW.incident_id IS NULL THEN RETURN NULL; END IF;
        INSERT INTO party VALUES (NEW.incident_id, NEW.recipient_id, 'reported_to') ON CONFLICT DO NOTHING;
        FOR absorbed IN SELECT absorbed_id FROM merge WHERE main_id = NEW.incident_id AND undone_at IS NULL LOOP
            PERFORM party_refresh_incident(absorbed);
        END LOOP;
        RETURN NULL;
    END IF;
    PERFORM party_refresh(OLD.id);
    IF OLD.incident_id IS NOT NULL AND OLD.status IN {HANDED_OVER} THEN
        PERFORM party_refresh_incident(OLD.incident_id);
    END IF;
    IF TG_OP = 'UPDATE' THEN
        PERFORM party_refresh(NEW.id);
        IF NEW.incident_id IS NOT NULL AND NEW.status IN {HANDED_OVER} THEN
            PERFORM party_refresh_incident(NEW.incident_id);
        END IF;
    END IF;
    RETURN NULL;
END $$
""",  # noqa: S608 - of constants only
    f"""
CREATE FUNCTION party_of_spoken_for() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO party VALUES (NEW.submission_id, NEW.organization_id, 'spoken_for') ON CONFLICT DO NOTHING;
    ELSE
        PERFORM party_refresh(OLD.submission_id);
        IF TG_OP = 'UPDATE' THEN PERFORM party_refresh(NEW.submission_id); END IF;
    END IF;
    RETURN NULL;
END $$
""",  # noqa: S608 - of constants only
)

TRIGGERS: Final = {
    "part": "INSERT OR DELETE OR UPDATE OF incident_id, organization_id",
    "merge": "INSERT OR DELETE OR UPDATE OF undone_at, absorbed_id, main_id, absorbed_organizations",
    "submission": "INSERT OR DELETE OR UPDATE OF status, incident_id, organization_id, recipient_id",
    "submission_party": "INSERT OR DELETE OR UPDATE OF submission_id, organization_id",
}
TOLD: Final = {"submission_party": "spoken_for"}

# Unset is NULL, and '' after a transaction that had set it: both see nothing. But for processes of the release before,
# which know of no wall, call themselves irm, and run on while others are replaced one by one; the next release drops it.
BEFORE: Final = "CASE current_setting('application_name') WHEN 'irm' THEN 'on' END"
HOUSE: Final = f"(SELECT coalesce(current_setting('irm.sees_all', true), {BEFORE})) = 'on'"
MINE: Final = "ANY ((SELECT nullif(current_setting('irm.organizations', true), '')::uuid[])::uuid[])"
A_PARTY: Final = f"EXISTS (SELECT FROM party WHERE party.subject {{subject}} AND party.organization_id = {MINE}{{but}})"
WORKING: Final = " AND party.role <> 'reported_to'"


def party_to(subject: str, *, working: bool = True) -> str:
    """`working`: not for those who only received a report of it."""
    return f"{HOUSE} OR {A_PARTY.format(subject=subject, but=WORKING if working else '')}"


def seen_with(table: str, column: str) -> str:
    """Whoever sees that row sees this one."""
    return f"{HOUSE} OR EXISTS (SELECT FROM {table} AS of WHERE of.id = {column})"


WALLED: Final = {
    "incident": party_to("= incident.id", working=False),
    **{
        table: party_to(f"= {table}.incident_id")
        for table in (
            "filing",
            "part",
            "grading",
            "level_assessment",
            "status_change",
            "discovery_change",
            "incident_note",
            "incident_role",
            "incident_handover",
        )
    },
    "merge": party_to("IN (merge.main_id, merge.absorbed_id)"),
    # The sender by its column: INSERT … RETURNING asks before any trigger has written down who is a party.
    "submission": f"{party_to('IN (submission.id, submission.incident_id)')} OR submission.organization_id = {MINE}",
    "submission_file": seen_with("submission", "submission_id"),
    "receipt": seen_with("submission", "submission_id"),
}


def upgrade() -> None:
    op.create_table(
        "party",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_party_organization_id")),
        sa.PrimaryKeyConstraint("subject", "organization_id", "role", name=op.f("pk_party")),
    )
    op.execute(INCIDENT_NOW)
    op.execute(PARTY_DUE)
    op.execute(
        "INSERT INTO party (subject, organization_id, role) SELECT subject, organization_id, role FROM party_due"
    )
    op.create_index("ix_party_organization_id", "party", ["organization_id"])
    for function in FUNCTIONS:
        op.execute(function)
    for table, events in TRIGGERS.items():
        told = TOLD.get(table, table)
        op.execute(f"CREATE TRIGGER party AFTER {events} ON {table} FOR EACH ROW EXECUTE FUNCTION party_of_{told}()")
    for table, sees in WALLED.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY sees ON {table} FOR SELECT USING ({sees})")
        # Without this, SELECT … FOR UPDATE of a row that is seen gives no row and no error.
        op.execute(f"CREATE POLICY changes ON {table} FOR UPDATE USING ({sees}) WITH CHECK ({sees})")
        op.execute(f"CREATE POLICY removes ON {table} FOR DELETE USING ({sees})")
        # Nobody is a party to what does not exist yet.
        op.execute(f"CREATE POLICY adds ON {table} FOR INSERT WITH CHECK (true)")


def downgrade() -> None:
    for table in WALLED:
        for policy in ("sees", "changes", "removes", "adds"):
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in TRIGGERS:
        op.execute(f"DROP TRIGGER party ON {table}")
        op.execute(f"DROP FUNCTION party_of_{TOLD.get(table, table)}()")
    op.execute("DROP FUNCTION party_refresh_incident(uuid)")
    op.execute("DROP FUNCTION party_refresh(uuid)")
    op.execute("DROP VIEW party_due")
    op.execute("DROP FUNCTION incident_now(uuid)")
    op.drop_table("party")
