"""Duties of the year are opened when their time has come (DESIGN §2): every night for everybody, at an event for one subject.

Who knows the subjects stands above this room: `irm/wiring.py` names them as givers. A night is one job per batch of
subjects, each in a transaction of its own; running any of them again, or after a crash, opens nothing twice.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import select

from irm import jobs
from irm.db import SYSTEM, Actor, Tx
from irm.i18n import N_
from irm.obligations.models import ObligationRow
from irm.obligations.opening import Lowering, Reconciled, is_clocked, key_of, reconcile
from irm.obligations.policy import entry_policy
from irm.obligations.subjects import Subject
from irm.rules.duties_of_the_year import YearRules
from irm.rules.owed import Owed
from irm.rules.policies import readings
from irm.rules.queries import current_packs, published_packs
from irm.rules.subjects import YearSubject
from irm.rules.work_years import work_calendar

LOOK_AHEAD: Final = "obligations.look_ahead"
OWE: Final = "obligations.owe"
OWE_ONE: Final = "obligations.owe_one"
NO_LONGER: Final = N_("By the register or the rules it is not owed any more.")


@dataclass(frozen=True)
class Given:
    """One subject as the rules read it, and as the obligations room speaks of it."""

    about: Subject
    subject: YearSubject


class Giver(Protocol):
    """Knows subjects of one kind. `kind` is also the first part of their paths (`system/<id>`)."""

    kind: str

    async def batch(self, tx: Tx, after: UUID | None, most: int) -> Sequence[Given]:
        """Up to `most` of them by id, those after `after`; an empty answer is the end."""
        ...

    async def some(self, tx: Tx, ids: Sequence[UUID]) -> Sequence[Given]:
        """These, as far as they are there."""
        ...

    async def stamp(self, tx: Tx) -> object:
        """Another value whenever one of them may have changed; one cheap statement."""
        ...

    async def marks(self, tx: Tx) -> Mapping[UUID, object] | None:
        """For each of them a value that is another one whenever it may have changed. None: they are so few that all are
        asked again."""
        ...


async def year_rules(tx: Tx, *, now: datetime, form: str | None = None) -> YearRules:
    """The packs that the city goes by, its readings and its working days; `form`: only what asks for that."""
    return YearRules(await current_packs(tx, now=now), await readings(tx), await work_calendar(tx), form)


async def bring_in_line(
    tx: Tx, given: Sequence[Given], *, actor: Actor, now: datetime, rules: YearRules | None = None
) -> dict[str, Reconciled]:
    """Open what these subjects owe now, and supersede what by register and rules they don't any more. By path.

    Only duties that come from packs are touched; reads all subjects at once and writes only where something differs.
    """
    rules = rules or await year_rules(tx, now=now)
    of_packs = {rule.id for pack in await published_packs(tx) for rule in pack.duties}
    known = await _known(tx, [each.about.path for each in given], of_packs)
    done: dict[str, Reconciled] = {}
    for each in given:
        owed = rules.owed(each.subject, now=now)
        there = known[each.about.path]
        if not _differs(owed, there, each.about.path):
            continue
        lowering = Lowering(NO_LONGER, only=frozenset(_owed_key(row.key, each.about.path) for row in there.values()))
        done[each.about.path] = await reconcile(tx, owed, subject=each.about, actor=actor, now=now, lowering=lowering)
    return done


class Owing:
    """The jobs, for the givers that `wiring.py` names."""

    def __init__(self, givers: Sequence[Giver]) -> None:
        self.givers = {giver.kind: giver for giver in givers}

    async def look_ahead(self, tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
        """Begin a round: one chain of batches for each kind of subject."""
        mark = str(args.get("at") or args.get("entry_id") or now.isoformat())
        for kind in self.givers:
            await self._next(tx, kind, None, mark, now)

    async def owe(self, tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
        """One batch, and the job for the next one."""
        giver = self.givers.get(args["kind"])
        if giver is None:
            return
        after = UUID(args["after"]) if args.get("after") else None
        given = await giver.batch(tx, after, entry_policy().batch)
        if not given:
            return
        await bring_in_line(tx, given, actor=SYSTEM, now=now)
        last = max(each.subject.id for each in given)
        await self._next(tx, giver.kind, last, str(args["mark"]), now)

    async def owe_one(self, tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
        """`system.*`, `organization.*`, `change.*`: what it owes now, without waiting for the night.

        A system also changes what its organizations owe: whoever maintains a platform is a cloud vendor from then on, and
        whoever gave it up (`left`) perhaps no longer.
        """
        kind, _, tail = str(args["subject"]).partition("/")
        giver = self.givers.get(kind)
        if giver is not None:
            subject_id = UUID(tail.partition("/")[0])
            given = await giver.some(tx, [subject_id])
            await bring_in_line(tx, given, actor=SYSTEM, now=now)
            organizations = self.givers.get("organization")
            if kind == "system" and organizations is not None:
                concerned = {party for each in given for ids in each.subject.organizations.values() for party in ids}
                concerned |= {UUID(each) for each in args.get("left", ())}
                await bring_in_line(tx, await organizations.some(tx, sorted(concerned)), actor=SYSTEM, now=now)

    async def _next(self, tx: Tx, kind: str, after: UUID | None, mark: str, now: datetime) -> None:
        await jobs.schedule(
            tx,
            OWE,
            {"kind": kind, "after": str(after) if after else None, "mark": mark},
            run_at=now,
            key=f"{OWE}:{kind}:{mark}:{after or ''}",
            queue="bulk",
        )

    def handlers(self) -> dict[str, jobs.Inside]:
        return {
            LOOK_AHEAD: jobs.Inside(self.look_ahead),
            OWE: jobs.Inside(self.owe),
            OWE_ONE: jobs.Inside(self.owe_one),
        }


@dataclass(frozen=True)
class _Row:
    key: str
    """Without the generation."""
    generation: int
    status: str
    due_at: datetime | None
    met_at: datetime | None


async def _known(tx: Tx, paths: Sequence[str], of_packs: set[str]) -> dict[str, dict[str, _Row]]:
    """The newest generation of each duty from a pack, by path and key."""
    found: dict[str, dict[str, _Row]] = defaultdict(dict)
    if not paths:
        return found
    rows = await tx.execute(
        select(
            ObligationRow.subject,
            ObligationRow.key,
            ObligationRow.rule_id,
            ObligationRow.generation,
            ObligationRow.status,
            ObligationRow.due_at,
            ObligationRow.met_at,
        ).where(ObligationRow.subject.in_(paths), ObligationRow.completes_id.is_(None))
    )
    for row in rows:
        key = row.key.rpartition("|")[0]
        before = found[row.subject].get(key)
        if row.rule_id in of_packs and (before is None or before.generation < row.generation):
            found[row.subject][key] = _Row(key, row.generation, row.status, row.due_at, row.met_at)
    return found


def _differs(owed: Sequence[Owed], there: Mapping[str, _Row], path: str) -> bool:
    """Would reconciling do anything? The same questions as `opening` asks, over rows read in one go."""
    wanted = {key_of(each, path): each for each in owed if is_clocked(each)}
    if any(row.status == "open" and key not in wanted for key, row in there.items()):
        return True
    for key, each in wanted.items():
        row = there.get(key)
        if row is None or row.status == "superseded" or (row.status == "open" and row.due_at != each.due_at):
            return True
        if row.status in ("met", "returned") and row.met_at and each.started_at and each.started_at > row.met_at:
            return True
    return False


def _owed_key(key: str, path: str) -> str:
    return key.removesuffix(f"|{path}")
