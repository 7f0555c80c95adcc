"""The posts of an organization (岗位): entered, changed, abolished; who holds which, since when and until when.

What is amiss with them (`staffing.py`) is shown and hinders nothing here: what a small unit really has must be enterable.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from irm.access.gone import gone
from irm.access.models import PersonRow
from irm.access.people_there import people_of
from irm.access.service import register_person
from irm.access.staff_post_models import PostHoldingRow, StaffPostRow
from irm.access.staffing import Staffed, staffing
from irm.actor import Actor
from irm.clock import SHANGHAI
from irm.db import SYSTEM, Tx
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

JOB: Final = "access.end_posts_of_leavers"
LONGEST: Final = 200
LONGEST_DUTIES: Final = 4000
NO_POST: Final = N_("There is no such post, or it has been abolished.")
NO_HOLDER: Final = N_("This person does not hold the post, or no longer.")
NO_KIND: Final = N_("Choose one of the kinds of posts.")
NEEDED: Final = N_("This is needed.")
ODD_TEXT: Final = N_("At most 200 characters that can be shown, please.")
ODD_DUTIES: Final = N_("At most 4,000 characters that can be shown, please.")
NAME_TAKEN: Final = N_("The organization has a post of this name.")
NOBODY: Final = N_("Choose somebody of the organization, or write the name of somebody new.")
NOT_THERE: Final = N_("This person is not known at this organization.")
HOLDS_IT: Final = N_("This person holds the post already.")
AHEAD: Final = N_("This day has not come yet.")
BACKWARDS: Final = N_("The last day lies before the first.")
Why = Literal["ended", "left", "abolished", "list"]


@dataclass(frozen=True)
class Stated:
    """A post as somebody states it."""

    name: str
    kind: str
    is_key: bool = False
    duties: str = ""


@dataclass(frozen=True)
class Holding:
    """`until`: the last day; None: held today."""

    id: UUID
    person_id: UUID
    name: str
    since: date
    until: date | None


@dataclass(frozen=True)
class StaffPost:
    """`holdings`: who holds it, by since when, then by pinyin; with those who held it before where history was asked for."""

    id: UUID
    organization_id: UUID
    stated: Stated
    abolished_at: datetime | None
    holdings: tuple[Holding, ...]

    @property
    def now(self) -> tuple[Holding, ...]:
        return tuple(one for one in self.holdings if one.until is None)

    @property
    def before(self) -> tuple[Holding, ...]:
        """The latest first."""
        return tuple(reversed([one for one in self.holdings if one.until is not None]))

    @property
    def staffed(self) -> Staffed:
        return Staffed(
            self.id, self.stated.name, self.stated.kind, tuple((one.person_id, one.name) for one in self.now)
        )


async def posts_of(tx: Tx, organization_ids: Collection[UUID], *, now: datetime) -> dict[UUID, list[StaffPost]]:
    """What is not abolished, with who holds it, by organization, in the order of kinds and names.

    Whoever has none is not in it. Who has left holds nothing, also before the night in which it is written down.
    """
    which = select(StaffPostRow).where(
        StaffPostRow.abolished_at.is_(None), StaffPostRow.organization_id.in_(organization_ids)
    )
    order = [one.key for one in staffing().kinds]
    rows = sorted(
        await tx.scalars(which),
        key=lambda row: (order.index(row.kind) if row.kind in order else len(order), row.name),
    )
    held = await _holdings(tx, rows, with_history=False, now=now)
    found: dict[UUID, list[StaffPost]] = {}
    for row in rows:
        found.setdefault(row.organization_id, []).append(_post(row, held))
    return found


async def post(tx: Tx, post_id: UUID, *, now: datetime) -> StaffPost:
    """With its whole history; an abolished one too. Raises NotFound."""
    row = await tx.get(StaffPostRow, post_id)
    if row is None:
        raise NotFound(NO_POST)
    return _post(row, await _holdings(tx, [row], with_history=True, now=now))


async def enter(tx: Tx, organization_id: UUID, stated: Stated, *, actor: Actor, now: datetime) -> UUID:
    """Raises Invalid naming every field at fault, Conflict for a name that another post has."""
    given = _judged(stated)
    row = StaffPostRow(organization_id=organization_id, entered_at=now, abolished_at=None, **_values(given))
    await _kept(tx, row)
    body = {"kind": row.kind, "is_key": row.is_key}
    await record(tx, Event("staff_post.entered", _path(row), now, actor, body, _private(given)))
    return row.id


async def change(tx: Tx, post_id: UUID, stated: Stated, *, actor: Actor, now: datetime) -> None:
    """All of it; what was before stays in the ledger. Raises as `enter`, and NotFound."""
    given = _judged(stated)
    row = await _locked(tx, post_id)
    before = {name: getattr(row, name) for name in _values(given)}
    changed = [name for name, value in _values(given).items() if before[name] != value]
    if not changed:
        return
    for name, value in _values(given).items():
        setattr(row, name, value)
    await _kept(tx, row)
    body = {"kind": row.kind, "is_key": row.is_key, "fields": changed}
    await record(tx, Event("staff_post.changed", _path(row), now, actor, body, _private(given)))


async def abolish(tx: Tx, post_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Whoever holds it holds it no more; its history stays. Raises NotFound."""
    row = await _locked(tx, post_id)
    for holding in await _live(tx, [row.id]):
        await _end(tx, row, holding, until=_today(now), why="abolished", actor=actor, now=now)
    row.abolished_at = now
    await tx.flush()
    await record(tx, Event("staff_post.abolished", _path(row), now, actor, {"kind": row.kind}))


