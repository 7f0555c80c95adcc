"""The register as a list: what it can be narrowed to, page by page, and the sums above it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Integer, Text, case, cast, func, literal, null, select, tuple_

from irm.access import narrowing
from irm.access.names import sought
from irm.access.policy import Permission, Principal, reach
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import FieldError, Invalid
from irm.i18n import N_
from irm.rules.pack import figures_in
from irm.rules.queries import current_packs
from irm.systems.assessment_queries import completed, completed_tests
from irm.systems.certificates import Certificate, State, Terms, certificate
from irm.systems.models import AssessmentRow, SystemRow
from irm.systems.queries import System, of_parties, read_systems, within
from irm.systems.vocabulary import KINDS, LEVELS, LIFE_CYCLES

PER_PAGE: Final = 50
NO_LEVEL: Final = "none"
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": KINDS,
    "level": (*map(str, LEVELS), NO_LEVEL),
    "life_cycle": LIFE_CYCLES,
    "certificate": tuple(State),
}
UNKNOWN_CHOICE: Final = N_("Choose one from the list.")
NO_PAGE: Final = N_("This page of the list does not exist.")


@dataclass(frozen=True)
class Filters:
    """Empty: everything that is not out of use."""

    text: str = ""
    kind: str | None = None
    level: str | None = None
    life_cycle: str | None = None
    certificate: str | None = None
    organization: UUID | None = None


@dataclass(frozen=True)
class Listed:
    system: System
    certificate: Certificate


@dataclass(frozen=True)
class Sums:
    """Over everything that the reader sees and that is not out of use; `by["level"]["3"]`."""

    total: int = 0
    by: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, name: str, value: str) -> int:
        return self.by.get(name, {}).get(value, 0)


def read_filters(query: Mapping[str, str | None]) -> tuple[Filters, list[FieldError]]:
    """The filters that can be, and what is wrong with the others."""
    faults = [
        FieldError(name, UNKNOWN_CHOICE)
        for name, allowed in CHOICES.items()
        if query.get(name) and query[name] not in allowed
    ]
    wrong = {one.field for one in faults}
    chosen = {name: query.get(name) or None for name in CHOICES if name not in wrong}
    organization: UUID | None = None
    if query.get("organization"):
        try:
            organization = UUID(query["organization"] or "")
        except ValueError:
            faults.append(FieldError("organization", UNKNOWN_CHOICE))
    return Filters(text=query.get("text") or "", organization=organization, **chosen), faults


def local_day(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()


async def terms_of_certificates(tx: Tx, *, now: datetime) -> Terms | None:
    """By the packs that the city goes by now."""
    return Terms.of(figures_in(await current_packs(tx, now=now)))


async def certificates(tx: Tx, found: list[System], terms: Terms | None, *, now: datetime) -> dict[UUID, Certificate]:
    """By system, in one statement."""
    tested = await completed_tests(tx, [one.id for one in found])
    return {
        one.id: certificate(
            terms,
            filed_on=one.filed_on,
            stated_until=one.certificate_until,
            tested_on=tested.get(one.id, ()),
            today=local_day(now),
        )
        for one in found
    }


async def listed(
    tx: Tx,
    principal: Principal,
    filters: Filters,
    *,
    now: datetime,
    after: str | None = None,
    limit: int | None = PER_PAGE,
    own: bool = False,
) -> tuple[list[Listed], str | None]:
    """In the order of names' pinyin: (systems, the code to go on after, or None). Raises Invalid for an unknown code.

    `own`: only those in which the reader's organizations have a part, without platforms that merely carry theirs.
    """
    terms = await terms_of_certificates(tx, now=now)
    which = [_reached(principal, own=own), *_chosen(filters, terms, local_day(now))]
    if after is not None:
        edge = await tx.scalar(
            select(SystemRow).where(SystemRow.code == after.replace("\0", ""), _reached(principal, own=own))
        )
        if edge is None:
            raise Invalid(NO_PAGE, field="cursor")
        which.append(tuple_(SystemRow.sort_key, SystemRow.id) > tuple_(literal(edge.sort_key), literal(edge.id)))
    found = await read_systems(
        tx, which, with_retired=filters.life_cycle == "retired", most=limit + 1 if limit is not None else None
    )
    following = found[limit - 1].code if limit is not None and len(found) > limit else None
    found = found[:limit]
    known = await certificates(tx, found, terms, now=now)
    return [Listed(one, known[one.id]) for one in found], following


async def sums(tx: Tx, principal: Principal, *, now: datetime) -> Sums:
    """One statement, however many there are."""
    terms = await terms_of_certificates(tx, now=now)
    each = (
        select(
            SystemRow.kind,
            func.coalesce(cast(SystemRow.level, Text), NO_LEVEL).label("level"),
            SystemRow.life_cycle,
            _until(terms).label("until"),
        )
        .where(_reached(principal), SystemRow.retired_at.is_(None))
        .offset(0)  # a fence: without it PostgreSQL counts the tests of a system again wherever the day is named
        .subquery()
    )
    state = _state(each.c.until, terms, local_day(now))
    counted = select(each.c.kind, each.c.level, each.c.life_cycle, state.label("certificate")).subquery()
    rows = await tx.execute(select(*counted.c, func.count().label("n")).group_by(*counted.c))
    by: dict[str, Counter[str]] = {name: Counter() for name in CHOICES}
    total = 0
    for row in rows:
        total += row.n
        for name in CHOICES:
            by[name][getattr(row, name)] += row.n
    return Sums(total, by)


def _reached(principal: Principal, *, own: bool = False) -> ColumnElement[bool]:
    far = reach(principal, Permission.READ_SYSTEMS)
    return (
        narrowing.within(far, lambda each: of_parties(each.organizations), SystemRow.id)
        if own and not far.everything
        else within(far)
    )


def _chosen(filters: Filters, terms: Terms | None, today: date) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = []
    if filters.text.strip():
        which.append(SystemRow.search_key.contains(sought(filters.text), autoescape=True))
    if filters.kind is not None:
        which.append(SystemRow.kind == filters.kind)
    if filters.level is not None:
        which.append(SystemRow.level.is_(None) if filters.level == NO_LEVEL else SystemRow.level == int(filters.level))
    if filters.life_cycle is not None:
        which.append(SystemRow.life_cycle == filters.life_cycle)
    if filters.certificate is not None:
        each = select(SystemRow.id, _until(terms).label("until")).offset(0).subquery()  # a fence, as in `sums`
        of_state = select(each.c.id).where(_state(each.c.until, terms, today) == filters.certificate)
        which.append(SystemRow.id.in_(of_state))
    if filters.organization is not None:
        which.append(of_parties([filters.organization]))
    return which


def _until(terms: Terms | None) -> ColumnElement[date | None]:
    """The certificate's last day as `certificates.certificate` counts it, for the database to choose and count by."""
    stated: ColumnElement[date | None] = cast(SystemRow.certificate_until, Date)
    if terms is None:
        return stated
    since = case((SystemRow.filed_on.is_(None), null()), else_=func.greatest(SystemRow.filed_on, terms.earliest))
    tests = (
        select(func.count())
        .select_from(AssessmentRow)
        .where(AssessmentRow.system_id == SystemRow.id, AssessmentRow.cover_on >= since, *completed())
        .correlate(SystemRow)
        .scalar_subquery()
    )
    counted = since + func.make_interval(0, terms.validity + cast(tests, Integer) * terms.per_test)
    return func.coalesce(stated, cast(counted, Date))


def _state(until: ColumnElement[date | None], terms: Terms | None, today: date) -> ColumnElement[str]:
    states = [(until.is_(None), State.NONE.value), (until < today, State.EXPIRED.value)]
    if terms is not None:
        opens = cast(until - func.make_interval(0, terms.window), Date)
        states.append((opens <= today, State.RENEW.value))
    return case(*states, else_=State.VALID.value)
