"""The paper of a vetting is kept as a file; what somebody was reminded of is not said twice."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vetting_paper",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("engagement_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("good_until", sa.Date(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("good_until IS NULL OR good_until >= made_on", name=op.f("ck_vetting_paper_order")),
        sa.ForeignKeyConstraint(["engagement_id"], ["engagement.id"], name=op.f("fk_vetting_paper_engagement_id")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_vetting_paper_attachment_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_vetting_paper_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vetting_paper")),
    )
    op.create_index("ix_vetting_paper_engagement", "vetting_paper", ["engagement_id"])
    op.create_table(
        "directory_reminder",
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("what IN ('contract', 'vetting', 'contact')", name=op.f("ck_directory_reminder_what")),
        sa.PrimaryKeyConstraint("about", "what", "day", "days_before", name=op.f("pk_directory_reminder")),
    )


def downgrade() -> None:
    op.drop_table("directory_reminder")
    op.drop_index("ix_vetting_paper_engagement", table_name="vetting_paper")
    op.drop_table("vetting_paper")
