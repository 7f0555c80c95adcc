"""What was done for a standing duty: who, when, for what, with which file."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standing_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("pack_version", sa.Text(), nullable=False),
        sa.Column("citation", postgresql.JSONB(), nullable=False),
        sa.Column("bearer_id", sa.Uuid(), nullable=False),
        sa.Column("about", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("attachment_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bearer_id"], ["organization.id"], name=op.f("fk_standing_record_bearer_id")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_standing_record_attachment_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_standing_record_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_record")),
    )
    op.create_index("ix_standing_record_last", "standing_record", ["bearer_id", "rule_id", "done_on"])


def downgrade() -> None:
    op.drop_index("ix_standing_record_last", table_name="standing_record")
    op.drop_table("standing_record")
