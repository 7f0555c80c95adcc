"""What systems, organizations and planned changes owe through the year (DESIGN §2, §4). Pure.

A duty begins with a period of the calendar, with a date of its subject, some months before such a date, or so many working
days ahead of it. What ended before `in_use_from` is history. Asking for a later `until` forecasts by the same rules.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final

from irm.rules.desks import To, desk, to
from irm.rules.moments import SHANGHAI, Within, day_of, due_moment, end_of
from irm.rules.owed import Owed
from irm.rules.pack import Addressee, DutyRule, Every, Pack
from irm.rules.periods import Period, day_in_next_month, day_of_month, months_after, months_before, periods
from irm.rules.subjects import Directory, Party, YearSubject
from irm.rules.workdays import WorkCalendar

PERIOD: Final = "period"
"""Start event of what is owed in every period."""
PROTECTION_DEPARTMENT: Final = "protection_department"


@dataclass(frozen=True)
class _Time:
    """When one duty of a rule begins and ends; `first` and `last` are the days it is judged by."""

    first: date
    last: date | None
    due_at: datetime | None
    start_event: str
    period: str | None = None
    ordinal: int | None = None
    ordinals: int | None = None
    provisional: bool = False


@dataclass
class YearRules:
    """The rules of the year, ready for many subjects: what is the same for many is worked out once.

    Ten thousand systems have some hundred different facts, and what comes every year comes to all of them on the same days.
    """

    packs: Sequence[Pack]
    readings: Mapping[str, str]
    calendar: WorkCalendar
    form: str | None = None
    """Only rules that ask for this form; None: all."""
    _holding: dict[tuple[Any, ...], tuple[tuple[DutyRule, Pack], ...]] = field(default_factory=dict)
    _regular: dict[tuple[Any, ...], tuple[_Time, ...]] = field(default_factory=dict)
    _desks: dict[tuple[Addressee, str | None], tuple[Directory, Party | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chosen = {switch.id: switch.default for pack in self.packs for switch in pack.switches} | dict(self.readings)
        self._rules: dict[str, list[tuple[DutyRule, Pack]]] = {}
        self._standing: list[DutyRule] = []
        for pack in self.packs:
            for rule in pack.duties:
                if any(chosen.get(switch) != reading for switch, reading in rule.readings.items()):
                    continue
                if rule.kind == "standing":
                    self._standing.append(rule)
                elif self.form in {None, rule.form}:
                    self._rules.setdefault(rule.subject, []).append((rule, pack))
        self._names = {
            kind: tuple(sorted({name for rule, _ in rules if rule.when for name in rule.when.names}))
            for kind, rules in self._rules.items()
        }
        self._internal = {
            rule_id: limit
            for pack in self.packs
            if pack.policy
            for rule_id, limit in pack.policy.internal_limits.items()
        }

    def owed(self, subject: YearSubject, *, now: datetime, until: datetime | None = None) -> tuple[Owed, ...]:
        """In the order of packs and rules, within a rule in the order of time. What starts later is not owed yet."""
        return self._owed(subject, day_of(max(now, until) if until else now), None)

    def coming(self, subject: YearSubject, *, now: datetime, until: datetime) -> tuple[Owed, ...]:
        """Of what is owed by `until`: what begins after `now` and counts; what is only told to others is left out."""
        return self._owed(subject, day_of(max(now, until)), day_of(now))

    def standing(self, subject: YearSubject) -> tuple[DutyRule, ...]:
        """What always holds for such a subject, without a day: rules whose condition it meets."""
        return tuple(
            rule
            for rule in self._standing
            if rule.subject == subject.kind and (rule.when is None or rule.when.decide(subject.facts) is True)
        )

    def borne(self, subject: YearSubject) -> Iterator[tuple[DutyRule, Party]]:
        """What stands for such a subject, with each organization that has joined and bears it."""
        for rule in self.standing(subject):
            for bearer, _ in self._bearers(rule, subject):
                if bearer is not None and bearer.joined:
                    yield rule, bearer

    def _owed(self, subject: YearSubject, horizon: date, after: date | None) -> tuple[Owed, ...]:
        found: dict[str, Owed] = {}
        for rule, pack in self._rules_for(subject):
            times = self._times_of(rule, pack, subject, horizon, after)
            if not times:
                continue
            for bearer, bearer_kind in self._bearers(rule, subject):
                if after is not None and (bearer is None or not bearer.joined):
                    continue
                for one in self._of(rule, pack, subject, bearer, bearer_kind, times):
                    found.setdefault(one.key, one)
        return tuple(found.values())

    def _rules_for(self, subject: YearSubject) -> tuple[tuple[DutyRule, Pack], ...]:
        """Those whose condition holds."""
        kind = subject.kind
        known = (kind, *(_hashable(subject.facts.get(name)) for name in self._names.get(kind, ())))
        found = self._holding.get(known)
        if found is None:
            found = self._holding[known] = tuple(
                (rule, pack)
                for rule, pack in self._rules.get(kind, ())
                if rule.when is None or rule.when.decide(subject.facts) is True
            )
        return found

    def _times_of(
        self, rule: DutyRule, pack: Pack, subject: YearSubject, horizon: date, after: date | None
    ) -> Sequence[_Time]:
        if after is None or rule.every is None or not _has_begun(rule, subject, after):
            return self._fitting(rule, pack, self._times(rule, subject, horizon), horizon, after)
        # Whatever it counts from has begun: what comes from now on comes to every such subject on the same days.
        anchor = subject.dates[rule.every.anchor].year if rule.every.anchor else None
        known = (rule.id, pack.id, anchor, horizon, after)
        if known not in self._regular:
            regular = _regular(rule.every, anchor, after, horizon)
            self._regular[known] = tuple(self._fitting(rule, pack, regular, horizon, after))
        return self._regular[known]

    def _fitting(
        self, rule: DutyRule, pack: Pack, times: Iterable[_Time], horizon: date, after: date | None
    ) -> list[_Time]:
        return [
            each
            for each in times
            if each.first <= horizon and (after is None or each.first > after) and _in_force(rule, pack, each)
        ]

    def _times(self, rule: DutyRule, subject: YearSubject, horizon: date) -> Iterator[_Time]:
        dates = subject.dates
        if rule.every is not None:
            yield from _every(rule, rule.every, subject, horizon)
        elif rule.following is not None:
            event = dates.get(rule.following.after)
            if event is not None:
                last = months_after(event, rule.following.months)
                if last >= subject.in_use_from:
                    yield _Time(event, last, end_of(last), rule.following.after, event.isoformat())
        elif rule.window is not None:
            event = dates.get(rule.window.before)
            if event is not None and event >= subject.in_use_from:
                opens = months_before(event, rule.window.months)
                yield _Time(opens, event, end_of(event), rule.window.before, event.isoformat())
        elif rule.ahead is not None:
            event = dates.get(rule.ahead.event)
            registered = dates.get("registered_on", event)
            if event is not None and registered is not None and event >= subject.in_use_from:
                by = self.calendar.before(event, rule.ahead.working_days + (1 if rule.ahead.clear else 0))
                yield _Time(
                    min(registered, by.day),
                    by.day,
                    end_of(by.day),
                    rule.ahead.event,
                    event.isoformat(),
                    provisional=by.provisional,
                )
        else:
            event = dates.get(rule.start_event)
            if event is None:
                return
            due_at = due_moment(_midnight(event), rule.limit) if rule.limit else None
            if (day_of(due_at) if due_at else event) > subject.in_use_from or event >= subject.in_use_from:
                yield _Time(event, None, due_at, rule.start_event)

    def _of(
        self,
        rule: DutyRule,
        pack: Pack,
        subject: YearSubject,
        bearer: Party | None,
        bearer_kind: str | None,
        times: Iterable[_Time],
    ) -> Iterator[Owed]:
        information = bearer is None or not bearer.joined
        internal = self._internal.get(rule.id)
        why = tuple((name, subject.facts.get(name)) for name in sorted(rule.when.names)) if rule.when else ()
        recipients = [each for wanted in rule.recipients for each in self._recipients(wanted, bearer, subject)]
        for each in times:
            started = None if information else _midnight(each.first)
            for recipient in recipients:
                if bearer is not None and recipient.organization == bearer.id:
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
                    bearer=bearer.id if bearer else None,
                    bearer_kind=bearer.kind if bearer else bearer_kind,
                    recipient=recipient.organization,
                    recipient_kind=recipient.kind,
                    recipient_tier=recipient.tier,
                    start_event=each.start_event,
                    started_at=started,
                    due_at=each.due_at if started else None,
                    internal_due_at=_internal_due(started, internal),
                    why=why,
                    information_only=information,
                    waiver=rule.waiver,
                    period=each.period,
                    ordinal=each.ordinal,
                    ordinals=each.ordinals,
                    provisional=each.provisional,
                )

    def _bearers(self, rule: DutyRule, subject: YearSubject) -> Iterator[tuple[Party | None, str | None]]:
        wanted = rule.bearer
        if wanted.relation is not None:
            for organization in subject.organizations.get(wanted.relation, ()):
                yield subject.directory.by_id.get(organization), wanted.relation
        else:
            yield self._desk(wanted, _near(subject), subject), wanted.kind

    def _recipients(self, wanted: Addressee, bearer: Party | None, subject: YearSubject) -> Iterator[To]:
        if wanted.outside is not None:
            yield To(None, wanted.outside, None)
            return
        if wanted.relation is not None:
            organizations = subject.organizations.get(wanted.relation, ())
            for organization in organizations:
                yield to(subject.directory.by_id.get(organization), organization, wanted.relation)
            if not organizations and wanted.relation == PROTECTION_DEPARTMENT:
                # The register doesn't say who it is; the duty is there all the same.
                yield To(None, PROTECTION_DEPARTMENT, None)
            return
        party = self._desk(wanted, bearer or _near(subject), subject)
        if wanted.otherwise and bearer is not None and bearer.kind == wanted.kind:
            wanted = Addressee(kind=wanted.otherwise, tier=wanted.tier, prefer=wanted.prefer)
            party = self._desk(wanted, bearer, subject)
        yield To(party.id if party else None, wanted.kind or "other", wanted.tier or (party.tier if party else None))

    def _desk(self, wanted: Addressee, near: Party | None, subject: YearSubject) -> Party | None:
        """The same for everybody of one place, as long as the directory is the same."""
        known = (wanted, near.region if near else None)
        directory, found = self._desks.get(known, (None, None))
        if directory is not subject.directory:
            found = desk(wanted, near, subject.directory.by_kind.get(wanted.kind or "", ()))
            self._desks[known] = (subject.directory, found)
        return found


def _since(rule: DutyRule, subject: YearSubject) -> list[date]:
    return [subject.dates[name] for name in rule.every.since if name in subject.dates] if rule.every else []


def _has_begun(rule: DutyRule, subject: YearSubject, day: date) -> bool:
    """Does it come in every period from that day on?"""
    starts = [subject.in_use_from, *_since(rule, subject), *([rule.effective.since] if rule.effective.since else [])]
    if rule.every is None or rule.every.last or (rule.every.anchor and rule.every.anchor not in subject.dates):
        return False
    return max(starts) <= day


def _every(rule: DutyRule, every: Every, subject: YearSubject, horizon: date) -> Iterator[_Time]:
    since = _since(rule, subject)
    if every.last is not None:
        yield from _since_the_last(every.last, every.months, subject, since)
        return
    begins = max([subject.in_use_from, *([rule.effective.since] if rule.effective.since else []), *since])
    anchor = subject.dates.get(every.anchor) if every.anchor else None
    if every.anchor and anchor is None:
        return
    yield from _regular(every, anchor.year if anchor else None, begins, horizon, since)


def _since_the_last(last: str, months: int, subject: YearSubject, since: Sequence[date]) -> Iterator[_Time]:
    """One, so many months after the last time. Was it late already when irm came into use, it is owed on that day."""
    counts_from = subject.dates.get(last, max(since, default=None))
    if counts_from is None:
        return
    by = max(months_after(counts_from, months), subject.in_use_from)
    yield _Time(counts_from, by, end_of(by), PERIOD, counts_from.isoformat())


def _regular(
    every: Every, anchor: int | None, begins: date, horizon: date, since: Sequence[date] = ()
) -> Iterator[_Time]:
    """From the period that holds `begins`; none begins before what it counts from (`since`)."""
    for period in periods(begins, horizon, every.months, anchor=anchor):
        last = _last_day(every, period)
        if last < begins:  # its day of the year had passed before anything was owed
            continue
        first = max([period.first, *since])
        for ordinal in range(1, every.count + 1):
            several = every.count > 1
            yield _Time(
                first,
                period.last,
                end_of(last),
                PERIOD,
                period.name,
                ordinal if several else None,
                every.count if several else None,
            )


def _last_day(every: Every, period: Period) -> date:
    if every.day is None:
        return period.last
    if every.month is not None:
        return day_of_month(period.first.year, every.month, every.day)
    return day_in_next_month(period.last, every.day)


def _in_force(rule: DutyRule, pack: Pack, each: _Time) -> bool:
    """What ended before the text came into force, or begins after it went out of force, was never owed by it."""
    last = each.last or each.first
    return all(
        (effective.since is None or effective.since <= last)
        and (effective.until is None or each.first <= effective.until)
        for effective in (pack.effective, rule.effective)
    )


def _near(subject: YearSubject) -> Party | None:
    """Whose city it is: the desks of that place are meant."""
    for relation in ("operator", "owner", "itself", "by"):
        for organization in subject.organizations.get(relation, ()):
            if (party := subject.directory.by_id.get(organization)) is not None:
                return party
    return None


def _internal_due(started: datetime | None, limit: Within | None) -> datetime | None:
    return due_moment(started, limit) if started and limit else None


def _midnight(day: date) -> datetime:
    """The moment in UTC at which the day begins in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else value
