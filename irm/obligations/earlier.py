"""What each earlier recipient was told last, and to whom a correction is owed. Pure (DESIGN §3)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from irm.rules.levels import at_least

ON_ITS_WAY: Final = datetime.max.replace(tzinfo=UTC)
"""What is being sent at this moment was told last of all."""

Recipient = tuple[UUID | None, str, str | None]
"""Id, kind and tier, as a submission names it."""


@dataclass(frozen=True)
class Told:
    """One report that somebody has received. `organizations`: for whom it spoke, its sender among them. `level`: by which
    clocks ran when it was handed over; None: not on record, so no other than was told before."""

    serial: str
    form: str
    organizations: frozenset[UUID]
    recipient: Recipient
    at: datetime | None
    level: int | None

    @property
    def order(self) -> tuple[datetime, str]:
        return self.at or ON_ITS_WAY, self.serial


def last_told(reports: Iterable[Told]) -> Mapping[tuple[UUID, Recipient], Told]:
    """By organization and recipient, the last report that spoke for that organization."""
    found: dict[tuple[UUID, Recipient], Told] = {}
    for report in sorted(reports, key=lambda one: one.order):
        for organization in report.organizations:
            known = found.get((organization, report.recipient))
            told = report if report.level is not None or known is None else replace(report, level=known.level)
            found[organization, report.recipient] = told
    return found


def to_correct(
    reports: Iterable[Told],
    *,
    insiders: Collection[UUID],
    lowered: tuple[int, int] | None = None,
    only: str | None = None,
) -> Mapping[tuple[UUID, Recipient], Told]:
    """Who owes whom a correction, and of which report.

    `insiders`: have a part in the incident and read in irm how it stands. `lowered`: the level that held until now and
    the one that holds from now; who was told no graver one than that is owed nothing. `only`: where the last word was a
    report of this form.
    """
    return {
        (organization, recipient): told
        for (organization, recipient), told in last_told(reports).items()
        if recipient[0] not in insiders
        and recipient[0] != organization
        and (only is None or told.form == only)
        and (lowered is None or not at_least(lowered[1], lowered[0] if told.level is None else told.level))
    }
