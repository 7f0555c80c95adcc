"""The first shape of everything: see the models.py of each room."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE submission_serial")
    op.execute("CREATE SEQUENCE incident_number_seq")
    op.create_table(
        "blob",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_blob_sha256")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_blob_size")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blob")),
    )
    op.create_table(
        "channel",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("configured", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channel")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("broker_silent_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_skew_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeat")),
        sa.UniqueConstraint("process", name="uq_heartbeat_process"),
    )
    op.create_table(
        "idempotency",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("subcategory", sa.Text(), nullable=True),
        sa.Column("reached", sa.SmallInteger(), nullable=False),
        sa.Column("possible", sa.SmallInteger(), nullable=False),
        sa.Column("assessed", sa.SmallInteger(), nullable=True),
        sa.Column("gb_level", sa.SmallInteger(), nullable=True),
        sa.Column("response_level", sa.SmallInteger(), nullable=True),
        sa.Column("packs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name=op.f("ck_incident_merged")),
        sa.CheckConstraint(
            "status IN ('reported', 'open', 'contained', 'handled', 'closed', 'dismissed', 'withdrawn', 'merged')",
            name=op.f("ck_incident_status"),
        ),
        sa.CheckConstraint("assessed BETWEEN 1 AND 4", name=op.f("ck_incident_assessed")),
        sa.CheckConstraint("gb_level BETWEEN 1 AND 4", name=op.f("ck_incident_gb_level")),
        sa.CheckConstraint("possible BETWEEN 1 AND 4", name=op.f("ck_incident_possible")),
        sa.CheckConstraint("reached BETWEEN 1 AND 4", name=op.f("ck_incident_reached")),
        sa.CheckConstraint("response_level BETWEEN 1 AND 4", name=op.f("ck_incident_response_level")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["incident.id"], name=op.f("fk_incident_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("number", name="uq_incident_number"),
    )
    op.create_index("ix_incident_merged_into_id", "incident", ["merged_into_id"], unique=False)
    op.create_index("ix_incident_status_created_at", "incident", ["status", "created_at"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(
        "ix_job_due", "job", ["queue", "priority", "run_at"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_index(
        "ix_job_key_live",
        "job",
        ["key"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
        postgresql_ops={"key": "text_pattern_ops"},
    )
    op.create_index("ix_job_run_at", "job", ["run_at"], unique=False, postgresql_where=sa.text("done_at IS NULL"))
    op.create_index(
        "uq_job_key", "job", ["key"], unique=True, postgresql_where=sa.text("outcome IS DISTINCT FROM 'cancelled'")
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
    )
    op.create_index("ix_ledger_entry_action", "ledger_entry", ["action", "at"], unique=False)
    op.create_index(
        "ix_ledger_entry_subject",
        "ledger_entry",
        ["subject", "at"],
        unique=False,
        postgresql_ops={"subject": "text_pattern_ops"},
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("joined", sa.Boolean(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=True),
        sa.Column("telephone", sa.Text(), nullable=True),
        sa.Column("fax", sa.Text(), nullable=True),
        sa.Column("postal_address", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("desk_checked_on", sa.Date(), nullable=True),
        sa.Column("in_use_from", sa.Date(), nullable=True),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('cloud_authority', 'cyberspace_office', 'public_security', 'protection_department', 'sector_regulator', 'superior', 'duty_general', 'secrecy_administration', 'vendor', 'using_unit', 'assessor', 'other')",
            name=op.f("ck_organization_kind"),
        ),
        sa.CheckConstraint("tier IN ('county', 'city', 'province', 'national')", name=op.f("ck_organization_tier")),
        sa.ForeignKeyConstraint(["parent_id"], ["organization.id"], name=op.f("fk_organization_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("code", name="uq_organization_code"),
    )
    op.create_index("ix_organization_kind", "organization", ["kind", "tier"], unique=False)
    op.create_index("ix_organization_parent", "organization", ["parent_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "playbook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("playbook_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playbook")),
        sa.UniqueConstraint("playbook_id", "version", name="uq_playbook_version"),
    )
    op.create_index("uq_playbook_active", "playbook", ["playbook_id"], unique=True, postgresql_where=sa.text("active"))
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("login = lower(login)", name=op.f("ck_account_login_lower")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name="uq_account_login"),
    )
    op.create_index("ix_account_person", "account", ["person_id"], unique=False)
    op.create_table(
        "ledger_pending",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_ledger_pending_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_ledger_pending")),
    )
    op.create_table(
        "ledger_private",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_ledger_private_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "path", name=op.f("pk_ledger_private")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('system_administrator', 'security_administrator', 'audit_administrator', 'reporter', 'handler', 'duty_officer', 'duty_leader', 'deputy', 'security_lead', 'unit_head', 'compliance_officer', 'drill_director', 'evaluator', 'assessor', 'regulator')",
            name=op.f("ck_membership_role"),
        ),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_membership_order")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_membership_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_organization", "membership", ["organization_id", "role"], unique=False)
    op.create_index(
        "uq_membership_live",
        "membership",
        ["person_id", "organization_id", "role"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_index(
        "uq_membership_one_administrator",
        "membership",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text(
            "until IS NULL AND role IN ('audit_administrator', 'security_administrator', 'system_administrator')"
        ),
    )
    op.create_table(
        "part",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_basis", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reached", sa.SmallInteger(), nullable=False),
        sa.Column("possible", sa.SmallInteger(), nullable=False),
        sa.Column("assessed", sa.SmallInteger(), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("known_basis IN ('stated', 'notified')", name=op.f("ck_part_known_basis")),
        sa.CheckConstraint("assessed BETWEEN 1 AND 4", name=op.f("ck_part_assessed")),
        sa.CheckConstraint("possible BETWEEN 1 AND 4", name=op.f("ck_part_possible")),
        sa.CheckConstraint("reached BETWEEN 1 AND 4", name=op.f("ck_part_reached")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_part_incident_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_part_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part")),
        sa.UniqueConstraint("incident_id", "organization_id", name="uq_part_incident_organization"),
    )
    op.create_index("ix_part_organization_id", "part", ["organization_id"], unique=False)
    op.create_table(
        "post",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_post_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("organization_id", "name", name="uq_post_name"),
    )
    op.create_table(
        "roster",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_roster_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster")),
        sa.UniqueConstraint("organization_id", "name", name="uq_roster_organization_name"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("playbook_row_id", sa.Uuid(), nullable=False),
        sa.Column("playbook_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("wall_anchor", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_anchor", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('running', 'finished', 'cancelled')", name=op.f("ck_run_status")),
        sa.CheckConstraint("rate >= 0", name=op.f("ck_run_rate")),
        sa.ForeignKeyConstraint(["playbook_row_id"], ["playbook.id"], name=op.f("fk_run_playbook_row_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("playbook_id", "subject", name="uq_run_playbook_subject"),
    )
    op.create_index(
        "ix_run_running_next_at", "run", ["next_at"], unique=False, postgresql_where=sa.text("status = 'running'")
    )
    op.create_index("ix_run_subject", "run", ["subject"], unique=False, postgresql_ops={"subject": "text_pattern_ops"})
    op.create_table(
        "system",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("filing_number", sa.Text(), nullable=True),
        sa.Column("filing_authority", sa.Text(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("cii", sa.Text(), nullable=False),
        sa.Column("protection_department_id", sa.Uuid(), nullable=True),
        sa.Column("users", sa.BigInteger(), nullable=True),
        sa.Column("personal_records", sa.BigInteger(), nullable=True),
        sa.Column("portal_rank", sa.Text(), nullable=True),
        sa.Column("important_data", sa.Text(), nullable=False),
        sa.Column("internet_gov_app", sa.Boolean(), nullable=False),
        sa.Column("platform_id", sa.Uuid(), nullable=True),
        sa.Column("life_cycle", sa.Text(), nullable=False),
        sa.Column("in_use_from", sa.Date(), nullable=True),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cii IN ('yes', 'no', 'unknown')", name=op.f("ck_system_cii")),
        sa.CheckConstraint("important_data IN ('yes', 'no', 'unknown')", name=op.f("ck_system_important_data")),
        sa.CheckConstraint("kind IN ('system', 'platform')", name=op.f("ck_system_kind")),
        sa.CheckConstraint(
            "life_cycle IN ('planned', 'building', 'trial', 'live', 'retired')", name=op.f("ck_system_life_cycle")
        ),
        sa.CheckConstraint(
            "portal_rank IN ('none', 'county', 'prefecture', 'provincial', 'national', 'provincial_news', 'central_news')",
            name=op.f("ck_system_portal_rank"),
        ),
        sa.CheckConstraint("level IS NULL OR level BETWEEN 1 AND 5", name=op.f("ck_system_level")),
        sa.CheckConstraint(
            "personal_records IS NULL OR personal_records >= 0", name=op.f("ck_system_personal_records")
        ),
        sa.CheckConstraint("platform_id IS NULL OR platform_id <> id", name=op.f("ck_system_not_on_itself")),
        sa.CheckConstraint("users IS NULL OR users >= 0", name=op.f("ck_system_users")),
        sa.ForeignKeyConstraint(["operator_id"], ["organization.id"], name=op.f("fk_system_operator_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["organization.id"], name=op.f("fk_system_owner_id")),
        sa.ForeignKeyConstraint(["platform_id"], ["system.id"], name=op.f("fk_system_platform_id")),
        sa.ForeignKeyConstraint(
            ["protection_department_id"], ["organization.id"], name=op.f("fk_system_protection_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system")),
        sa.UniqueConstraint("code", name="uq_system_code"),
    )
    op.create_index("ix_system_operator", "system", ["operator_id"], unique=False)
    op.create_index("ix_system_owner", "system", ["owner_id"], unique=False)
    op.create_index("ix_system_platform", "system", ["platform_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_api_token_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name="uq_api_token_hash"),
    )
    op.create_index("ix_api_token_account", "api_token", ["account_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("blob_sha256", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["blob_sha256"], ["blob.sha256"], name=op.f("fk_attachment_blob_sha256")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_attachment_organization_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["account.id"], name=op.f("fk_attachment_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_blob_sha256", "attachment", ["blob_sha256"], unique=False)
    op.create_index("ix_attachment_subject", "attachment", ["subject"], unique=False)
    op.create_table(
        "contact_address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("preference", sa.Integer(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "channel IN ('telephone', 'sms', 'voice', 'email', 'wecom', 'dingtalk', 'feishu', 'fax', 'webhook', 'in_app')",
            name=op.f("ck_contact_address_channel"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(person_id, post_id, organization_id) = 1", name=op.f("ck_contact_address_one_holder")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_contact_address_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_contact_address_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_contact_address_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_address")),
    )
    op.create_index("ix_contact_address_organization", "contact_address", ["organization_id"], unique=False)
    op.create_index("ix_contact_address_person", "contact_address", ["person_id"], unique=False)
    op.create_index("ix_contact_address_post", "contact_address", ["post_id"], unique=False)
    op.create_index("ix_contact_address_reverse", "contact_address", ["channel", "address"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("page_key", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("titles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("bodies", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("reply_code", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_means", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("crossed", sa.Boolean(), nullable=False),
        sa.Column("possibly_duplicate", sa.Boolean(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.CheckConstraint("answer IN ('first', 'all', 'none')", name=op.f("ck_delivery_answer")),
        sa.CheckConstraint("detail IN ('minimal', 'full')", name=op.f("ck_delivery_detail")),
        sa.CheckConstraint("purpose IN ('page', 'notice', 'report', 'reminder')", name=op.f("ck_delivery_purpose")),
        sa.CheckConstraint(
            "status IN ('waiting', 'sending', 'sent', 'delivered', 'failed', 'skipped', 'cancelled')",
            name=op.f("ck_delivery_status"),
        ),
        sa.CheckConstraint("severity BETWEEN 1 AND 4", name=op.f("ck_delivery_severity")),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["person.id"], name=op.f("fk_delivery_acknowledged_by")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_delivery_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_delivery_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_delivery_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("key", name="uq_delivery_key"),
    )
    op.create_index("ix_delivery_address_created_at", "delivery", ["channel", "address", "created_at"], unique=False)
    op.create_index("ix_delivery_created_at_id", "delivery", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_delivery_open_person",
        "delivery",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("acknowledged_at IS NULL AND closed_at IS NULL AND purpose = 'page'"),
    )
    op.create_index(
        "ix_delivery_organization_id_created_at", "delivery", ["organization_id", "created_at"], unique=False
    )
    op.create_index("ix_delivery_page_key", "delivery", ["page_key"], unique=False)
    op.create_index(
        "ix_delivery_subject", "delivery", ["subject"], unique=False, postgresql_ops={"subject": "text_pattern_ops"}
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_draft_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("account_id", "form", name="uq_draft_account_form"),
    )
    op.create_table(
        "filing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("caller", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=True),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("subcategory", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("means IN ('web', 'api', 'telephone', 'machine')", name=op.f("ck_filing_means")),
        sa.CheckConstraint("target_kind IN ('system', 'resource', 'unknown')", name=op.f("ck_filing_target_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_filing_account_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_filing_incident_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_filing_organization_id")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_filing_system_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing")),
    )
    op.create_index("ix_filing_incident_id", "filing", ["incident_id"], unique=False)
    op.create_index("ix_filing_organization_id", "filing", ["organization_id"], unique=False)
    op.create_index("ix_filing_system_id_known_at", "filing", ["system_id", "known_at"], unique=False)
    op.create_table(
        "grading",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.SmallInteger(), nullable=False),
        sa.Column("possible", sa.SmallInteger(), nullable=False),
        sa.Column("gb_level", sa.SmallInteger(), nullable=True),
        sa.Column("packs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("trace", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("gb_level BETWEEN 1 AND 4", name=op.f("ck_grading_gb_level")),
        sa.CheckConstraint("possible BETWEEN 1 AND 4", name=op.f("ck_grading_possible")),
        sa.CheckConstraint("reached BETWEEN 1 AND 4", name=op.f("ck_grading_reached")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_grading_incident_id")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_grading_part_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grading")),
    )
    op.create_index("ix_grading_incident_id_at", "grading", ["incident_id", "at"], unique=False)
    op.create_table(
        "level_assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("assessed_by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("second_person", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("stage IN ('preliminary', 'review')", name=op.f("ck_level_assessment_stage")),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_level_assessment_level")),
        sa.CheckConstraint(
            "second_person IS NULL OR second_person <> assessed_by", name=op.f("ck_level_assessment_second_person")
        ),
        sa.ForeignKeyConstraint(["assessed_by"], ["account.id"], name=op.f("fk_level_assessment_assessed_by")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_level_assessment_incident_id")),
        sa.ForeignKeyConstraint(["second_person"], ["account.id"], name=op.f("fk_level_assessment_second_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_level_assessment")),
    )
    op.create_index("ix_level_assessment_incident_id_at", "level_assessment", ["incident_id", "at"], unique=False)
    op.create_index(
        "uq_level_assessment_waiting",
        "level_assessment",
        ["incident_id"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NULL AND rejected_at IS NULL"),
    )
    op.create_table(
        "obligation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("pack_id", sa.Text(), nullable=False),
        sa.Column("pack_version", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("citation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("force", sa.Text(), nullable=False),
        sa.Column("rule_status", sa.Text(), nullable=False),
        sa.Column("interpretation", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("satisfied_by", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("has_waiver", sa.Boolean(), nullable=False),
        sa.Column("bearer_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("recipient_kind", sa.Text(), nullable=False),
        sa.Column("recipient_tier", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=True),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("part_id", sa.Uuid(), nullable=True),
        sa.Column("start_event", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arose_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("internal_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("born_late", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("completes_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('timed', 'prompt', 'standing')", name=op.f("ck_obligation_kind")),
        sa.CheckConstraint("status <> 'met' OR met_at IS NOT NULL", name=op.f("ck_obligation_met_has_moment")),
        sa.CheckConstraint(
            "status IN ('open', 'submitted', 'met', 'returned', 'superseded', 'waived')",
            name=op.f("ck_obligation_status"),
        ),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_obligation_generation")),
        sa.ForeignKeyConstraint(["bearer_id"], ["organization.id"], name=op.f("fk_obligation_bearer_id")),
        sa.ForeignKeyConstraint(
            ["completes_id"], ["submission.id"], name=op.f("fk_obligation_completes_id"), use_alter=True
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_obligation_incident_id")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_obligation_part_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["organization.id"], name=op.f("fk_obligation_recipient_id")),
        sa.ForeignKeyConstraint(["superseded_by"], ["obligation.id"], name=op.f("fk_obligation_superseded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligation")),
        sa.UniqueConstraint("key", name="uq_obligation_key"),
    )
    op.create_index("ix_obligation_bearer", "obligation", ["bearer_id", "status", "due_at"], unique=False)
    op.create_index("ix_obligation_incident", "obligation", ["incident_id", "status"], unique=False)
    op.create_index(
        "ix_obligation_open", "obligation", ["due_at"], unique=False, postgresql_where=sa.text("status = 'open'")
    )
    op.create_index("ix_obligation_recipient", "obligation", ["recipient_id", "status"], unique=False)
    op.create_index(
        "ix_obligation_subject", "obligation", ["subject"], unique=False, postgresql_ops={"subject": "text_pattern_ops"}
    )
    op.create_table(
        "one_time_link",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('set_password')", name=op.f("ck_one_time_link_purpose")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_one_time_link_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_one_time_link")),
    )
    op.create_index("ix_one_time_link_account", "one_time_link", ["account_id"], unique=False)
    op.create_table(
        "part_system",
        sa.Column("part_id", sa.Uuid(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_part_system_part_id")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_part_system_system_id")),
        sa.PrimaryKeyConstraint("part_id", "system_id", name=op.f("pk_part_system")),
    )
    op.create_index("ix_part_system_system_id", "part_system", ["system_id"], unique=False)
    op.create_table(
        "rule_pack",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pack_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["published_by"], ["person.id"], name=op.f("fk_rule_pack_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_pack")),
        sa.UniqueConstraint("pack_id", "version", name="uq_rule_pack_version"),
    )
    op.create_index("ix_rule_pack_newest", "rule_pack", ["pack_id", "published_at"], unique=False)
    op.create_table(
        "run_inbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_inbox_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_inbox")),
        sa.UniqueConstraint("run_id", "key", name="uq_run_inbox_key"),
        sa.UniqueConstraint("seq", name=op.f("uq_run_inbox_seq")),
    )
    op.create_index(
        "ix_run_inbox_waiting",
        "run_inbox",
        ["run_id", "seq"],
        unique=False,
        postgresql_where=sa.text("consumed_at IS NULL"),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("csrf_token", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index("ix_session_account", "session", ["account_id"], unique=False)
    op.create_index("ix_session_until", "session", ["until"], unique=False)
    op.create_table(
        "shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("roster_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('primary', 'backup')", name=op.f("ck_shift_role")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shift_order")),
        sa.CheckConstraint("person_id IS NOT NULL OR post_id IS NOT NULL", name=op.f("ck_shift_somebody")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_shift_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_shift_post_id")),
        sa.ForeignKeyConstraint(["roster_id"], ["roster.id"], name=op.f("fk_shift_roster_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
    )
    op.create_index("ix_shift_person_id_ends_at", "shift", ["person_id", "ends_at"], unique=False)
    op.create_index("ix_shift_roster_id_ends_at", "shift", ["roster_id", "ends_at"], unique=False)
    op.create_table(
        "status_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("part_id", sa.Uuid(), nullable=True),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("second_person", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('reported', 'open', 'contained', 'handled', 'closed', 'dismissed', 'withdrawn', 'merged')",
            name=op.f("ck_status_change_status"),
        ),
        sa.CheckConstraint(
            "second_person IS NULL OR second_person <> requested_by", name=op.f("ck_status_change_second_person")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_status_change_incident_id")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_status_change_part_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["account.id"], name=op.f("fk_status_change_requested_by")),
        sa.ForeignKeyConstraint(["second_person"], ["account.id"], name=op.f("fk_status_change_second_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_change")),
    )
    op.create_index("ix_status_change_incident_id_at", "status_change", ["incident_id", "at"], unique=False)
    op.create_index(
        "uq_status_change_waiting",
        "status_change",
        ["incident_id"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NULL AND rejected_at IS NULL"),
    )
    op.create_table(
        "system_party",
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('user', 'maintainer')", name=op.f("ck_system_party_role")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_system_party_organization_id")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_system_party_system_id")),
        sa.PrimaryKeyConstraint("system_id", "organization_id", "role", name=op.f("pk_system_party")),
    )
    op.create_index("ix_system_party_organization", "system_party", ["organization_id"], unique=False)
    op.create_table(
        "system_resource",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('host', 'address', 'domain')", name=op.f("ck_system_resource_kind")),
        sa.ForeignKeyConstraint(["system_id"], ["system.id"], name=op.f("fk_system_resource_system_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_resource")),
        sa.UniqueConstraint("system_id", "kind", "value", name="uq_system_resource_value"),
    )
    op.create_index("ix_system_resource_value", "system_resource", ["value"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checklist", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(status = 'done') = (done_at IS NOT NULL)", name=op.f("ck_task_done_at")),
        sa.CheckConstraint("kind IN ('task', 'decide')", name=op.f("ck_task_kind")),
        sa.CheckConstraint("status IN ('open', 'done', 'cancelled')", name=op.f("ck_task_status")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_task_incident_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_task_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_task_person_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_task_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("run_id", "step_id", "audience", name="uq_task_step_audience"),
    )
    op.create_index("ix_task_incident_id", "task", ["incident_id"], unique=False)
    op.create_index(
        "ix_task_open_organization",
        "task",
        ["organization_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "contact_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("counterpart_id", sa.Uuid(), nullable=True),
        sa.Column("counterpart_name", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("entered_afterwards", sa.Boolean(), nullable=False),
        sa.Column("serves", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_contact_record_direction")),
        sa.CheckConstraint(
            "means IN ('telephone', 'fax', 'visit', 'letter', 'mail', 'portal')", name=op.f("ck_contact_record_means")
        ),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_contact_record_attachment_id")),
        sa.ForeignKeyConstraint(["counterpart_id"], ["organization.id"], name=op.f("fk_contact_record_counterpart_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_contact_record_incident_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_contact_record_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_contact_record_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_record")),
    )
    op.create_index(
        "ix_contact_record_organization", "contact_record", ["organization_id", "recorded_at"], unique=False
    )
    op.create_index(
        "ix_contact_record_subject",
        "contact_record",
        ["subject"],
        unique=False,
        postgresql_ops={"subject": "text_pattern_ops"},
    )
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("link_hash", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('sent', 'refused', 'failed', 'unknown', 'not_configured')",
            name=op.f("ck_delivery_attempt_outcome"),
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
        sa.UniqueConstraint("delivery_id", "attempt", name="uq_delivery_attempt_delivery_attempt"),
        sa.UniqueConstraint("link_hash", name="uq_delivery_attempt_link_hash"),
    )
    op.create_table(
        "sms_reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('acknowledged', 'already', 'no_code', 'unknown_code', 'ambiguous', 'unknown_number')",
            name=op.f("ck_sms_reply_outcome"),
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_sms_reply_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_reply")),
        sa.UniqueConstraint("provider_id", name="uq_sms_reply_provider_id"),
    )
    op.create_index("ix_sms_reply_received_at", "sms_reply", ["received_at"], unique=False)
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("recipient_kind", sa.Text(), nullable=False),
        sa.Column("recipient_tier", sa.Text(), nullable=True),
        sa.Column("means", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("filled", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("newer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered_afterwards", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("step_id", sa.Text(), nullable=True),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "means IS NULL OR means IN ('mail', 'telephone', 'fax', 'paper', 'portal', 'irm')",
            name=op.f("ck_submission_means"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'sending', 'discarded') OR submitted_at IS NOT NULL",
            name=op.f("ck_submission_submitted_has_moment"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'sending', 'submitted', 'receipted', 'refused', 'returned', 'discarded')",
            name=op.f("ck_submission_status"),
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_submission_delivery_id")),
        sa.ForeignKeyConstraint(["follows_id"], ["submission.id"], name=op.f("fk_submission_follows_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_submission_incident_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_submission_organization_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["organization.id"], name=op.f("fk_submission_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("serial", name="uq_submission_serial"),
    )
    op.create_index("ix_submission_delivery", "submission", ["delivery_id"], unique=False)
    op.create_index("ix_submission_incident", "submission", ["incident_id", "status"], unique=False)
    op.create_index("ix_submission_organization", "submission", ["organization_id", "status"], unique=False)
    op.create_index("ix_submission_recipient", "submission", ["recipient_id", "status"], unique=False)
    op.create_index("ix_submission_report", "submission", ["report_id"], unique=False)
    op.create_index(
        "uq_submission_draft",
        "submission",
        ["subject", "organization_id", "form", "recipient_id", "recipient_kind"],
        unique=True,
        postgresql_where=sa.text("status IN ('draft', 'sending')"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("received_by", sa.Text(), nullable=True),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("entered_afterwards", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("attachment_id", sa.Uuid(), nullable=True),
        sa.Column("contact_record_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('received', 'refused', 'returned')", name=op.f("ck_receipt_outcome")),
        sa.CheckConstraint("standing IN ('confirmed', 'self_declared')", name=op.f("ck_receipt_standing")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_receipt_attachment_id")),
        sa.ForeignKeyConstraint(
            ["contact_record_id"], ["contact_record.id"], name=op.f("fk_receipt_contact_record_id")
        ),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_receipt_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index("ix_receipt_submission", "receipt", ["submission_id"], unique=False)
    op.create_table(
        "submission_obligation",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("obligation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligation.id"], name=op.f("fk_submission_obligation_obligation_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_obligation_submission_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", "obligation_id", name=op.f("pk_submission_obligation")),
    )
    op.create_index("ix_submission_obligation_obligation", "submission_obligation", ["obligation_id"], unique=False)
    op.create_table(
        "submission_file",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_submission_file_attachment_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_submission_file_submission_id")),
        sa.PrimaryKeyConstraint("submission_id", "attachment_id", name=op.f("pk_submission_file")),
    )
    op.create_table(
        "submission_party",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("contact_record_id", sa.Uuid(), nullable=True),
        sa.Column("agreed_recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_record_id"], ["contact_record.id"], name=op.f("fk_submission_party_contact_record_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_submission_party_organization_id")
        ),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_submission_party_submission_id")),
        sa.PrimaryKeyConstraint("submission_id", "organization_id", name=op.f("pk_submission_party")),
    )
    op.create_foreign_key(
        op.f("fk_obligation_completes_id"), "obligation", "submission", ["completes_id"], ["id"], use_alter=True
    )


def downgrade() -> None:
    op.drop_table("submission_party")
    op.drop_table("submission_file")
    op.drop_index("ix_submission_obligation_obligation", table_name="submission_obligation")
    op.drop_table("submission_obligation")
    op.drop_index("ix_receipt_submission", table_name="receipt")
    op.drop_table("receipt")
    op.drop_index(
        "uq_submission_draft",
        table_name="submission",
        postgresql_where=sa.text("status IN ('draft', 'sending')"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_index("ix_submission_report", table_name="submission")
    op.drop_index("ix_submission_recipient", table_name="submission")
    op.drop_index("ix_submission_organization", table_name="submission")
    op.drop_index("ix_submission_incident", table_name="submission")
    op.drop_index("ix_submission_delivery", table_name="submission")
    op.drop_table("submission")
    op.drop_index("ix_sms_reply_received_at", table_name="sms_reply")
    op.drop_table("sms_reply")
    op.drop_table("delivery_attempt")
    op.drop_index(
        "ix_contact_record_subject", table_name="contact_record", postgresql_ops={"subject": "text_pattern_ops"}
    )
    op.drop_index("ix_contact_record_organization", table_name="contact_record")
    op.drop_table("contact_record")
    op.drop_index("ix_task_open_organization", table_name="task", postgresql_where=sa.text("status = 'open'"))
    op.drop_index("ix_task_incident_id", table_name="task")
    op.drop_table("task")
    op.drop_index("ix_system_resource_value", table_name="system_resource")
    op.drop_table("system_resource")
    op.drop_index("ix_system_party_organization", table_name="system_party")
    op.drop_table("system_party")
    op.drop_index(
        "uq_status_change_waiting",
        table_name="status_change",
        postgresql_where=sa.text("confirmed_at IS NULL AND rejected_at IS NULL"),
    )
    op.drop_index("ix_status_change_incident_id_at", table_name="status_change")
    op.drop_table("status_change")
    op.drop_index("ix_shift_roster_id_ends_at", table_name="shift")
    op.drop_index("ix_shift_person_id_ends_at", table_name="shift")
    op.drop_table("shift")
    op.drop_index("ix_session_until", table_name="session")
    op.drop_index("ix_session_account", table_name="session")
    op.drop_table("session")
    op.drop_index("ix_run_inbox_waiting", table_name="run_inbox", postgresql_where=sa.text("consumed_at IS NULL"))
    op.drop_table("run_inbox")
    op.drop_index("ix_rule_pack_newest", table_name="rule_pack")
    op.drop_table("rule_pack")
    op.drop_index("ix_part_system_system_id", table_name="part_system")
    op.drop_table("part_system")
    op.drop_index("ix_one_time_link_account", table_name="one_time_link")
    op.drop_table("one_time_link")
    op.drop_index("ix_obligation_subject", table_name="obligation", postgresql_ops={"subject": "text_pattern_ops"})
    op.drop_index("ix_obligation_recipient", table_name="obligation")
    op.drop_index("ix_obligation_open", table_name="obligation", postgresql_where=sa.text("status = 'open'"))
    op.drop_index("ix_obligation_incident", table_name="obligation")
    op.drop_index("ix_obligation_bearer", table_name="obligation")
    op.drop_table("obligation")
    op.drop_index(
        "uq_level_assessment_waiting",
        table_name="level_assessment",
        postgresql_where=sa.text("confirmed_at IS NULL AND rejected_at IS NULL"),
    )
    op.drop_index("ix_level_assessment_incident_id_at", table_name="level_assessment")
    op.drop_table("level_assessment")
    op.drop_index("ix_grading_incident_id_at", table_name="grading")
    op.drop_table("grading")
    op.drop_index("ix_filing_system_id_known_at", table_name="filing")
    op.drop_index("ix_filing_organization_id", table_name="filing")
    op.drop_index("ix_filing_incident_id", table_name="filing")
    op.drop_table("filing")
    op.drop_table("draft")
    op.drop_index("ix_delivery_subject", table_name="delivery", postgresql_ops={"subject": "text_pattern_ops"})
    op.drop_index("ix_delivery_page_key", table_name="delivery")
    op.drop_index("ix_delivery_organization_id_created_at", table_name="delivery")
    op.drop_index(
        "ix_delivery_open_person",
        table_name="delivery",
        postgresql_where=sa.text("acknowledged_at IS NULL AND closed_at IS NULL AND purpose = 'page'"),
    )
    op.drop_index("ix_delivery_created_at_id", table_name="delivery")
    op.drop_index("ix_delivery_address_created_at", table_name="delivery")
    op.drop_table("delivery")
    op.drop_index("ix_contact_address_reverse", table_name="contact_address")
    op.drop_index("ix_contact_address_post", table_name="contact_address")
    op.drop_index("ix_contact_address_person", table_name="contact_address")
    op.drop_index("ix_contact_address_organization", table_name="contact_address")
    op.drop_table("contact_address")
    op.drop_index("ix_attachment_subject", table_name="attachment")
    op.drop_index("ix_attachment_blob_sha256", table_name="attachment")
    op.drop_table("attachment")
    op.drop_index("ix_api_token_account", table_name="api_token")
    op.drop_table("api_token")
    op.drop_index("ix_system_platform", table_name="system")
    op.drop_index("ix_system_owner", table_name="system")
    op.drop_index("ix_system_operator", table_name="system")
    op.drop_table("system")
    op.drop_index("ix_run_subject", table_name="run", postgresql_ops={"subject": "text_pattern_ops"})
    op.drop_index("ix_run_running_next_at", table_name="run", postgresql_where=sa.text("status = 'running'"))
    op.drop_table("run")
    op.drop_table("roster")
    op.drop_table("post")
    op.drop_index("ix_part_organization_id", table_name="part")
    op.drop_table("part")
    op.drop_index(
        "uq_membership_one_administrator",
        table_name="membership",
        postgresql_where=sa.text(
            "until IS NULL AND role IN ('audit_administrator', 'security_administrator', 'system_administrator')"
        ),
    )
    op.drop_index("uq_membership_live", table_name="membership", postgresql_where=sa.text("until IS NULL"))
    op.drop_index("ix_membership_organization", table_name="membership")
    op.drop_table("membership")
    op.drop_table("ledger_private")
    op.drop_table("ledger_pending")
    op.drop_index("ix_account_person", table_name="account")
    op.drop_table("account")
    op.drop_index("uq_playbook_active", table_name="playbook", postgresql_where=sa.text("active"))
    op.drop_table("playbook")
    op.drop_table("person")
    op.drop_index("ix_organization_parent", table_name="organization")
    op.drop_index("ix_organization_kind", table_name="organization")
    op.drop_table("organization")
    op.drop_index("ix_ledger_entry_subject", table_name="ledger_entry", postgresql_ops={"subject": "text_pattern_ops"})
    op.drop_index("ix_ledger_entry_action", table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_index("uq_job_key", table_name="job", postgresql_where=sa.text("outcome IS DISTINCT FROM 'cancelled'"))
    op.drop_index(
        "ix_job_key_live",
        table_name="job",
        postgresql_where=sa.text("done_at IS NULL"),
        postgresql_ops={"key": "text_pattern_ops"},
    )
    op.drop_index("ix_job_run_at", table_name="job", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_index("ix_job_due", table_name="job", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("job")
    op.drop_index("ix_incident_status_created_at", table_name="incident")
    op.drop_index("ix_incident_merged_into_id", table_name="incident")
    op.drop_table("incident")
    op.drop_index("ix_idempotency_created_at", table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_table("heartbeat")
    op.drop_table("channel")
    op.drop_table("blob")
