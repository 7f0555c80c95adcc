"""How grave something counts when its people are told: by what is still owed about it."""

from sqlalchemy import func, select

from irm.db import Tx
from irm.obligations.models import ObligationRow


async def level_of(tx: Tx, subject: str) -> int | None:
    """The level by which its clocks run, 1 the gravest; None where nothing is owed any more."""
    found: int | None = await tx.scalar(
        select(func.min(ObligationRow.severity)).where(
            ObligationRow.subject == subject, ObligationRow.status.in_(("open", "submitted"))
        )
    )
    return found
