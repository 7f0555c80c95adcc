"""Who owes what to whom by when, from an incident as it stands now (DESIGN §2, §4). Pure and deterministic.

`due` yields plain values; `obligations` freezes them. Calling it again with more facts yields what is owed then; the key
of each says whether it is the same duty. Levels: `may_be` asks `possible` until a person has assessed, then the graver of
reached and assessed; `at_least` asks what was assessed, before that what is reached. A condition that depends on
something unknown owes nothing: a rule that must bind in doubt says so (`bearer.cii != "no"`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from irm.rules.desks import To, desk, to
from irm.rules.duties_of_the_year import YearRules
from irm.rules.levels import clock_level, settled_level
from irm.rules.moments import day_of, due_moment
from irm.rules.owed import Owed
from irm.rules.pack import Addressee, DutyRule, Pack, facts_in_condition
from irm.rules.subjects import DUTY_TYPES, Cii, IncidentSubject, Levels, Party, Share, YearSubject
from irm.rules.workdays import WorkCalendar

__all__ = [
    "DUTY_TYPES",
    "Cii",
    "IncidentSubject",
    "Levels",
    "Owed",
    "Party",
    "Share",
    "due",
]

NO_CALENDAR = WorkCalendar()


@dataclass(frozen=True)
class _Part:
    share: Share
    values: Mapping[str, Any]
    """What a condition may read of it, but for the facts."""


class _Bearer(NamedTuple):
    """Who bears the duty, and the share through which it does (its own, or the operator's for a superior)."""

    organization: UUID | None
    kind: str | None
    joined: bool
    part: _Part
    is_own_share: bool


def due(
    packs: Sequence[Pack],
    subject: IncidentSubject | YearSubject,
    *,
    now: datetime,
    until: datetime | None = None,
    readings: Mapping[str, str] | None = None,
    calendar: WorkCalendar = NO_CALENDAR,
) -> tuple[Owed, ...]:
    """Everything owed as things stand, in the order of packs and rules. What starts after `now` is not owed yet.

    Of systems, organizations and changes: with `until` also what starts by then, as things stand (a forecast). `readings`:
    the city's choices by qualified switch; where it made none, the pack's default. `calendar` knows working days.
    """
    if isinstance(subject, IncidentSubject):
        return _IncidentRules(packs, subject, now).owed()
    return YearRules(packs, readings or {}, calendar).owed(subject, now=now, until=until)


class _IncidentRules:
    """The rules in force for one incident, and what all of them ask of it, worked out once.

    Two shares may lead to one duty (a protection department of both): which of them explains it is not left to the order
    in which rows were read. The earliest knowledge goes first.
    """

    def __init__(self, packs: Sequence[Pack], subject: IncidentSubject, now: datetime) -> None:
        self.subject = subject
        self.now = now
        day = day_of(subject.discovered_at)
        self.rules: Mapping[str, tuple[DutyRule, Pack]] = {
            rule.id: (rule, pack)
            for pack in packs
            if pack.effective.includes(day)
            for rule in pack.duties
            if rule.subject == "incident" and rule.effective.includes(day)
        }
        self.internal = {
            rule_id: limit for pack in packs if pack.policy for rule_id, limit in pack.policy.internal_limits.items()
        }
        shares = sorted(subject.shares, key=lambda share: (share.known_at, share.organization))
        self.parts = [_Part(share, _values(share, subject)) for share in shares]
        self.operators = [part for part in self.parts if "operator" in part.share.roles]
        self.directory = sorted(subject.directory, key=lambda party: party.id)
        self.parties = {party.id: party for party in self.directory}

    def owed(self) -> tuple[Owed, ...]:
        found: dict[str, Owed] = {}
        for rule, pack in self.rules.values():
            if rule.kind == "standing":
                continue
            for bearer in self._bearers(rule):
                if not self._holds(rule, bearer.part):
                    continue
                for one in self._of(rule, pack, bearer):
                    key = one.key
                    known = found.get(key)
                    if known is None or _starts_earlier(one, known):
                        found[key] = one
        return tuple(found.values())

    def _of(self, rule: DutyRule, pack: Pack, bearer: _Bearer) -> Iterator[Owed]:
        started = _start(rule, bearer, self.subject)
        information = not bearer.joined or (started is None and rule.after is not None)
        if started is None and not information:
            return
        if started is not None and started > self.now:
            return
        if information:
            started = None
        internal = self.internal.get(rule.id)
        for at in self._recipients(rule.recipients, bearer):
            if at.organization is not None and at.organization == bearer.organization:
                continue
            yield Owed(
                rule_id=rule.id,
                pack_id=pack.id,
                pack_version=pack.version,
                title=rule.title,
                citation=rule.citation,
                force=rule.force,
                status=rule.status,
                interpretation=rule.interpretation,
                kind=rule.kind,
                form=rule.form,
                satisfied_by=rule.satisfied_by,
                bearer=bearer.organization,
                bearer_kind=bearer.kind,
                recipient=at.organization,
                recipient_kind=at.kind,
                recipient_tier=at.tier,
                start_event=rule.start_event,
                started_at=started,
                due_at=due_moment(started, rule.limit) if started and rule.limit else None,
                internal_due_at=due_moment(started, internal) if started and internal else None,
                why=self._why(rule, bearer.part),
                information_only=information,
                waiver=rule.waiver,
            )

    def _bearers(self, rule: DutyRule) -> Iterator[_Bearer]:
        wanted = rule.bearer
        if wanted.role is not None:
            for part in self.parts:
                if wanted.role in part.share.roles:
                    organization = part.share.organization
                    party = self.parties.get(organization)
                    kind = party.kind if party else None
                    yield _Bearer(organization, kind, _joined(party), part, is_own_share=True)
        elif wanted.relation is not None:
            for part in self.operators:
                related = getattr(part.share, wanted.relation)
                party = self.parties.get(related)
                joined = party is not None and party.joined
                yield _Bearer(related, wanted.relation, joined, part, is_own_share=False)
        else:
            for part in self.operators:
                party = desk(wanted, self.parties.get(part.share.organization), self.directory)
                joined = party is not None and party.joined
                yield _Bearer(party.id if party else None, wanted.kind, joined, part, is_own_share=False)

    def _recipients(self, wanted: Sequence[Addressee], bearer: _Bearer, *, by_others: bool = True) -> Iterator[To]:
        """`by_others`: recipients may be those of other rules, and theirs no more."""
        share = bearer.part.share
        for one in wanted:
            if one.same_as:
                for rule_id in one.same_as if by_others else ():
                    other = self.rules.get(rule_id)
                    if other and (rule_id in share.reported or self._holds(other[0], bearer.part)):
                        yield from self._recipients(other[0].recipients, bearer, by_others=False)
            elif one.relation == "operators":
                yield from self._shares_of("operator", "using_unit")
            elif one.relation is not None:
                organization: UUID | None = getattr(share, one.relation)
                yield to(self.parties.get(organization) if organization else None, organization, one.relation)
            elif one.role is not None:
                yield from self._shares_of(one.role, one.role)
            else:
                yield _named(one, self.parties.get(share.organization), self.directory)

    def _shares_of(self, role: str, kind: str) -> Iterator[To]:
        for part in self.parts:
            if role in part.share.roles:
                yield to(self.parties.get(part.share.organization), part.share.organization, kind)

    def _holds(self, rule: DutyRule, part: _Part) -> bool:
        return rule.when is None or rule.when.decide(self._read_by(rule, part)) is True

    def _why(self, rule: DutyRule, part: _Part) -> tuple[tuple[str, Any], ...]:
        if rule.when is None:
            return ()
        values = self._read_by(rule, part)
        return tuple((name, _as_json(values.get(name))) for name in sorted(rule.when.names))

    def _read_by(self, rule: DutyRule, part: _Part) -> Mapping[str, Any]:
        facts = {**self.subject.facts, **part.share.facts} if rule.reads else {}
        return {**part.values, **facts_in_condition(rule, facts)} if rule.reads else part.values


def _starts_earlier(one: Owed, other: Owed) -> bool:
    """Of two ways to the same duty the stricter clock counts."""
    return one.started_at is not None and (other.started_at is None or one.started_at < other.started_at)


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _joined(party: Party | None) -> bool:
    """A share belongs to somebody who works here unless the directory says otherwise."""
    return party is None or party.joined


def _start(rule: DutyRule, bearer: _Bearer, subject: IncidentSubject) -> datetime | None:
    share = bearer.part.share
    if rule.after is not None:
        name = f"{rule.start_event}/{rule.after}"
        return share.events.get(name) or subject.events.get(name)
    if rule.start_event == "known_at":
        return share.known_at if bearer.is_own_share else None
    if rule.start_event == "handled_at":
        return share.handled_at
    moment = share.events.get(rule.start_event) or subject.events.get(rule.start_event)
    if moment is None and rule.start_fallback == "known_at":
        return share.known_at
    return moment


def _named(wanted: Addressee, near: Party | None, directory: Sequence[Party]) -> To:
    """A desk of the contact list, or whom none holds."""
    if wanted.outside is not None:
        return To(None, wanted.outside, None)
    party = desk(wanted, near, directory)
    return To(party.id if party else None, wanted.kind or "other", wanted.tier or (party.tier if party else None))


def _values(share: Share, subject: IncidentSubject) -> Mapping[str, Any]:
    levels = subject.levels
    may_be = clock_level(levels.reached, levels.possible, levels.assessed)
    at_least = settled_level(levels.reached, levels.assessed)
    facts = {**subject.facts, **share.facts}
    suspected = facts.get("crime_suspected") is True or "crime_suspected_at" in {**subject.events, **share.events}
    return {
        "may_be": may_be,
        "at_least": at_least,
        "incident.may_be": may_be,
        "incident.at_least": at_least,
        "incident.cii": subject.cii,
        "incident.crime_suspected": suspected,
        "incident.category": subject.category or "",
        "bearer.cii": share.cii,
        "bearer.roles": tuple(sorted(share.roles)),
        "bearer.reported": tuple(sorted(share.reported)),
        "bearer.has_sector_regulator": share.sector_regulator is not None,
    }
