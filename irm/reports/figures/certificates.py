"""Until when each system's certificate (备案证明) is valid: as it is typed in, else counted from filing and tests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import N_
from irm.reports.span import Span
from irm.reports.tally import Column, Grid, Pool, Tally, Texts, both
from irm.systems.assessment_queries import completed_tests
from irm.systems.certificates import Certificate, State, certificate
from irm.systems.listing import terms_of_certificates
from irm.systems.models import SystemRow

AT_ONCE: Final = 10_000
"""Systems asked for in one statement; PostgreSQL takes 32,767 arguments."""
STATE_NAMES: Final[Mapping[State, str]] = {
    State.VALID: N_("Certificate valid"),
    State.RENEW: N_("To be renewed now"),
    State.EXPIRED: N_("Certificate expired"),
    State.NONE: N_("Not registered"),
}
"""Each system is in one of these states; what nobody registered is said, not left out."""


async def certificates_of(tx: Tx, span: Span, *, at: datetime) -> Mapping[UUID, Certificate]:
    """Of the systems that were not retired at `at`, by id: as filing and tests stood then."""
    s = SystemRow
    day = at.astimezone(SHANGHAI).date()
    statement = select(s.id, s.filed_on, s.certificate_until).where(s.retired_at.is_(None) | (s.retired_at > at))
    if span.organization_id is not None:
        statement = statement.where(s.owner_id == span.organization_id)
    rows = (await tx.execute(statement.order_by(s.code))).all()
    terms = await terms_of_certificates(tx, now=span.as_of)
    found: dict[UUID, Certificate] = {}
    for begin in range(0, len(rows), AT_ONCE):
        piece = rows[begin : begin + AT_ONCE]
        tested = await completed_tests(tx, [row.id for row in piece])
        for row in piece:
            later = row.filed_on is not None and row.filed_on > day
            found[row.id] = certificate(
                terms,
                filed_on=None if later else row.filed_on,
                stated_until=None if later else row.certificate_until,
                tested_on=[one for one in tested.get(row.id, ()) if one <= day],
                today=day,
            )
    return found


class Proofs:
    """Counts certificates by state, and by what their last day rests on."""

    def __init__(self, pool: Pool) -> None:
        self._tally = Tally(pool)

    def add(self, proof: Certificate, record: int) -> None:
        self._tally.add(proof.state.value, "systems", record)
        if proof.until is not None:
            self._tally.add(proof.state.value, "stated" if proof.is_stated else "counted", record)

    def sum(self, state: State) -> int:
        return self._tally.of(state.value, "systems")

    def grid(self) -> Grid:
        columns = (
            Column("systems", both(N_("Systems"))),
            Column("stated", both(N_("Last day registered"))),
            Column("counted", both(N_("Last day counted"))),
        )
        return Grid(
            "certificates",
            both(N_("Filing certificates and renewals")),
            both(N_("Certificate")),
            columns,
            self._tally.lines(states(), columns, empty=True),
            total=True,
            note=both(
                N_(
                    "Where nobody registered the last day of a certificate, it is counted from the day of filing and the"
                    " tests completed since. “Not registered”: neither a certificate nor a day of filing is in the"
                    " register. What is to be renewed now or has expired is a renewal owed."
                )
            ),
        )


def states() -> list[tuple[str, Texts]]:
    return [(state.value, both(name)) for state, name in STATE_NAMES.items()]
