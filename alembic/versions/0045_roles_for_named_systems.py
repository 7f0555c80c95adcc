"""A role may be held for named systems only; and which systems a matter concerns, said in one place (docs/adr/0019)."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

# Every branch can be asked for one matter and for one system by an index.
CONCERN: Final = """
CREATE VIEW concern AS
    SELECT id, 'system/' || id AS subject, id AS system_id FROM system
UNION ALL
    SELECT part.incident_id, 'incident/' || part.incident_id, part_system.system_id
    FROM part JOIN part_system ON part_system.part_id = part.id
UNION ALL
    SELECT merge.absorbed_id, 'incident/' || merge.absorbed_id, part_system.system_id
    FROM merge CROSS JOIN LATERAL incident_now(merge.absorbed_id) AS main(id)
        JOIN part ON part.incident_id = main.id JOIN part_system ON part_system.part_id = part.id
    WHERE merge.undone_at IS NULL
UNION ALL
    SELECT finding_id, 'finding/' || finding_id, system_id FROM finding_system
UNION ALL
    SELECT id, 'assessment/' || id, system_id FROM assessment
UNION ALL
    SELECT id, 'change/' || id, system_id FROM planned_change
UNION ALL
    SELECT id, 'drill/' || id, system_id FROM drill WHERE system_id IS NOT NULL
UNION ALL
    SELECT id, 'alert/' || id, system_id FROM alert WHERE system_id IS NOT NULL
"""


def upgrade() -> None:
    op.add_column("membership", sa.Column("system_ids", postgresql.ARRAY(sa.Uuid()), nullable=True))
    # Never an empty list: it would be a role that leads to nothing, or, read carelessly, to everything.
    op.create_check_constraint(op.f("ck_membership_names_systems"), "membership", "cardinality(system_ids) > 0")
    op.execute(CONCERN)


def downgrade() -> None:
    op.execute("DROP VIEW concern")
    op.drop_constraint(op.f("ck_membership_names_systems"), "membership", type_="check")
    op.drop_column("membership", "system_ids")
