"""Pages: what a playbook would do on a made-up night, and what the linter says of a text while it is typed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow
from irm.categories import choices
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Wrong, in_words
from irm.i18n import DEFAULT_LOCALE, N_, Translator
from irm.playbooks import signals as s, wording
from irm.playbooks.durations import parse_duration
from irm.playbooks.language import ReadPlaybook, read_playbook
from irm.playbooks.publishing import frozen
from irm.playbooks.routes import FILE, checked_here
from irm.playbooks.simulator import supposing
from irm.playbooks.simulator.drawn import Figure, figure
from irm.playbooks.simulator.graph import Graph, StepWords, graph
from irm.playbooks.simulator.simulated import simulated
from irm.playbooks.simulator.situation import FACTS, OBLIGATION, Situation
from irm.playbooks.simulator.timeline import Supposed
from irm.playbooks.steps import Playbook
from irm.playbooks.versions import chosen, versions as versions_of
from irm.positions import Fault, LanguageError
from irm.rules.levels import LEVELS, NAMES
from irm.rules.pack import Pack
from irm.rules.queries import current_packs, filing_allowance
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.wording import duration

FIELDS: Final[Mapping[str, str]] = {
    "level": "3",
    "cii": "unknown",
    "category": "",
    "crime": "",
    "answered": "",
    "handled": "",
    "passes": "1h",
}
"""What a made-up night is asked for, with what stands there at first."""
ASKED: Final = frozenset({"level", "category"})
CII: Final = {"unknown": N_("unclear"), "yes": N_("yes"), "no": N_("no")}
ANSWERED: Final = ("5m", "15m", "40m")
HANDLED: Final = ("3h", "1d")
PASSES: Final = ("1h", "4h")


def night_of(given: Mapping[str, Any], playbook: Playbook | None = None) -> dict[str, str]:
    """As asked for; where nothing is, a night on which the playbook begins, if there is one."""
    night = {name: str(given.get(name, usual)) for name, usual in FIELDS.items()}
    if playbook is None or any(name in given for name in ASKED) or begins_on(playbook, night):
        return night
    kinds = [kind for _, group in choices(DEFAULT_LOCALE) for kind, _ in group]
    tried = ({**night, "level": level, "category": kind} for level in ("3", "1", "4") for kind in ("", *kinds))
    return next((one for one in tried if begins_on(playbook, one)), night)


def is_about_a_duty(playbook: Playbook) -> bool:
    return playbook.start.on[0].startswith("obligation.")


def begins_on(playbook: Playbook, night: Mapping[str, str]) -> bool:
    """A condition that cannot be judged counts as holding, as it does on a real night. What is no choice begins nothing."""
    try:
        facts = with_night(night).copy_for(playbook)
    except Wrong:
        return False
    try:
        return playbook.start.when is None or playbook.start.when(facts)
    except Exception:  # noqa: BLE001 - whatever a condition raises
        return True


def night_choices(t: Translator) -> dict[str, list[Any]]:
    """For the selects of the form."""

    def after(times: Sequence[str]) -> list[tuple[str, str]]:
        return [(one, t("after %(time)s", time=duration(parse_duration(one), t))) for one in times]

    return {
        "level": [(str(level), t(NAMES[level])) for level in LEVELS],
        "cii": [(name, t(word)) for name, word in CII.items()],
        "category": choices(t.locale),
        "crime": [("yes", t("yes"))],
        "answered": after(ANSWERED),
        "handled": after(HANDLED),
        "passes": after(PASSES),
    }


def night_fields(given: Mapping[str, Any], t: Translator) -> dict[str, Any]:
    return {"night": Form(night_of(given)), "night_choices": night_choices(t)}


def with_night(night: Mapping[str, str]) -> Situation:
    """Raises Wrong for what is none of the choices."""
    category, _, subcategory = night["category"].partition("/")
    given = {"level": night["level"], "cii": night["cii"], "crime_suspected": "true" if night["crime"] else "false"}
    return supposing.with_facts(Situation(dict(FACTS)), given | {"category": category, "subcategory": subcategory})


def supposed_of(playbook: Playbook, night: Mapping[str, str]) -> tuple[Situation, list[Supposed]]:
    """Raises Wrong for what is none of the choices."""
    situation = with_night(night)
    told = supposing.events(playbook, situation, (), night["handled"] or None)
    if is_about_a_duty(playbook) and night["passes"]:
        told.append(Supposed(parse_duration(night["passes"]), s.ObligationOverdue(OBLIGATION)))
    if night["answered"]:
        told += supposing.everybody_after(playbook, situation, parse_duration(night["answered"]))
    return situation, told


def night_figure(
    playbook: Playbook, night: Mapping[str, str], packs: Sequence[Pack], t: Translator, *, key: str, links: bool = True
) -> Figure:
    """Raises Wrong. `links`: the steps stand on the same page."""
    situation, told = supposed_of(playbook, night)
    found = simulated(playbook, situation, told, packs=packs, allowance=filing_allowance(packs))
    title = t("%(title)s, supposed", title=t.of(playbook.title))
    return figure(
        found.course, t, key=key, title=title, href=(lambda step: f"#step-{step}") if links else (lambda _step: "")
    )


async def shown_night(
    tx: Tx, playbook: Playbook, given: Mapping[str, Any], t: Translator, *, now: datetime, key: str, links: bool = True
) -> dict[str, Any]:
    """What the template needs of a made-up night."""
    night = night_of(given, playbook)
    packs = await current_packs(tx, now=now)
    drawn, refused = None, ""
    try:
        drawn = night_figure(playbook, night, packs, t, key=key, links=links)
    except Wrong as error:
        refused = in_words(error.args[0], t)
    return {
        "figure": drawn,
        "refused": refused,
        "begins": begins_on(playbook, night),
        **night_fields(night, t),
        "of_incidents": not is_about_a_duty(playbook),
    }


@get("/playbooks/{playbook:str}/simulation", opt=allow(Permission.READ_PLAYBOOKS), include_in_schema=False)
async def simulation_fragment(
    playbook: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    version: FromQuery[int | None] = None,
) -> Page:
    """The drawing of one version for what the form supposes."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        shown = chosen(await versions_of(tx, playbook), version)
        read = frozen(shown.id, shown.source)
        night = await shown_night(tx, read, request.query_params, t, now=now, key="night")
    return page("playbooks/simulation.html", now=now, **night)


