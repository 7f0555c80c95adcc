"""What machines send: sources and their secrets, messages, alerts, the city's rules and what they filed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name=op.f("fk_alert_rules_published_by")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_alert_rules")),
    )
    op.create_table(
        "alert_source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("system_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("senders", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("unclassified_by", sa.Uuid(), nullable=True),
        sa.Column("unclassified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("allowance", sa.Double(), nullable=False),
        sa.Column("allowance_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("last_refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("faults", sa.BigInteger(), nullable=False),
        sa.Column("last_fault", sa.Text(), nullable=True),
        sa.Column("last_fault_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('cloudevents', 'alertmanager', 'email')", name=op.f("ck_alert_source_kind")),
        sa.CheckConstraint("rate_per_minute > 0", name=op.f("ck_alert_source_rate_per_minute")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_alert_source_organization_id")),
        sa.ForeignKeyConstraint(["unclassified_by"], ["person.id"], name=op.f("fk_alert_source_unclassified_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_source")),
        sa.UniqueConstraint("code", name="uq_alert_source_code"),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("grouping", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=True),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("subcategory", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("payload_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marker", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("verdict_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("muted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "severity IN ('critical', 'major', 'warning', 'info', 'unknown')", name=op.f("ck_alert_severity")
        ),
        sa.CheckConstraint("state IN ('firing', 'resolved')", name=op.f("ck_alert_state")),
        sa.CheckConstraint("verdict IN ('open', 'filed', 'joined', 'dismissed')", name=op.f("ck_alert_verdict")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_alert_incident_id")),
        sa.ForeignKeyConstraint(["source_id"], ["alert_source.id"], name=op.f("fk_alert_source_id")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_alert_system_id")),
        sa.ForeignKeyConstraint(["verdict_by"], ["person.id"], name=op.f("fk_alert_verdict_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("source_id", "fingerprint", name="uq_alert_source_id_fingerprint"),
    )
    op.create_index("ix_alert_incident_id", "alert", ["incident_id"], unique=False)
    op.create_index("ix_alert_last_seen_at", "alert", ["last_seen_at"], unique=False)
    op.create_index("ix_alert_open", "alert", ["source_id"], unique=False, postgresql_where=sa.text("verdict = 'open'"))
    op.create_index("ix_alert_source_id_grouping", "alert", ["source_id", "grouping"], unique=False)
    op.create_table(
        "alert_filing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("grouping", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_alert_filing_incident_id")),
        sa.ForeignKeyConstraint(["source_id"], ["alert_source.id"], name=op.f("fk_alert_filing_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_filing")),
    )
    op.create_index("ix_alert_filing_rule_id_at", "alert_filing", ["rule_id", "at"], unique=False)
    op.create_table(
        "alert_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("heard", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("grouped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["alert_source.id"], name=op.f("fk_alert_message_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_message")),
        sa.UniqueConstraint("source_id", "message_id", name="uq_alert_message_source_id_message_id"),
    )
    op.create_index("ix_alert_message_received_at", "alert_message", ["received_at"], unique=False)
    op.create_index(
        "ix_alert_message_waiting",
        "alert_message",
        ["id"],
        unique=False,
        postgresql_where=sa.text("grouped_at IS NULL"),
    )
    op.create_table(
        "alert_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["alert_source.id"], name=op.f("fk_alert_secret_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_secret")),
    )
    op.create_index("ix_alert_secret_source_id", "alert_secret", ["source_id"], unique=False)
    op.create_table(
        "alert_seen",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["alert_source.id"], name=op.f("fk_alert_seen_source_id")),
        sa.PrimaryKeyConstraint("source_id", "key", name=op.f("pk_alert_seen")),
    )
    op.create_index("ix_alert_seen_at", "alert_seen", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_alert_seen_at", table_name="alert_seen")
    op.drop_table("alert_seen")
    op.drop_index("ix_alert_secret_source_id", table_name="alert_secret")
    op.drop_table("alert_secret")
    op.drop_index(
        "ix_alert_message_waiting", table_name="alert_message", postgresql_where=sa.text("grouped_at IS NULL")
    )
    op.drop_index("ix_alert_message_received_at", table_name="alert_message")
    op.drop_table("alert_message")
    op.drop_index("ix_alert_filing_rule_id_at", table_name="alert_filing")
    op.drop_table("alert_filing")
    op.drop_index("ix_alert_source_id_grouping", table_name="alert")
    op.drop_index("ix_alert_open", table_name="alert", postgresql_where=sa.text("verdict = 'open'"))
    op.drop_index("ix_alert_last_seen_at", table_name="alert")
    op.drop_index("ix_alert_incident_id", table_name="alert")
    op.drop_table("alert")
    op.drop_table("alert_source")
    op.drop_table("alert_rules")
