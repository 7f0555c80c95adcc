"""How the course of a run is said to people: lanes, spans, limits, what has not begun. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from irm.i18n import N_, Translator
from irm.obligations.owed import limit_word
from irm.obligations.words import citation_text
from irm.playbooks.simulator.course import ITSELF, LOUD, Course, LimitLine, Span, Unbegun, Verdict
from irm.playbooks.wording import KINDS, OUTCOMES, WHO, waits_words
from irm.web.wording import duration

ENDS: Final[Mapping[str, str]] = {
    "unanswered": N_("no answer, on to the next level"),
    "overran": N_("not done within its time"),
    "": N_("not finished"),
}
VERDICTS: Final[Mapping[Verdict, str]] = {
    "in_time": N_("the draft is ready %(spare)s before it"),
    "late": N_("the draft is ready %(spare)s too late"),
    "handed_in_time": N_("handed over %(spare)s before it"),
    "handed_late": N_("handed over %(spare)s too late"),
    "not_drafted": N_("no step of this playbook drafts it"),
    "open": N_("not handed over yet"),
}
PASSED: Final = N_("passed, not handed over")


def lane_words(lane: str, names: Mapping[str, str], t: Translator) -> str:
    """`names`: of organizations by id, where they are real."""
    if lane == ITSELF:
        return t("The playbook itself")
    if lane.startswith("person:"):
        return t("a named person")
    word = WHO.get(lane) or WHO.get(f"incident.{lane}")
    return t(word) if word is not None else names.get(lane, lane.removeprefix("code:"))


def step_words(step: str, course: Course, t: Translator) -> str:
    return t.of(course.titles.get(step) or {}) or step


def rung_words(span: Span, t: Translator) -> str:
    """`第 2 级，3 次` of a page; nothing of anything else."""
    if span.kind != "page":
        return ""
    calls = t.plural("%(n)s call", "%(n)s calls", len(span.rounds))
    return t("level %(rung)s, %(calls)s", rung=span.rung, calls=calls)


def kind_words(span: Span, t: Translator) -> str:
    return t(KINDS.get(span.kind, span.kind))


def outcome_words(span: Span, t: Translator) -> str:
    if span.kind == "notice":
        return ""
    if span.outcome in LOUD:
        return t(KINDS.get(span.outcome, OUTCOMES.get(span.outcome, span.outcome)))
    known = {**OUTCOMES, **ENDS}
    return t(known[span.outcome]) if span.outcome in known else span.outcome


def length_words(span: Span, t: Translator) -> str:
    if span.end is None or span.is_point:
        return ""
    return duration(span.end - span.begin, t)


def standing_words(limit: LimitLine, t: Translator) -> str:
    return t(limit_word(limit.standing))


def cited(limit: LimitLine, t: Translator) -> str:
    return citation_text(limit.citation, t)


def verdict_words(limit: LimitLine, t: Translator, now: datetime | None = None) -> str:
    if limit.verdict == "open" and now is not None and limit.at < now:
        return t(PASSED)
    spare = limit.spare or timedelta()
    return t(VERDICTS[limit.verdict], spare=duration(abs(spare), t)) if limit.ready_at else t(VERDICTS[limit.verdict])


def why_words(one: Unbegun, course: Course, t: Translator) -> str:
    if one.why in OUTCOMES:
        return t(OUTCOMES[one.why])
    titles = {step: t.of(texts) or step for step, texts in course.titles.items()}
    return waits_words(one.why, titles, t) or t("not begun")
