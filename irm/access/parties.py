"""Whether `party`, which the database's policies ask (ADR 18), says what the rows themselves say."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from irm.diagnosis import Finding
from irm.i18n import N_

WALL: Final = N_("Wall in the database")


async def look_at_parties(connection: AsyncConnection) -> Finding:
    """For `irm doctor`: broken where somebody would not find what is theirs, or find what is not. Triggers keep the table; a
    restore that left rows out, or somebody who switched a trigger off, does not."""
    row = (
        await connection.execute(
            text(
                "WITH kept AS (SELECT subject, organization_id, role FROM party), due AS (TABLE party_due) "
                "SELECT (SELECT count(*) FROM kept) AS every, "
                "(SELECT count(*) FROM (TABLE due EXCEPT TABLE kept) AS gone) AS missing, "
                "(SELECT count(*) FROM (TABLE kept EXCEPT TABLE due) AS more) AS spare"
            )
        )
    ).one()
    if row.missing or row.spare:
        words = N_(
            "Of who may see an incident or report, %(missing)s entries are missing and %(spare)s are too many. Make the table anew as docs/operations.md says."
        )
        return Finding(WALL, "broken", words, {"missing": row.missing, "spare": row.spare})
    return Finding(WALL, "good", N_("%(count)s entries say who may see what, as the rows do."), {"count": row.every})
