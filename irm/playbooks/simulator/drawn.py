"""A course as the pages show it: the drawing, and the same in words from above to below. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from irm.i18n import N_, Translator
from irm.playbooks.simulator import course_words as words
from irm.playbooks.simulator.course import ITSELF, LOUD, Course, LimitLine, Span
from irm.playbooks.simulator.drawing import WIDTH, Bar, Drawing, Line, draw
from irm.playbooks.wording import KINDS
from irm.rules.moments import SHANGHAI
from irm.web.wording import duration

LIVE: Final = N_("Filled: has happened. Outlined: what comes if nobody answers.")
SCALE: Final = N_("Time axis not to scale: long intervals without events are drawn short; each mark names its moment.")
Href = Callable[[str], str]


@dataclass(frozen=True)
class Entry:
    """One line of the course in words. `tone`: past, coming, loud, limit or broken."""

    at: datetime
    when: str
    until: str
    what: str
    who: str
    kind: str
    detail: str
    tone: str
    href: str = ""


@dataclass(frozen=True)
class Figure:
    """`key` makes ids unique on a page."""

    key: str
    title: str
    description: str
    drawing: Drawing
    entries: tuple[Entry, ...]
    unbegun: tuple[tuple[str, str, str], ...]
    """Step, kind, why."""
    exhausted: tuple[str, ...]
    """Nobody has answered, or, of what is made up, nobody answers."""
    silence: tuple[str, ...]
    """What will be so on this night if nobody answers."""
    broken: tuple[str, ...]
    scale: str = SCALE
    live: str = LIVE
    now: str = ""


def figure(
    course: Course,
    t: Translator,
    *,
    key: str,
    title: str,
    names: Mapping[str, str] | None = None,
    href: Href = lambda _step: "",
    width: int = WIDTH,
) -> Figure:
    """Of a live run moments are those of the clock; of a simulation they count from its beginning."""
    teller = _Teller(course, t, names or {}, href)
    lanes = [(lane, words.lane_words(lane, teller.names, t)) for lane in course.lanes]
    drawing = draw(
        lanes,
        [teller.bar(span) for span in course.spans],
        [teller.line(limit) for limit in course.limits],
        begin=course.begin,
        now=course.now,
        say=teller.moment,
        width=width,
    )
    entries = [teller.entry(span) for span in course.spans] + [teller.limit_entry(limit) for limit in course.limits]
    exhausted = tuple(words.step_words(step, course, t) for step in course.exhausted)
    silence = tuple(
        t("%(step)s (%(at)s)", step=words.step_words(span.step, course, t), at=teller.moment(span.end))
        for span in course.feared
        if span.end is not None
    )
    broken = tuple(teller.limit_words(limit) for limit in course.limits if teller.is_broken(limit))
    return Figure(
        key=key,
        title=title,
        description=teller.description(exhausted, broken),
        drawing=drawing,
        entries=tuple(sorted(entries, key=lambda one: (one.at, one.tone in ("limit", "broken")))),
        unbegun=tuple(
            (words.step_words(one.step, course, t), t(KINDS[one.kind]), words.why_words(one, course, t))
            for one in course.unbegun
        ),
        exhausted=exhausted,
        silence=silence,
        broken=broken,
        now=teller.moment(course.now) if course.now is not None else "",
    )


class _Teller:
    def __init__(self, course: Course, t: Translator, names: Mapping[str, str], href: Href) -> None:
        self.course = course
        self.t = t
        self.names = names
        self.href = href

    def moment(self, at: datetime) -> str:
        if self.course.now is None:
            passed = at - self.course.begin
            sign = "−" if at < self.course.begin else "+"
            return sign + duration(passed, self.t) if passed else self.t("beginning")
        local, begin = at.astimezone(SHANGHAI), self.course.now.astimezone(SHANGHAI)
        return f"{local:%H:%M}" if local.date() == begin.date() else f"{local:%m-%d %H:%M}"

    def step(self, span: Span) -> str:
        return words.step_words(span.step, self.course, self.t)

    def who(self, span: Span) -> str:
        lane = "" if span.lane == ITSELF else words.lane_words(span.lane, self.names, self.t)
        persons = self.t(", ").join(span.who)
        return self.t("%(who)s: %(persons)s", who=lane, persons=persons) if persons and lane else persons or lane

    def bar(self, span: Span) -> Bar:
        label = self.step(span)
        if span.kind == "page":
            label = self.t("%(step)s, level %(rung)s", step=label, rung=span.rung) if span.rung else label
        if span.outcome in LOUD:
            label = self.t("%(what)s: %(outcome)s", what=words.outcome_words(span, self.t), outcome=label)
        classes = f"course-{span.kind} {'is-past' if span.has_happened else 'is-coming'}"
        if span.outcome in (*LOUD, "overran"):
            classes += f" is-{'loud' if span.outcome in LOUD else 'overrun'}"
        title = self.t("; ").join(filter(None, [label, self.who(span), self.span_time(span), self.detail(span)]))
        return Bar(
            span.lane,
            span.begin,
            span.end if span.end is not None else None,
            label,
            title,
            span.kind,
            classes,
            self.href(span.step),
            span.rounds,
            is_loud=span.outcome in LOUD,
        )

    def span_time(self, span: Span) -> str:
        if span.end is None or span.is_point:
            return self.moment(span.begin)
        return self.t("%(begin)s to %(end)s", begin=self.moment(span.begin), end=self.moment(span.end))

    def detail(self, span: Span) -> str:
        now = self.course.now
        if now is not None and span.outcome == "overran" and span.end is not None and span.end > now:
            ends = self.t("under way") if span.has_happened else ""  # that nobody does it is supposed, not known
        else:
            ends = words.outcome_words(span, self.t)
        parts = [words.rung_words(span, self.t), ends]
        return self.t(", ").join(part for part in parts if part)

    def is_broken(self, limit: LimitLine) -> bool:
        is_gone = limit.verdict == "open" and self.course.now is not None and limit.at < self.course.now
        return limit.is_broken or is_gone

    def limit_words(self, limit: LimitLine) -> str:
        return self.t(
            "%(limit)s %(at)s · %(title)s",
            limit=words.standing_words(limit, self.t),
            at=self.moment(limit.at),
            title=self.t.of(limit.title),
        )

    def verdict(self, limit: LimitLine) -> str:
        return words.verdict_words(limit, self.t, self.course.now)

    def line(self, limit: LimitLine) -> Line:
        label = self.t(
            "%(limit)s %(at)s: %(verdict)s (%(title)s)",
            limit=words.standing_words(limit, self.t),
            at=self.moment(limit.at),
            verdict=self.verdict(limit),
            title=self.t.of(limit.title),
        )
        classes = f"course-limit is-{limit.standing}{' is-broken' if self.is_broken(limit) else ''}"
        title = self.t("; ").join([label, words.cited(limit, self.t)])
        return Line(limit.at, label, title, classes, limit.href or (self.href(limit.step) if limit.step else ""))

    def entry(self, span: Span) -> Entry:
        tone = "loud" if span.outcome in LOUD else "past" if span.has_happened else "coming"
        until = "" if span.end is None or span.is_point else self.moment(span.end)
        kind, detail = words.kind_words(span, self.t), self.detail(span)
        return Entry(
            span.begin,
            self.moment(span.begin),
            until,
            self.step(span),
            self.who(span),
            kind,
            detail,
            tone,
            self.href(span.step),
        )

    def limit_entry(self, limit: LimitLine) -> Entry:
        return Entry(
            limit.at,
            self.moment(limit.at),
            "",
            self.t.of(limit.title),
            words.lane_words(limit.bearer, self.names, self.t),
            words.standing_words(limit, self.t),
            self.t("; ").join([self.verdict(limit), words.cited(limit, self.t)]),
            "broken" if self.is_broken(limit) else "limit",
            limit.href,
        )

    def description(self, exhausted: tuple[str, ...], broken: tuple[str, ...]) -> str:
        course = self.course
        told = [
            self.t.plural("%(n)s organization or desk", "%(n)s organizations or desks", len(course.lanes)),
            self.t.plural("%(n)s limit", "%(n)s limits", len(course.limits)),
        ]
        if exhausted:
            told.append(self.t("nobody answers: %(steps)s", steps=self.t(", ").join(exhausted)))
        if broken:
            told.append(self.t("not in time: %(limits)s", limits=self.t(", ").join(broken)))
        return self.t("; ").join([*told, self.t("the same stands as a list beneath")])
