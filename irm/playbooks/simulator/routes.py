"""JSON API: what a playbook would do over supposed facts and answers. Nothing is kept."""

from datetime import datetime
from typing import Final

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.errors import Invalid
from irm.i18n import Translator
from irm.playbooks.language import read_playbook
from irm.playbooks.simulator import course_words as words
from irm.playbooks.simulator.course import Course, LimitLine, Span, Unbegun
from irm.playbooks.simulator.simulated import simulated
from irm.playbooks.simulator.situation import FACTS, Situation, read_answers, read_situation
from irm.playbooks.versions import chosen, versions as versions_of
from irm.rules.queries import current_packs, filing_allowance

FILE: Final = "playbook.yaml"
TAGS: Final = ["playbooks"]


class SimulatePlaybook(Struct, forbid_unknown_fields=True, frozen=True):
    """`source`: the YAML text of a playbook; or `playbook` (and `version`): a published one. `facts` and `answers`: YAML
    text, as the files of `irm playbook simulate`; empty: an incident of level 较大 on which nobody answers."""

    source: str = ""
    playbook: str = ""
    version: int | None = None
    facts: str = ""
    answers: str = ""


class SpanView(Struct, frozen=True):
    """One step, or one rung of it, at one organization. `end`: null where no clock ends it. `rounds`: its calls."""

    step: str
    kind: str
    organization: str
    begin: datetime
    end: datetime | None
    rung: int
    rounds: list[datetime]
    outcome: str
    words: str


class LimitView(Struct, frozen=True):
    """`verdict`: in_time, late, handed_in_time, handed_late or not_drafted. `spare_seconds`: negative where too late."""

    rule: str
    title: str
    standing: str
    article: str
    bearer: str
    recipient: str
    at: datetime
    verdict: str
    words: str
    step: str | None
    spare_seconds: int | None


class UnbegunView(Struct, frozen=True):
    """`why`: a step, an event, `condition` or `nothing_owed`."""

    step: str
    kind: str
    why: str
    words: str


class SimulationView(Struct, frozen=True):
    """In order of time. `exhausted`: pages that nobody answers."""

    playbook: str
    begin: datetime
    spans: list[SpanView]
    limits: list[LimitView]
    unbegun: list[UnbegunView]
    exhausted: list[str]


@post(
    "/api/v1/playbooks/simulate",
    opt=allow(Permission.READ_PLAYBOOKS),
    tags=TAGS,
    operation_id="simulate_playbook",
    status_code=HTTP_200_OK,
)
async def simulate_playbook(
    data: JSONBody[SimulatePlaybook],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> SimulationView:
    """What would be done when, and whether each limit of the city's rule packs is kept. 422 with every fault of the texts."""
    if bool(data.source) == bool(data.playbook):
        raise Invalid("Give either the text of a playbook or the name of one.", field="playbook")
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        packs = await current_packs(tx, now=now)
        source, file = data.source, FILE
        if data.playbook:
            shown = chosen(await versions_of(tx, data.playbook), data.version)
            source, file = shown.source, f"{shown.playbook_id}.yaml"
    playbook = read_playbook(source, file=file).playbook
    situation = Situation(dict(FACTS))
    if data.facts:
        situation = read_situation(data.facts, file="facts.yaml", base=situation)
    answers = (
        read_answers(data.answers, file="answers.yaml", playbook=playbook, situation=situation) if data.answers else ()
    )
    found = simulated(playbook, situation, answers, packs=packs, allowance=filing_allowance(packs))
    course = found.course
    return SimulationView(
        playbook.id,
        course.begin,
        [_span(one, t) for one in course.spans],
        [_limit(one, t) for one in course.limits],
        [_unbegun(one, course, t) for one in course.unbegun],
        list(course.exhausted),
    )


def _span(one: Span, t: Translator) -> SpanView:
    return SpanView(
        one.step,
        one.kind,
        one.lane,
        one.begin,
        one.end,
        one.rung,
        list(one.rounds),
        one.outcome,
        words.outcome_words(one, t),
    )


def _limit(one: LimitLine, t: Translator) -> LimitView:
    return LimitView(
        one.rule,
        t.of(one.title),
        one.standing,
        words.cited(one, t),
        one.bearer,
        one.recipient,
        one.at,
        one.verdict,
        words.verdict_words(one, t),
        one.step or None,
        int(one.spare.total_seconds()) if one.spare is not None else None,
    )


def _unbegun(one: Unbegun, course: Course, t: Translator) -> UnbegunView:
    return UnbegunView(one.step, one.kind, one.why, words.why_words(one, course, t))


ROUTES: Final = [simulate_playbook]
