"""Who owes what to whom by when, from an incident as it stands now (DESIGN §2, §4). Pure and deterministic.

`due` yields plain values; `obligations` freezes them. Calling it again with more facts yields what is owed then; the key
of each says whether it is the same duty. Levels: `may_be` asks `possible` until a person has assessed, then the graver of
reached and assessed; `at_least` asks what was assessed, before that what is reached. A condition that depends on
something unknown owes nothing: a rule that must bind in doubt says so (`bearer.cii != "no"`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from irm.rules.desks import To, desk, to
from irm.rules.duties_of_the_year import YearRules
from irm.rules.levels import clock_level, settled_level
from irm.rules.moments import Within, due_moment
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
class _Bearer:
    """Who bears the duty, and the share through which it does (its own, or the operator's for a superior)."""

    organization: UUID | None
    kind: str | None
    joined: bool
    share: Share
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
        return _due_of_incident(packs, subject, now=now)
    return YearRules(packs, readings or {}, calendar).owed(subject, now=now, until=until)


def _due_of_incident(packs: Sequence[Pack], subject: IncidentSubject, *, now: datetime) -> tuple[Owed, ...]:
    rules = {
        rule.id: (rule, pack)
        for pack in packs
        if pack.effective.covers(subject.discovered_at)
        for rule in pack.duties
        if rule.subject == "incident" and rule.effective.covers(subject.discovered_at)
    }
    internal = {
        rule_id: limit for pack in packs if pack.policy for rule_id, limit in pack.policy.internal_limits.items()
    }
    subject = _in_order(subject)
    found: dict[str, Owed] = {}
    for rule, pack in rules.values():
        if rule.kind == "standing":
            continue
        for bearer in _bearers(rule, subject):
            if not _holds(rule, bearer.share, subject):
                continue
            for one in _owed(rule, pack, bearer, subject, rules, internal.get(rule.id), now):
                known = found.get(one.key)
                if known is None or _starts_earlier(one, known):
                    found[one.key] = one
    return tuple(found.values())


def _in_order(subject: IncidentSubject) -> IncidentSubject:
    """Two shares may lead to one duty (a protection department of both): which of them explains it is not left to the
    order in which rows were read. The earliest knowledge goes first."""
    return replace(
        subject,
        shares=tuple(sorted(subject.shares, key=lambda share: (share.known_at, share.organization))),
        directory=tuple(sorted(subject.directory, key=lambda party: party.id)),
    )


def _starts_earlier(one: Owed, other: Owed) -> bool:
    """Of two ways to the same duty the stricter clock counts."""
    return one.started_at is not None and (other.started_at is None or one.started_at < other.started_at)


def _owed(
    rule: DutyRule,
    pack: Pack,
    bearer: _Bearer,
    subject: IncidentSubject,
    rules: Mapping[str, tuple[DutyRule, Pack]],
    internal: Within | None,
    now: datetime,
) -> Iterator[Owed]:
    started = _start(rule, bearer, subject)
    information = not bearer.joined or (started is None and rule.after is not None)
    if started is None and not information:
        return
    if started is not None and started > now:
        return
    if information:
        started = None
    for at in _recipients(rule.recipients, bearer, subject, rules):
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
            why=_why(rule, bearer.share, subject),
            information_only=information,
            waiver=rule.waiver,
        )


def _bearers(rule: DutyRule, subject: IncidentSubject) -> Iterator[_Bearer]:
    parties = {party.id: party for party in subject.directory}
    wanted = rule.bearer
    operators = [share for share in subject.shares if "operator" in share.roles]
    if wanted.role is not None:
        for share in subject.shares:
            if wanted.role in share.roles:
                party = parties.get(share.organization)
                yield _Bearer(
                    share.organization, party.kind if party else None, _joined(party), share, is_own_share=True
                )
    elif wanted.relation is not None:
        for share in operators:
            organization = getattr(share, wanted.relation)
            party = parties.get(organization)
            yield _Bearer(organization, wanted.relation, party is not None and party.joined, share, is_own_share=False)
    else:
        for share in operators:
            party = desk(wanted, parties.get(share.organization), subject.directory)
            joined = party is not None and party.joined
            yield _Bearer(party.id if party else None, wanted.kind, joined, share, is_own_share=False)


def _joined(party: Party | None) -> bool:
    """A share belongs to somebody who works here unless the directory says otherwise."""
    return party is None or party.joined


def _start(rule: DutyRule, bearer: _Bearer, subject: IncidentSubject) -> datetime | None:
    share = bearer.share
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


def _recipients(
    wanted: Sequence[Addressee],
    bearer: _Bearer,
    subject: IncidentSubject,
    rules: Mapping[str, tuple[DutyRule, Pack]],
) -> Iterator[To]:
    parties = {party.id: party for party in subject.directory}
    for one in wanted:
        if one.same_as:
            for rule_id in one.same_as:
                other = rules.get(rule_id)
                if other and (rule_id in bearer.share.reported or _holds(other[0], bearer.share, subject)):
                    yield from _recipients(other[0].recipients, bearer, subject, {})
        elif one.relation == "operators":
            for share in subject.shares:
                if "operator" in share.roles:
                    yield to(parties.get(share.organization), share.organization, "using_unit")
        elif one.relation is not None:
            organization: UUID | None = getattr(bearer.share, one.relation)
            yield to(parties.get(organization) if organization else None, organization, one.relation)
        elif one.role is not None:
            for share in subject.shares:
                if one.role in share.roles:
                    yield to(parties.get(share.organization), share.organization, one.role)
        else:
            yield _named(one, parties.get(bearer.share.organization), subject.directory)


def _named(wanted: Addressee, near: Party | None, directory: Sequence[Party]) -> To:
    """A desk of the contact list, or whom none holds."""
    if wanted.outside is not None:
        return To(None, wanted.outside, None)
    party = desk(wanted, near, directory)
    return To(party.id if party else None, wanted.kind or "other", wanted.tier or (party.tier if party else None))


def _values(rule: DutyRule, share: Share, subject: IncidentSubject) -> dict[str, Any]:
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
        "bearer.roles": sorted(share.roles),
        "bearer.reported": sorted(share.reported),
        "bearer.has_sector_regulator": share.sector_regulator is not None,
        **facts_in_condition(rule, facts),
    }


def _holds(rule: DutyRule, share: Share, subject: IncidentSubject) -> bool:
    return rule.when is None or rule.when.decide(_values(rule, share, subject)) is True


def _why(rule: DutyRule, share: Share, subject: IncidentSubject) -> tuple[tuple[str, Any], ...]:
    if rule.when is None:
        return ()
    values = _values(rule, share, subject)
    return tuple((name, values.get(name)) for name in sorted(rule.when.names))
