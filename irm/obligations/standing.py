"""Standing duties (定期): no day and no clock, a line of a checklist with what was done last (DESIGN §4).

What stands for whom follows from the rules in use and the register; only what was done is stored. A line is one rule that
one organization bears, for all the systems or changes that it stands for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.queries import person_names
from irm.db import Actor, Tx, uuid7
from irm.errors import Invalid, NotFound
from irm.evidence.service import attachment
from irm.i18n import N_
from irm.ledger import Event, record
from irm.obligations.bearing import About, Bearing
from irm.obligations.periodic import year_rules
from irm.obligations.standing_models import StandingRecordRow
from irm.rules.moments import day_of
from irm.rules.pack import DutyRule

LONGEST_WHAT: Final = 2_000
NO_LINE: Final = N_("This organization has no such standing duty.")


@dataclass(frozen=True)
class Record:
    id: UUID
    done_on: date
    what: str
    note: str | None
    about: tuple[str, ...]
    by: str
    """Name of the person; empty: at the command line, or not known any more."""
    recorded_at: datetime
    attachment_id: UUID | None
    citation: Mapping[str, Any]
    pack_version: str


@dataclass(frozen=True)
class Line:
    """`records`, the newest first."""

    rule: DutyRule
    version: str
    bearer: UUID
    abouts: tuple[About, ...]
    records: tuple[Record, ...] = ()

    @property
    def last(self) -> Record | None:
        return self.records[0] if self.records else None

    @property
    def without(self) -> tuple[About, ...]:
        """For which of them nothing was ever recorded."""
        done = {path for one in self.records for path in one.about}
        return tuple(each for each in self.abouts if each.path not in done)


@dataclass(frozen=True)
class Stood:
    """What a person says was done. `about` empty: for all that the line stands for."""

    done_on: date
    what: str
    note: str = ""
    about: tuple[str, ...] = ()
    attachment_id: UUID | None = None


async def lines(tx: Tx, bearing: Bearing, bearer: UUID, *, now: datetime, sees_cii: bool) -> tuple[Line, ...]:
    """In the order of the packs. `sees_cii` False: nothing from which one could tell that a system is critical."""
    rules = await year_rules(tx, now=now)
    abouts = await bearing.of(tx, bearer, rules)
    found = [
        (rule, pack.version)
        for pack in sorted(rules.packs, key=lambda pack: pack.id)
        for rule in pack.duties
        if rule.id in abouts and rule.effective.covers(now) and (sees_cii or not _tells_cii(rule))
    ]
    records = await _records(tx, bearer, [rule.id for rule, _ in found])
    return tuple(
        Line(rule, version, bearer, tuple(abouts[rule.id]), tuple(records.get(rule.id, ()))) for rule, version in found
    )


async def line(tx: Tx, bearing: Bearing, bearer: UUID, rule_id: str, *, now: datetime, sees_cii: bool) -> Line:
    """Raises NotFound where it does not stand for that organization."""
    found = next(
        (one for one in await lines(tx, bearing, bearer, now=now, sees_cii=sees_cii) if one.rule.id == rule_id), None
    )
    if found is None:
        raise NotFound(NO_LINE)
    return found


async def note_done(tx: Tx, of: Line, given: Stood, *, actor: Actor, now: datetime, person: UUID | None = None) -> UUID:
    """Keep what was done for a standing duty. Raises Invalid naming the field."""
    what = _text(given.what, "what", needed=True)
    note = _text(given.note, "note")
    if given.done_on > day_of(now):
        raise Invalid("This day lies in the future.", field="done_on")
    known = {each.path for each in of.abouts}
    about = given.about or tuple(sorted(known))
    if not set(about) <= known:
        raise Invalid("This duty does not stand for that.", field="about")
    if given.attachment_id is not None:
        await _belongs(tx, given.attachment_id, of.bearer)
    row = StandingRecordRow(
        id=uuid7(),
        rule_id=of.rule.id,
        pack_version=of.version,
        citation=of.rule.citation.as_json(),
        bearer_id=of.bearer,
        about=list(about),
        done_on=given.done_on,
        what=what,
        note=note or None,
        attachment_id=given.attachment_id,
        recorded_by=person,
        recorded_at=now,
    )
    tx.add(row)
    await tx.flush()
    body = {
        "record": str(row.id),
        "rule": of.rule.id,
        "version": of.version,
        "bearer": str(of.bearer),
        "about": list(about),
        "done_on": given.done_on.isoformat(),
        "attachment": str(given.attachment_id) if given.attachment_id else None,
    }
    private = {"what": what} | ({"note": note} if note else {})
    await record(tx, Event("standing.recorded", subject_of(of.bearer), now, actor, body, private))
    return row.id


def subject_of(bearer: UUID) -> str:
    return f"organization/{bearer}"


def _tells_cii(rule: DutyRule) -> bool:
    return rule.when is not None and any(name.endswith(".cii") for name in rule.when.names)


def _text(given: str, field: str, *, needed: bool = False) -> str:
    text = given.strip()
    if needed and not text:
        raise Invalid("Say what was done.", field=field)
    if len(text) > LONGEST_WHAT or "\x00" in text:
        raise Invalid("At most %(most)s characters.", field=field, most=LONGEST_WHAT)
    return text


async def _belongs(tx: Tx, attachment_id: UUID, bearer: UUID) -> None:
    try:
        found = await attachment(tx, attachment_id)
    except NotFound as error:
        raise Invalid("There is no such file.", field="attachment") from error
    if found.subject != subject_of(bearer):
        raise Invalid("This file belongs to something else.", field="attachment")


async def _records(tx: Tx, bearer: UUID, rules: Sequence[str]) -> dict[str, list[Record]]:
    r = StandingRecordRow
    rows = (
        await tx.scalars(
            select(r)
            .where(r.bearer_id == bearer, r.rule_id.in_(rules))
            .order_by(r.done_on.desc(), r.recorded_at.desc(), r.id.desc())
        )
    ).all()
    names = await person_names(tx, {row.recorded_by for row in rows if row.recorded_by})
    found: dict[str, list[Record]] = {}
    for row in rows:
        found.setdefault(row.rule_id, []).append(
            Record(
                row.id,
                row.done_on,
                row.what,
                row.note,
                tuple(row.about),
                names.get(row.recorded_by, "") if row.recorded_by else "",
                row.recorded_at,
                row.attachment_id,
                row.citation,
                row.pack_version,
            )
        )
    return found