async def hold(
    tx: Tx,
    post_id: UUID,
    *,
    person_id: UUID | None = None,
    name: str = "",
    since: date | None = None,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Somebody of the organization, or somebody new by name, takes the post. `since`: today. Returns the person.

    Raises NotFound for the post, Invalid naming the field at fault.
    """
    row = await _locked(tx, post_id)
    since = since or _today(now)
    if since > _today(now):
        raise Invalid(AHEAD, field="since")
    if (person_id is None) == (not name.strip()):
        raise Invalid(NOBODY, field="person")
    if person_id is None:
        person_id = await register_person(tx, name=name, actor=actor, now=now)
    elif person_id not in {one.id for one in await people_of(tx, row.organization_id)}:
        raise Invalid(NOT_THERE, field="person")
    await _written_down(tx, [row], actor=SYSTEM, now=now)
    if any(one.person_id == person_id for one in await _live(tx, [row.id])):
        raise Invalid(HOLDS_IT, field="person")
    held = PostHoldingRow(post_id=row.id, person_id=person_id, since=since, until=None, entered_at=now, ended_at=None)
    tx.add(held)
    await tx.flush()
    body = {"kind": row.kind, "person": str(person_id), "since": since.isoformat()}
    await record(tx, Event("staff_post.taken", _path(row), now, actor, body))
    return person_id


async def end(
    tx: Tx,
    post_id: UUID,
    holding_id: UUID,
    *,
    until: date | None = None,
    why: Why = "ended",
    actor: Actor,
    now: datetime,
) -> None:
    """`until`: the last day, today unless stated. Raises NotFound, Invalid naming the field."""
    row = await _locked(tx, post_id)
    held = next((one for one in await _live(tx, [row.id]) if one.id == holding_id), None)
    if held is None:
        raise NotFound(NO_HOLDER)
    until = until or _today(now)
    if until > _today(now):
        raise Invalid(AHEAD, field="until")
    if until < held.since:
        raise Invalid(BACKWARDS, field="until")
    await _end(tx, row, held, until=until, why=why, actor=actor, now=now)


async def end_of_leavers(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - looks at what stands now
    """Whoever has left holds nothing any more, from their last day on; twice comes to the same. Job `JOB`.

    In the night and not with the last role that is taken back: a role that is changed is taken back and given anew.
    """
    which = select(StaffPostRow).where(StaffPostRow.abolished_at.is_(None)).order_by(StaffPostRow.id)
    await _written_down(tx, list(await tx.scalars(which)), actor=SYSTEM, now=now)


async def _written_down(tx: Tx, rows: Sequence[StaffPostRow], *, actor: Actor, now: datetime) -> None:
    by_id = {row.id: row for row in rows}
    live = await _live(tx, by_id)
    left = await gone(tx, live, {row.id: row.organization_id for row in rows}, now=now)
    for held in live:
        if held.id in left:
            await _end(tx, by_id[held.post_id], held, until=left[held.id], why="left", actor=actor, now=now)


async def _end(
    tx: Tx, row: StaffPostRow, held: PostHoldingRow, *, until: date, why: Why, actor: Actor, now: datetime
) -> None:
    """`held` is a live row of `row`. A last day before the first becomes the first: nobody held it for less than none."""
    held.until, held.ended_at = max(until, held.since), now
    await tx.flush()
    body = {"kind": row.kind, "person": str(held.person_id), "until": held.until.isoformat(), "why": why}
    await record(tx, Event("staff_post.given_up", _path(row), now, actor, body))


def faults_in(stated: Stated) -> list[FieldError]:
    faults = [] if stated.kind in {one.key for one in staffing().kinds} else [FieldError("kind", NO_KIND)]
    if not stated.name.strip():
        faults.append(FieldError("name", NEEDED))
    elif len(stated.name) > LONGEST or not stated.name.isprintable():
        faults.append(FieldError("name", ODD_TEXT))
    if len(stated.duties) > LONGEST_DUTIES or not all(line.isprintable() for line in _lines(stated.duties)):
        faults.append(FieldError("duties", ODD_DUTIES))
    return faults


def plain(stated: Stated) -> Stated:
    """As it is kept."""
    return Stated(stated.name.strip(), stated.kind, stated.is_key, "\n".join(_lines(stated.duties.strip())))


def _lines(text: str) -> list[str]:
    return [line.replace("\t", " ").rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def _judged(stated: Stated) -> Stated:
    given = plain(stated)
    faults = faults_in(given)
    if faults:
        raise Invalid.of(faults)
    return given


def _values(given: Stated) -> dict[str, Any]:
    return {"name": given.name, "kind": given.kind, "is_key": given.is_key, "duties": given.duties}


def _private(given: Stated) -> dict[str, str]:
    return {"name": given.name, **({"duties": given.duties} if given.duties else {})}


async def _kept(tx: Tx, row: StaffPostRow) -> None:
    try:
        async with tx.begin_nested():
            tx.add(row)
    except IntegrityError as error:
        if getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) == "uq_staff_post_name":
            raise Conflict(NAME_TAKEN, field="name") from error
        raise


async def _locked(tx: Tx, post_id: UUID) -> StaffPostRow:
    row = await tx.get(StaffPostRow, post_id, with_for_update=True)
    if row is None or row.abolished_at is not None:
        raise NotFound(NO_POST)
    return row


async def _live(tx: Tx, post_ids: Collection[UUID]) -> list[PostHoldingRow]:
    which = select(PostHoldingRow).where(PostHoldingRow.post_id.in_(post_ids), PostHoldingRow.ended_at.is_(None))
    return list(await tx.scalars(which.order_by(PostHoldingRow.since, PostHoldingRow.id)))


async def _holdings(
    tx: Tx, posts: Sequence[StaffPostRow], *, with_history: bool, now: datetime
) -> dict[UUID, list[Holding]]:
    whose = {row.id: row.organization_id for row in posts}
    which = (
        select(PostHoldingRow, PersonRow.name)
        .join(PersonRow, PersonRow.id == PostHoldingRow.person_id)
        .where(PostHoldingRow.post_id.in_(whose))
        .order_by(PostHoldingRow.since, PersonRow.sort_key, PostHoldingRow.id)
    )
    rows = (await tx.execute(which if with_history else which.where(PostHoldingRow.ended_at.is_(None)))).all()
    left = await gone(tx, [row for row, _ in rows], whose, now=now)
    found: dict[UUID, list[Holding]] = {}
    for row, name in rows:
        if with_history or row.id not in left:
            until = max(left[row.id], row.since) if row.id in left else row.until
            found.setdefault(row.post_id, []).append(Holding(row.id, row.person_id, name, row.since, until))
    return found


def _post(row: StaffPostRow, held: dict[UUID, list[Holding]]) -> StaffPost:
    stated = Stated(row.name, row.kind, row.is_key, row.duties)
    return StaffPost(row.id, row.organization_id, stated, row.abolished_at, tuple(held.get(row.id, ())))


def _today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()


def _path(row: StaffPostRow) -> str:
    return f"organization/{row.organization_id}/staff-post/{row.id}"
