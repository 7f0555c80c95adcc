"""The quality report of an organization's rosters: what is wrong with the next 90 days, as they stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.access.leaving import left_at
from irm.db import Tx
from irm.i18n import N_, Translator
from irm.notify import contacts
from irm.notify.duty import shifts_between
from irm.notify.models import ChannelRow
from irm.notify.rosters.policy import roster_policy
from irm.notify.rosters.quality import Finding, Known, Several, as_lines, findings
from irm.notify.rosters.rotation import Seat
from irm.notify.rosters.working_out import Turn

KIND_NAMES: Final[dict[str, str]] = {
    "uncovered": N_("Nobody at the desk"),
    "left": N_("Has left, or leaves before that"),
    "unreachable": N_("No channel that works"),
    "double": N_("At two seats at once"),
    "leader_on_duty": N_("Leads the duty and sits at the desk"),
    "hours": N_("More hours a week than the city allows"),
    "nights": N_("More nights in a row than the city allows"),
}
SILENT: Final = frozenset({"in_app", "telephone"})
"""What does not ring by itself: irm cannot call a number that only people dial."""


def figure_words(line: Several, t: Translator) -> str:
    """“13 weeks: 80 to 88 hours each”, for whoever serves too much."""
    least, most, count = min(line.figures), max(line.figures), len(line.figures)
    figure = str(most) if least == most else t("%(least)s to %(most)s", least=least, most=most)
    if line.kind == "hours":
        return t.plural("%(n)s week: %(figure)s hours", "%(n)s weeks: %(figure)s hours each", count, figure=figure)
    return t.plural("once: %(figure)s nights", "%(n)s times: %(figure)s nights", count, figure=figure)


@dataclass(frozen=True)
class Report:
    since: datetime
    until: datetime
    findings: tuple[Finding, ...]
    names: dict[UUID, str]
    """Of people and posts."""

    @property
    def lines(self) -> tuple[Several, ...]:
        return as_lines(self.findings)

    def name(self, who: UUID | None) -> str:
        return self.names.get(who, "") if who else ""


async def quality_of(tx: Tx, organization_id: UUID, now: datetime) -> Report:
    """By the shifts that would be paged; an organization without any is one gap from now to the end."""
    limits = roster_policy().limits
    until = now + limits.ahead
    shifts = (await shifts_between(tx, [organization_id], now, until)).get(organization_id, ())
    turns = [
        Turn(each.layer, Seat(each.person_id, each.post_id), each.starts_at, each.ends_at)  # type: ignore[arg-type]  # a checked word
        for each in shifts
    ]
    people = {each.person_id for each in shifts if each.person_id}
    posts = {each.post_id for each in shifts if each.post_id}
    known = Known(frozenset(await _reachable(tx, people, posts)), await left_at(tx, organization_id, people))
    names = {
        **await access.person_names(tx, people),
        **{each.id: each.name for each in await access.posts(tx, ids=posts)},
    }
    return Report(now, until, findings(turns, now, until, known=known, limits=limits), names)


async def _reachable(tx: Tx, people: set[UUID], posts: set[UUID]) -> set[UUID]:
    off = set(await tx.scalars(select(ChannelRow.name).where(ChannelRow.configured.is_(False))))
    held = {**await contacts.people(tx, people), **await contacts.posts(tx, posts)}
    return {
        who
        for who, contact in held.items()
        if any(each.channel not in SILENT and each.channel not in off for each in contact.addresses)
    }