@post("/playbooks/check", opt=allow(Permission.READ_PLAYBOOKS), include_in_schema=False, status_code=HTTP_200_OK)
async def check_typed(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
    of: FromQuery[str | None] = None,
) -> Page:
    """What is typed: its faults with their places, its steps, its course. Nothing is kept. `of`: whose next version it is
    to be, or `new`."""
    typed = await request.form()
    source = str(typed.get("source") or "").replace("\r\n", "\n")
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        words = await checked_words(tx, source, typed, t, settings, now=now, of=of)
    return page("playbooks/checked_live.html", now=now, **words)


async def checked_words(
    tx: Tx,
    source: str,
    given: Mapping[str, Any],
    t: Translator,
    settings: Settings,
    *,
    now: datetime,
    of: str | None = None,
) -> dict[str, Any]:
    """What the editor shows beside the text. `steps` and `figure` are None where the text cannot be read."""
    checked, _ = await checked_here(tx, source, settings, now=now, of=of)
    found: dict[str, Any] = {
        "faults": checked.errors,
        "warnings": checked.warnings,
        "steps": None,
        "figure": None,
        "refused": "",
    }
    try:
        read = read_playbook(source, file=FILE)
    except LanguageError:
        return found | night_fields(given, t)
    found["steps"] = graph_of(read, checked.errors, t)
    return found | await shown_night(tx, read.playbook, given, t, now=now, key="typed", links=False)


def graph_of(read: ReadPlaybook, faults: Sequence[Fault], t: Translator) -> Graph:
    starts = [read.document.place(("steps", index))[0] for index in range(len(read.playbook.steps))]
    ends = [*starts[1:], None]
    faulty = frozenset(
        step.id
        for step, first, after in zip(read.playbook.steps, starts, ends, strict=True)
        if any(first <= one.line and (after is None or one.line < after) for one in faults)
    )
    return graph(read.playbook, step_words(read.playbook, t), faulty)


def step_words(playbook: Playbook, t: Translator) -> dict[str, StepWords]:
    found = {}
    for step in playbook.steps:
        note = ""
        if step.when_source:
            note = t(
                "only if: %(condition)s",
                condition=wording.condition_words(step.when_source, t, playbook) or step.when_source,
            )
        found[step.id] = StepWords(t.of(step.title) or step.id, t(wording.KINDS[step.kind]), note)
    return found


ROUTES: Final = [simulation_fragment, check_typed]
