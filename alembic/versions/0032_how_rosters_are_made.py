"""Rotations, overrides, leave, swaps and temporary schedules of rosters; what shifts come of; calendar addresses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LAYERS = "layer IN ('day', 'night', 'backup', 'leader')"


def upgrade() -> None:
    op.add_column("roster", sa.Column("in_place_of", sa.Uuid(), nullable=True))
    op.add_column("roster", sa.Column("serves_from", MOMENT, nullable=True))
    op.add_column("roster", sa.Column("serves_until", MOMENT, nullable=True))
    op.add_column("roster", sa.Column("planned_until", MOMENT, nullable=True))
    op.create_foreign_key(op.f("fk_roster_in_place_of"), "roster", "roster", ["in_place_of"], ["id"])
    op.create_check_constraint(
        op.f("ck_roster_temporary"),
        "roster",
        "(in_place_of IS NULL AND serves_from IS NULL AND serves_until IS NULL) OR serves_until > serves_from",
    )
    op.drop_constraint(op.f("ck_shift_role"), "shift", type_="check")
    op.create_check_constraint(op.f("ck_shift_role"), "shift", "role IN ('primary', 'backup', 'leader')")
    op.add_column("shift", sa.Column("layer", sa.Text(), nullable=False, server_default="day"))
    op.execute("UPDATE shift SET layer = 'backup' WHERE role = 'backup'")
    op.create_check_constraint(op.f("ck_shift_layer"), "shift", LAYERS)
    op.add_column("shift", sa.Column("origin", sa.Text(), nullable=False, server_default="entered"))
    op.create_check_constraint(op.f("ck_shift_origin"), "shift", "origin IN ('entered', 'worked_out')")
    op.add_column("shift", sa.Column("replaced", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("shift", sa.Column("instead_of", sa.Uuid(), nullable=True))
    op.create_table(
        "roster_rotation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("ends", sa.Text(), nullable=False),
        sa.Column("wraps", sa.Boolean(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("turns", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.CheckConstraint(LAYERS, name=op.f("ck_roster_rotation_layer")),
        sa.CheckConstraint("days IN ('all', 'working', 'rest')", name=op.f("ck_roster_rotation_days")),
        sa.CheckConstraint("unit IN ('day', 'week', 'month')", name=op.f("ck_roster_rotation_unit")),
        sa.CheckConstraint("length > 0", name=op.f("ck_roster_rotation_length")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_roster_rotation_roster_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_roster_rotation_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_rotation")),
    )
    op.create_index("ix_roster_rotation_roster_id", "roster_rotation", ["roster_id"])
    op.create_table(
        "roster_leave",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("substitute_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_roster_leave_order")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_roster_leave_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_roster_leave_person_id")),
        sa.ForeignKeyConstraint(["substitute_id"], ["person.id"], name=op.f("fk_roster_leave_substitute_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_roster_leave_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_leave")),
    )
    op.create_index("ix_roster_leave_organization_id_ends_at", "roster_leave", ["organization_id", "ends_at"])
    op.create_table(
        "roster_swap",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_of", sa.Uuid(), nullable=False),
        sa.Column("gives_layer", sa.Text(), nullable=False),
        sa.Column("gives_from", MOMENT, nullable=False),
        sa.Column("gives_until", MOMENT, nullable=False),
        sa.Column("takes_layer", sa.Text(), nullable=True),
        sa.Column("takes_from", MOMENT, nullable=True),
        sa.Column("takes_until", MOMENT, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.CheckConstraint("gives_until > gives_from", name=op.f("ck_roster_swap_gives")),
        sa.CheckConstraint("(takes_from IS NULL) = (takes_until IS NULL)", name=op.f("ck_roster_swap_takes_whole")),
        sa.CheckConstraint("takes_until > takes_from", name=op.f("ck_roster_swap_takes")),
        sa.CheckConstraint("asked_by <> asked_of", name=op.f("ck_roster_swap_two")),
        sa.CheckConstraint(
            "status IN ('asked', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_roster_swap_status")
        ),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_roster_swap_roster_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_roster_swap_asked_by")),
        sa.ForeignKeyConstraint(["asked_of"], ["person.id"], name=op.f("fk_roster_swap_asked_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_swap")),
    )
    op.create_index("ix_roster_swap_roster_id", "roster_swap", ["roster_id"])
    op.create_index("ix_roster_swap_asked_of", "roster_swap", ["asked_of"])
    op.create_table(
        "roster_override",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("instead_of", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("swap_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_roster_override_order")),
        sa.CheckConstraint("kind IN ('add', 'remove', 'replace')", name=op.f("ck_roster_override_kind")),
        sa.CheckConstraint(LAYERS, name=op.f("ck_roster_override_layer")),
        sa.CheckConstraint(
            "(kind = 'remove') = (person_id IS NULL AND post_id IS NULL)", name=op.f("ck_roster_override_somebody")
        ),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_roster_override_roster_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_roster_override_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_roster_override_post_id")),
        sa.ForeignKeyConstraint(["swap_id"], ["roster_swap.id"], name=op.f("fk_roster_override_swap_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_roster_override_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_override")),
    )
    op.create_index("ix_roster_override_roster_id_ends_at", "roster_override", ["roster_id", "ends_at"])
    op.create_table(
        "roster_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("roster_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.CheckConstraint("(person_id IS NULL) <> (roster_id IS NULL)", name=op.f("ck_roster_feed_one_of")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_roster_feed_person_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_roster_feed_roster_id")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_roster_feed_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_feed")),
        sa.UniqueConstraint("token_hash", name="uq_roster_feed_token_hash"),
    )


def downgrade() -> None:
    for table in ("roster_feed", "roster_override", "roster_swap", "roster_leave", "roster_rotation"):
        op.drop_table(table)
    op.execute("DELETE FROM shift WHERE role = 'leader' OR replaced")
    for column in ("instead_of", "replaced", "origin", "layer"):
        op.drop_column("shift", column)
    op.drop_constraint(op.f("ck_shift_role"), "shift", type_="check")
    op.create_check_constraint(op.f("ck_shift_role"), "shift", "role IN ('primary', 'backup')")
    op.drop_constraint(op.f("ck_roster_temporary"), "roster", type_="check")
    for column in ("planned_until", "serves_until", "serves_from", "in_place_of"):
        op.drop_column("roster", column)
