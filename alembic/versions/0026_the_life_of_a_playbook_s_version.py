"""A version of a playbook can be declined, put back into use and retired by a person who says why; the options of a
decision keep the order in which the playbook writes them."""

import json

import sqlalchemy as sa
from alembic import op
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("playbook", sa.Column("used_since", sa.DateTime(timezone=True), nullable=True))
    for name, kind in (("verdict", sa.Text()), ("verdict_by", sa.Text()), ("verdict_reason", sa.Text())):
        op.add_column("playbook", sa.Column(name, kind, nullable=True))
    op.add_column("playbook", sa.Column("verdict_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_playbook_verdict"), "playbook", "verdict IN ('declined', 'withdrawn', 'reinstated', 'retired')"
    )
    # What a person published with a reason waited first. A version that was overtaken so was never used; any other was.
    op.execute(
        "UPDATE playbook SET used_since = coalesce(approved_at, published_at)"
        " WHERE active OR approved_at IS NOT NULL OR published_by NOT LIKE 'person/%'"
        " OR (reason IS NULL AND waiting_since IS NULL)"
    )
    # `json` keeps the order of an object's names and `jsonb` does not; both take what the version before writes.
    op.alter_column(
        "task", "options", type_=sa.JSON(), existing_type=postgresql.JSONB(), postgresql_using="options::json"
    )
    _put_options_in_order()


def downgrade() -> None:
    op.alter_column(
        "task", "options", type_=postgresql.JSONB(), existing_type=sa.JSON(), postgresql_using="options::jsonb"
    )
    op.drop_constraint(op.f("ck_playbook_verdict"), "playbook", type_="check")
    for name in ("verdict_at", "verdict_reason", "verdict_by", "verdict", "used_since"):
        op.drop_column("playbook", name)


def _put_options_in_order() -> None:
    """The order comes from the text of the version that ran."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT task.id, task.step_id, task.options, playbook.source FROM task JOIN run ON run.id = task.run_id"
            " JOIN playbook ON playbook.id = run.playbook_row_id WHERE task.kind = 'decide'"
        )
    ).all()
    for row in rows:
        known = [one for one in _written(row.source, row.step_id) if one in row.options]
        ordered = {one: row.options[one] for one in (*known, *sorted(set(row.options) - set(known)))}
        connection.execute(
            sa.text("UPDATE task SET options = cast(:options AS json) WHERE id = :id"),
            {"options": json.dumps(ordered, ensure_ascii=False), "id": row.id},
        )


def _written(source: str, step_id: str) -> list[str]:
    try:
        steps = YAML(typ="safe", pure=True).load(source)["steps"]
        return [str(one["id"]) for step in steps if step.get("id") == step_id for one in step["decide"]["options"]]
    except (YAMLError, KeyError, TypeError, AttributeError):  # a version that no irm reads any more keeps its options
        return []
