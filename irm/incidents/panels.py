"""What the sections of the incident page show, each by a function of its own, so that htmx can fetch one alone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import REGULATORS, Permission, Principal, Resource, may, reach
from irm.categories import category_name
from irm.db import Tx
from irm.evidence.service import attachments_of
from irm.i18n import N_, Translator
from irm.incidents import desk_showing, facts as stated, queries, showing, timeline, why
from irm.incidents.directory import is_city_authority
from irm.incidents.discovery import MAY_CORRECT
from irm.incidents.lifecycle import STATUS_NAMES, Status, offered
from irm.incidents.plan_figures import figures_of
from irm.incidents.plan_lanes import lanes_of
from irm.incidents.queries import Sight
from irm.incidents.report_items import value_words
from irm.incidents.uniting import MERGEABLE
from irm.notify.duty import duty_at
from irm.notify.queries import deliveries_of, open_pages_for
from irm.notify.words import CHANNEL_NAMES, STATUS_NAMES as DELIVERY_NAMES, reason_of, tone_of as delivery_tone
from irm.obligations import directed, lateness, media, queries as obligations, words as duty_words
from irm.obligations.forms import form_of, forms
from irm.obligations.views import Obligation
from irm.playbooks.queries import runs_of, tasks_of
from irm.playbooks.titles import titles_of
from irm.rules.load import catalogue
from irm.rules.words import mark_note, mark_words
from irm.systems import queries as register
from irm.systems.vocabulary import LEVEL_PHRASES
from irm.web.forms import Form

TIMELINE_LENGTH: Final = 200
ROLE_NAMES: Final[Mapping[str, str]] = {
    "cloud_authority": N_("cloud authority"),
    "operator": N_("operator"),
    "owner": N_("owner"),
    "using_unit": N_("using unit"),
    "maintainer": N_("maintainer"),
    "vendor": N_("vendor"),
    "reporter": N_("filed it"),
}
MEANS_NAMES: Final[Mapping[str, str]] = {
    "web": N_("on the web page"),
    "api": N_("by interface"),
    "telephone": N_("by telephone"),
    "machine": N_("by a machine"),
}
STATUS_TONES: Final[Mapping[str, str]] = {
    "reported": "active",
    "open": "active",
    "contained": "active",
    "handled": "done",
    "closed": "done",
    "dismissed": "aside",
    "withdrawn": "aside",
    "merged": "aside",
}
OUTCOME_NAMES: Final[Mapping[str, str]] = {
    "holds": N_("holds"),
    "could_hold": N_("could hold: not known yet"),
    "undecidable": N_("figure not read: judge by hand"),
    "not_met": N_("not met"),
}


@dataclass(frozen=True)
class Reading:
    """One request for a page: whose, when, in which language."""

    sight: Sight
    by: Principal
    t: Translator
    now: datetime

    @property
    def own(self) -> frozenset[UUID] | None:
        """None: everything."""
        return None if self.sight.everything else self.sight.organizations


Build = Callable[[Tx, Reading], Awaitable[dict[str, Any]]]


async def head(tx: Tx, reading: Reading) -> dict[str, Any]:
    """Levels, state, why, what waits for two, what the reader may do about it."""
    one = reading.sight.incident
    parts = await queries.parts_of(tx, reading.sight)
    resource = Resource(frozenset(part.organization_id for part in parts))
    trace = await queries.latest_trace(tx, reading.sight)
    whole = reach(reading.by, Permission.CHANGE_STATUS).everything
    moves = (
        list(offered(Status(one.status), whole=whole)) if may(reading.by, Permission.CHANGE_STATUS, resource) else []
    )
    return {
        "incident": one,
        "status_name": STATUS_NAMES[Status(one.status)],
        "status_tone": STATUS_TONES[one.status],
        "status_names": {status.value: name for status, name in STATUS_NAMES.items()},
        "category": category_name(one.category, one.subcategory, reading.t.locale),
        "why": why.deciding(trace),
        "why_else": why.undecided(trace),
        "threshold_words": lambda used: why.threshold_words(reading.t, used),
        "outcome_names": OUTCOME_NAMES,
        "mark_words": mark_words,
        "mark_note": mark_note,
        "facts_catalogue": catalogue(),
        "citation": lambda given: duty_words.citation_text(given, reading.t),
        "value_words": lambda name, value: value_words(reading.t, catalogue()[name], value),
        "waiting": await showing.waiting(tx, reading.sight, reading.by),
        "waiting_names": await access.organization_names(tx, {part.organization_id for part in parts}),
        "moment_in": datetime.fromisoformat,
        "may_correct_discovery": Status(one.status) in MAY_CORRECT and may(reading.by, Permission.SET_FACTS, resource),
        "may_assess": may(reading.by, Permission.ASSESS_LEVEL, resource),
        "moves": moves,
        "merged": reading.sight.absorbed,
        "may_merge": whole,
        "mergeable": Status(one.status) in MERGEABLE,
        "open_pages": await open_pages_for(tx, reading.by, subject=one.subject),
    }


async def clocks(tx: Tx, reading: Reading) -> dict[str, Any]:
    """What is owed, the nearest limit first, with recipient and article."""
    found = await obligations.obligations_of(
        tx, reading.sight.incident.subject, now=reading.now, reach=reach(reading.by, Permission.READ_OBLIGATIONS)
    )
    owed = [one for one in found if one.status not in {"superseded", "waived"}]
    chips = [
        {
            **one.chip(),
            "title": reading.t.of(one.title),
            "limit": reading.t(one.limit_word) if one.limit_at else "",
            "article": duty_words.citation_text(one.citation, reading.t),
            "href": f"/obligations/{one.id}",
            "note": reading.t(
                "%(bearer)s → %(recipient)s",
                bearer=one.bearer.name,
                recipient=duty_words.whom(one.recipient, reading.t),
            ),
            "status": "" if one.status == "open" else reading.t(duty_words.STATUS_NAMES[one.status]),
        }
        for one in sorted(owed, key=_pressing)
    ]
    running = [one.limit_at for one in found if one.status == "open" and one.limit_at]
    gone = sum(1 for one in found if one.status in {"superseded", "waived"})
    unexplained = await lateness.unanswered(tx, found, now=reading.now)
    return {
        "clock_chips": chips,
        "clocks_gone": gone,
        "nearest": min(running, default=None),
        "unexplained": [one for one in unexplained if one.born_late],
    }


def _pressing(one: Obligation) -> tuple[bool, bool, float]:
    """Running clocks first, the nearest limit before all; then those without a figure; what is done stands last."""
    at = one.limit_at or one.started_at
    return (one.stopped_at is not None, one.limit_at is None, at.timestamp())


async def people(tx: Tx, reading: Reading) -> dict[str, Any]:
    """Who is concerned and who answers the telephone there; the authorities that reports go to."""
    parts = await queries.parts_of(tx, reading.sight)
    cities = [one.id for one in await access.organizations(tx) if is_city_authority(one)]
    ids = list(dict.fromkeys([*cities, *(part.organization_id for part in parts)]))
    duties = await duty_at(tx, ids, reading.now)
    systems = await register.systems(tx, {one for part in parts for one in part.system_ids})
    by_organization = {part.organization_id: part for part in parts}
    owed = await obligations.obligations_of(
        tx, reading.sight.incident.subject, now=reading.now, reach=reach(reading.by, Permission.READ_OBLIGATIONS)
    )
    desks = {one.recipient.id: one.recipient for one in owed if one.recipient.id and one.recipient.id not in duties}
    return {
        "desks": list(desks.values()),
        "duties": [duties[one] for one in ids if one in duties],
        "parts": by_organization,
        "part_systems": {
            part.organization_id: [systems[one] for one in part.system_ids if one in systems] for part in parts
        },
        "role_names": ROLE_NAMES,
        "level_phrases": LEVEL_PHRASES,
    }


async def told(tx: Tx, reading: Reading) -> dict[str, Any]:
    """The filings, in the filers' own words."""
    filings = await queries.filings_of(tx, reading.sight)
    names = await access.organization_names(tx, {one.organization_id for one in filings})
    systems = await register.systems(tx, {one.system_id for one in filings if one.system_id})
    return {"filings": filings, "filing_names": names, "filing_systems": systems, "means_names": MEANS_NAMES}


