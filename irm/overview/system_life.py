"""One system's whole life on one page: what it is, who stands behind it, what it owes, what happened to it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, may, reach
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.drills import queries as drills
from irm.drills.vocabulary import STATUS_NAMES as DRILL_NAMES
from irm.errors import Invalid, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import chunks_of
from irm.findings.lifecycle import RISK_NAMES, STATUS_NAMES as FINDING_NAMES
from irm.findings.queries import findings_of_systems
from irm.findings.words import STATUS_TONES as FINDING_TONES
from irm.i18n import N_, Translator
from irm.incidents import queries as incidents
from irm.incidents.filters import Filters as IncidentFilters
from irm.incidents.lifecycle import STATUS_NAMES as INCIDENT_NAMES
from irm.incidents.panels import STATUS_TONES as INCIDENT_TONES
from irm.obligations import queries as obligations
from irm.obligations.forecasting import Forecaster
from irm.obligations.showing import words as duty_words
from irm.rules.moments import end_of
from irm.systems import vocabulary
from irm.systems.assessing import STATUS_NAMES as ASSESSMENT_NAMES
from irm.systems.assessment_queries import assessments_of_systems
from irm.systems.assessment_rules import CONCLUSION_NAMES
from irm.systems.certificates import STATE_NAMES, STATE_TONES
from irm.systems.editing import may_change
from irm.systems.history import in_words, register_entries
from irm.systems.listing import certificates, local_day, terms_of_certificates
from irm.systems.queries import NO_SYSTEM, System, hosted_on, may_name, system, system_by_code
from irm.systems.service import entry
from irm.systems.sheet import Names
from irm.web.pages import Page, page

MOST: Final = 20
MOST_COMING: Final = 12
CHOOSE_FILE: Final = N_("Choose a file.")


@get("/systems/{code:str}", opt=allow(Permission.READ_SYSTEMS), include_in_schema=False)
async def system_page(
    code: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    forecaster: NamedDependency[Forecaster],
) -> Page:
    """Who merely runs on a platform sees what it is and whose, no more."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await _nameable(tx, principal, code)
        names = Names.of(await access.organizations(tx, with_retired=True))
        platform = await system(tx, found.platform_id) if found.platform_id else None
        inside = may(principal, Permission.READ_SYSTEMS, found.resource)
        shown = await _inside(tx, found, principal, names, t, forecaster, now) if inside else {}
    return page(
        "overview/system_life.html",
        now=now,
        system=found,
        inside=inside,
        names=names,
        platform=platform,
        today=local_day(now),
        may_edit=may_change(principal, found),
        may_attach=inside and may(principal, Permission.ADD_EVIDENCE, found.resource),
        may_export=inside and may(principal, Permission.EXPORT_EVIDENCE, found.resource),
        kind_names=vocabulary.KIND_NAMES,
        level_names=vocabulary.LEVEL_NAMES,
        no_level=vocabulary.NO_LEVEL_NAME,
        life_cycle_names=vocabulary.LIFE_CYCLE_NAMES,
        portal_rank_names=vocabulary.PORTAL_RANK_NAMES,
        answers=vocabulary.YES_NO_UNKNOWN_NAMES,
        field_names=vocabulary.FIELD_NAMES,
        state_names=STATE_NAMES,
        state_tones=STATE_TONES,
        **shown,
    )


