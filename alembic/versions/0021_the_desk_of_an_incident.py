"""The desk of an incident: notes, roles, hand-overs; which process claimed a message; tasks that ask for evidence."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incident_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sight", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("corrects_id <> id", name=op.f("ck_incident_note_corrects")),
        sa.CheckConstraint("sight IN ('own', 'all')", name=op.f("ck_incident_note_sight")),
        sa.ForeignKeyConstraint(["corrects_id"], ["incident_note.id"], name=op.f("fk_incident_note_corrects_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_note_incident_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_incident_note_organization_id")
        ),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_incident_note_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_note")),
    )
    op.create_index("ix_incident_note_incident_id_at", "incident_note", ["incident_id", "at"], unique=False)
    op.create_table(
        "incident_role",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("named_by", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("role IN ('commander', 'lead', 'liaison', 'recorder')", name=op.f("ck_incident_role_role")),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_incident_role_until")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_incident_role_ended_by")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_role_incident_id")),
        sa.ForeignKeyConstraint(["named_by"], ["person.id"], name=op.f("fk_incident_role_named_by")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_incident_role_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_incident_role_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_role")),
    )
    op.create_index("ix_incident_role_incident_id", "incident_role", ["incident_id", "since"], unique=False)
    op.create_index(
        "uq_incident_role_held",
        "incident_role",
        ["incident_id", "organization_id", "role"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "incident_handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_person_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("open", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("call_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(taken_at IS NULL) = (taken_by IS NULL)", name=op.f("ck_incident_handover_taken")),
        sa.CheckConstraint("taken_by <> given_by", name=op.f("ck_incident_handover_two")),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name=op.f("fk_incident_handover_given_by")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_handover_incident_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_incident_handover_organization_id")
        ),
        sa.ForeignKeyConstraint(["taken_by"], ["person.id"], name=op.f("fk_incident_handover_taken_by")),
        sa.ForeignKeyConstraint(["to_person_id"], ["person.id"], name=op.f("fk_incident_handover_to_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_handover")),
    )
    op.create_index("ix_incident_handover_incident_id", "incident_handover", ["incident_id", "given_at"], unique=False)
    op.create_index(
        "uq_incident_handover_waiting",
        "incident_handover",
        ["incident_id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("taken_at IS NULL AND ended_at IS NULL"),
    )
    op.add_column("delivery_attempt", sa.Column("claimed_by", sa.Text(), nullable=True))
    op.add_column("task", sa.Column("evidence_required", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("task", sa.Column("no_evidence_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("task", "no_evidence_reason")
    op.drop_column("task", "evidence_required")
    op.drop_column("delivery_attempt", "claimed_by")
    for table, indexes in (
        ("incident_handover", ("uq_incident_handover_waiting", "ix_incident_handover_incident_id")),
        ("incident_role", ("uq_incident_role_held", "ix_incident_role_incident_id")),
        ("incident_note", ("ix_incident_note_incident_id_at",)),
    ):
        for index in indexes:
            op.drop_index(index, table_name=table)
        op.drop_table(table)