async def facts(tx: Tx, reading: Reading) -> dict[str, Any]:
    """Each fact a figure, none found, or unknown; what could change the level stands first."""
    parts = await queries.parts_of(tx, reading.sight)
    own = [part for part in parts if part.organization_id in reading.by.organizations]
    whole = reach(reading.by, Permission.SET_FACTS).everything
    holder = reading.sight.incident.facts if whole or not own else own[0].facts
    known = stated.said(reading.sight.incident.facts)
    mine = stated.said(holder)
    trace = await queries.latest_trace(tx, reading.sight)
    asked = {
        used["fact"]
        for line in trace
        if line.get("counts") in {"possible", "by_hand"}
        for used in line["used"]
        if used["value"] is None
    }
    resource = Resource(frozenset(part.organization_id for part in parts))
    return {
        "fact_list": sorted(catalogue().values(), key=lambda fact: fact.name not in asked),
        "fact_asked": asked,
        "fact_values": {**known, **mine},
        "fact_form": facts_form({**known, **mine}),
        "may_set_facts": may(reading.by, Permission.SET_FACTS, resource),
        "facts_whole": whole,
        "fact_words": lambda fact, value: value_words(reading.t, fact, value),
    }


def facts_form(values: Mapping[str, Any]) -> Form:
    """The form's fields from facts as stated."""
    found: dict[str, Any] = {}
    for name, fact in catalogue().items():
        value = values.get(name)
        if fact.kind in {"scale", "flag"}:
            found[f"fact.{name}"] = (
                {None: "unknown", True: "yes", False: "none"}.get(value, value) if not isinstance(value, str) else value
            )
        elif isinstance(value, int) and not isinstance(value, bool):
            found |= {f"fact.{name}": str(value), f"fact.{name}_state": "value"}
        else:
            found[f"fact.{name}_state"] = value if value in {"none", "unknown"} else "unknown"
    return Form(values=found)