@post(
    "/systems/{code:str}/files",
    opt=allow(Permission.ADD_EVIDENCE),
    include_in_schema=False,
    status_code=HTTP_303_SEE_OTHER,
)
async def attach_file(
    code: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Redirect:
    """A filing form, a certificate, a contract: kept with its hash beside the system."""
    async with db.transaction(principal.actor) as tx:
        found = await _nameable(tx, principal, code)
        if not may(principal, Permission.ADD_EVIDENCE, found.resource):
            raise NotFound(NO_SYSTEM)
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid(CHOOSE_FILE, field="file")
    blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename)
    own = sorted(principal.organizations & found.parties)
    async with db.transaction(principal.actor) as tx:
        await evidence.attach(
            tx,
            blob,
            subject=f"system/{found.id}",
            organization_id=own[0] if own else principal.home,
            account_id=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
    return Redirect(f"/systems/{found.code}#files", status_code=HTTP_303_SEE_OTHER)


async def _nameable(tx: Tx, principal: Principal, code: str) -> System:
    """A foreign system and an unknown one are the same answer."""
    found = await system_by_code(tx, code.replace("\0", ""))
    if not (may(principal, Permission.READ_SYSTEMS, found.resource) or await may_name(tx, principal, found.id)):
        raise NotFound(NO_SYSTEM)
    return found


async def _inside(
    tx: Tx, found: System, by: Principal, names: Names, t: Translator, forecaster: Forecaster, now: datetime
) -> dict[str, Any]:
    """A fixed number of statements, however long its life."""
    sees_cii = reach(by, Permission.SEE_CII).covers(found.resource)
    known, _ = await entry(tx, found.id)
    terms = await terms_of_certificates(tx, now=now)
    owed = reach(by, Permission.READ_OBLIGATIONS)
    path = f"system/{found.id}"
    duties = await obligations.obligations(tx, owed, now=now, wanted=obligations.ObligationFilter(subject=path))
    today = local_day(now)
    year_end = end_of(today.replace(year=today.year + 1, month=12, day=31))
    coming = [
        one
        for one in await forecaster.between(tx, now, year_end, now=now, system=found.id)
        if owed.covers(one.resource)
    ]
    about, more_incidents = await incidents.incidents(tx, by, IncidentFilters(system=found.id), limit=MOST)
    held, more_drills = await drills.drills(tx, by, drills.Filters(system=found.id), limit=MOST)
    tests = (await assessments_of_systems(tx, by, [found.id]))[found.id]
    far = reach(by, Permission.READ_FINDINGS)
    findings = [one for one in await findings_of_systems(tx, [found.id]) if far.covers(one.resource)]
    entries = await register_entries(tx, found.id)
    people = {UUID(one.actor.partition("/")[2]) for one in entries if one.actor.startswith("person/")}
    actors = {f"person/{one}": name for one, name in (await access.person_names(tx, people)).items()}
    carried = await hosted_on(tx, found.id) if found.kind == "platform" else []
    sees_all = reach(by.away or by, Permission.READ_SYSTEMS)
    files = await evidence.attachments_of(tx, path) if may(by, Permission.READ_EVIDENCE, found.resource) else []
    return {
        "entry": known,
        "sees_cii": sees_cii,
        "terms": terms,
        "proof": (await certificates(tx, [found], terms, now=now))[found.id],
        "duties": duties.entries,
        "more_duties": duties.next_cursor is not None,
        "coming": coming[:MOST_COMING],
        "more_coming": max(0, len(coming) - MOST_COMING),
        "incidents": about,
        "more_incidents": more_incidents is not None,
        "incident_names": {one.value: name for one, name in INCIDENT_NAMES.items()},
        "incident_tones": INCIDENT_TONES,
        "drills": held,
        "more_drills": more_drills is not None,
        "drill_names": DRILL_NAMES,
        "assessments": tests,
        "assessment_names": ASSESSMENT_NAMES,
        "conclusion_names": CONCLUSION_NAMES,
        "findings": findings,
        "finding_names": FINDING_NAMES,
        "finding_tones": FINDING_TONES,
        "risk_names": RISK_NAMES,
        "changes": in_words(entries, t, names, {}, sees_cii=sees_cii),
        "actors": actors | {"system": t("irm"), "token": t("another system")},
        "carried": [one for one in carried if sees_all.covers(one.resource)],
        "files": [
            {
                "href": f"/attachments/{one.id}",
                "name": one.filename,
                "size": one.size,
                "media_type": one.media_type,
                "sha256": one.sha256,
                "at": one.uploaded_at,
                "by": names.name(one.organization_id),
            }
            for one in files
        ],
        "may_test": may(by, Permission.EDIT_ASSESSMENTS, found.resource),
        "may_find": may(by, Permission.EDIT_FINDINGS, found.resource),
        **duty_words(),
    }


ROUTES: Final = [system_page, attach_file]