async def plan(tx: Tx, reading: Reading) -> dict[str, Any]:
    """Who was and will be called, before it happens."""
    runs = [
        run
        for one in reading.sight.subjects
        for run in await runs_of(tx, one, now=reading.now, own=reading.own)
        # What goes on in a run of the main incident is shown there.
        if run.status != "joined"
    ]
    messages = await _messages(tx, reading)
    figures = await figures_of(tx, reading.sight, reading.by, reading.t, runs, messages, now=reading.now)
    return {
        "runs": [(run, lanes_of(run, messages, reading.t), figures.get(run.id)) for run in runs],
        "may_see_runs": reading.sight.everything,
    }


async def tasks(tx: Tx, reading: Reading) -> dict[str, Any]:
    found = [task for one in reading.sight.subjects for task in await tasks_of(tx, one, own=reading.own)]
    may_do = reach(reading.by, Permission.DO_TASKS)
    return {
        "tasks": found,
        "task_files": {one.id: await attachments_of(tx, one.place) for one in found if one.evidence_required},
        "may_do": {one.id for one in found if may_do.everything or one.organization_id in may_do.organizations},
    }


async def desk(tx: Tx, reading: Reading) -> dict[str, Any]:
    """Who holds which role, the latest notes, what was handed over."""
    return await desk_showing.desk(tx, reading.sight, reading.by, reading.t, reading.now)


async def reports(tx: Tx, reading: Reading) -> dict[str, Any]:
    found = await obligations.submissions_of(
        tx, reading.sight.incident.subject, reach=reach(reading.by, Permission.READ_SUBMISSIONS)
    )
    far = reach(reading.by, Permission.SUBMIT_REPORT)
    desks = await access.organizations(tx)
    return {
        "may_report": not far.is_empty,
        "report_forms": [
            (name, reading.t.of(form.short)) for name, form in forms().items() if name not in {"filing", "completion"}
        ],
        "recipients": [(str(one.id), one.name) for one in desks if one.kind in REGULATORS or is_city_authority(one)],
        "senders": [(str(one.id), one.name) for one in desks if one.id in far.organizations & reading.by.organizations],
        "submissions": found,
        "submission_names": duty_words.SUBMISSION_NAMES,
        "submission_tones": duty_words.SUBMISSION_TONES,
        "means_words": duty_words.MEANS_NAMES,
        "whom": lambda named: duty_words.whom(named, reading.t),
        "form_name": lambda form: reading.t.of(form_of(form).short),
    }


async def contacts(tx: Tx, reading: Reading) -> dict[str, Any]:
    subject = reading.sight.incident.subject
    found = await obligations.contacts_of(tx, subject, reach=reach(reading.by, Permission.RECORD_CONTACT))
    demands = await directed.directives_of(
        tx, subject, reach=reach(reading.by, Permission.READ_OBLIGATIONS), now=reading.now
    )
    asked = await media.inquiries_of(tx, subject, reach=reach(reading.by, Permission.RECORD_CONTACT))
    return {
        "contacts": found,
        "inquiries": asked,
        "directives": demands,
        "asks_names": duty_words.ASKS_NAMES,
        "directive_names": duty_words.DIRECTIVE_NAMES,
        "directive_tones": duty_words.DIRECTIVE_TONES,
        "contact_means": duty_words.MEANS_NAMES,
        "direction_names": duty_words.DIRECTION_NAMES,
        "may_record_contact": may(reading.by, Permission.RECORD_CONTACT),
    }


async def messages(tx: Tx, reading: Reading) -> dict[str, Any]:
    return {
        "deliveries": await _messages(tx, reading),
        "channel_names": CHANNEL_NAMES,
        "delivery_names": DELIVERY_NAMES,
        "delivery_tone": delivery_tone,
        "reason_of": reason_of,
    }


async def files(tx: Tx, reading: Reading) -> dict[str, Any]:
    found = await showing.attachments(tx, reading.sight)
    names = await access.organization_names(tx, {one.organization_id for one in found if one.organization_id})
    return {
        "files": [
            {
                "href": f"/attachments/{one.id}",
                "custody": f"/evidence/{one.id}",
                "name": one.filename,
                "size": one.size,
                "media_type": one.media_type,
                "sha256": one.sha256,
                "at": one.uploaded_at,
                "by": names.get(one.organization_id, "") if one.organization_id else "",
            }
            for one in found
        ],
        "may_attach": may(reading.by, Permission.ADD_EVIDENCE),
        "file_form": Form(),
    }


async def history(tx: Tx, reading: Reading) -> dict[str, Any]:
    """Who did what when, with the proof in the ledger."""
    entries, more = await timeline.entries_of(tx, reading.sight, limit=TIMELINE_LENGTH)
    names = await timeline.actor_names(tx, reading.sight, entries, reading.t, now=reading.now)
    ids = timeline.organizations_in(entries)
    organizations = await access.organization_names(tx, ids)
    runs = await titles_of(tx, (one.body for one in entries))
    told_entries = [
        (
            one,
            *timeline.words(reading.t, one, organizations, runs),
            timeline.who(names, one.actor, one.body),
            timeline.tone(one.action),
        )
        for one in entries
    ]
    return {
        "entries": told_entries,
        "entries_main": [one for one in told_entries if one[4] != "quiet"],
        "more_entries": more,
    }


async def _messages(tx: Tx, reading: Reading) -> list[Any]:
    found = [each for one in reading.sight.subjects for each in await deliveries_of(tx, one)]
    return [one for one in found if reading.sight.sees(one.organization_id)]


SECTIONS: Final[Mapping[str, Build]] = {
    "head": head,
    "clocks": clocks,
    "people": people,
    "told": told,
    "facts": facts,
    "plan": plan,
    "tasks": tasks,
    "desk": desk,
    "reports": reports,
    "contacts": contacts,
    "messages": messages,
    "files": files,
    "timeline": history,
}
