"""The director's room while the drill runs, and the button that everybody has: this is real."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, allow, may
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.drills import acting, desk, injecting, queries
from irm.drills.access import directed, may_direct, readable
from irm.drills.models import DrillRow
from irm.drills.pages import READ, WORDS, refusal, show
from irm.drills.running import PAUSE_WORDS
from irm.drills.scenario import Scenario
from irm.drills.vocabulary import ENTRY_WORDS, Part, Status
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import chunks_of, download
from irm.i18n import N_, Translator
from irm.incidents import timeline
from irm.incidents.filing_pages import DRAFT
from irm.incidents.queries import incident_of, sight_of
from irm.notify.words import CHANNEL_NAMES, PURPOSE_NAMES, reason_of
from irm.obligations.forms import form_of
from irm.obligations.words import SUBMISSION_NAMES
from irm.playbooks.titles import RunTitles, titles_of
from irm.web import drafts
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

EITHER: Final = allow(Permission.READ_DRILLS, Permission.READ_INCIDENTS)
ROOM: Final = N_("Only director, evaluators and observers see the room while the drill runs.")


@get("/drills/{number:str}/room", opt=READ, include_in_schema=False)
async def room_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    return await _room(db, clock, principal, t, number, "drills/room.html")


@get("/drills/{number:str}/room/now", opt={**READ, "passive": True}, include_in_schema=False)
async def room_now(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """The room again, fetched when something in the drill has happened."""
    return await _room(db, clock, principal, t, number, "drills/room_now.html")


@post("/drills/{number:str}/injects/{inject:str}/do", opt=READ, include_in_schema=False)
async def do_inject(
    number: FromPath[str],
    inject: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    async def work(tx: Tx, row: DrillRow) -> None:
        await injecting.inject_by_hand(tx, row, inject, by=principal, now=clock.now())

    return await _directing(db, clock, principal, t, number, work)


@post("/drills/{number:str}/injects/{inject:str}/skip", opt=READ, include_in_schema=False)
async def skip_inject(
    number: FromPath[str],
    inject: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    async def work(tx: Tx, row: DrillRow) -> None:
        await injecting.skip_inject(tx, row, inject, by=principal, now=clock.now())

    return await _directing(db, clock, principal, t, number, work)


@post("/drills/{number:str}/pages/{delivery:uuid}/answer", opt=READ, include_in_schema=False)
async def answer_page(
    number: FromPath[str],
    delivery: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    async def work(tx: Tx, row: DrillRow) -> None:
        await desk.answer_page(tx, row, delivery, by=principal, now=clock.now())

    return await _directing(db, clock, principal, t, number, work)


@post("/drills/{number:str}/submissions/{submission:uuid}/answer", opt=READ, include_in_schema=False)
async def answer_submission(
    number: FromPath[str],
    submission: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    values = flatten((await request.form()).multi_items())

    async def work(tx: Tx, row: DrillRow) -> None:
        outcome, note = str(values.get("outcome") or ""), str(values.get("note") or "")
        await desk.answer_report(tx, row, submission, outcome=outcome, note=note, by=principal, now=clock.now())

    return await _directing(db, clock, principal, t, number, work)


@post("/drills/{number:str}/real", opt=READ, include_in_schema=False)
async def this_is_real(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    """The drill stands; whoever said so is led to filing, with what the drill is about filled in."""
    async with db.transaction(principal.actor) as tx:
        row = await readable(tx, number, principal)
        await acting.stop_for_real(tx, row, by=principal, now=clock.now())
        await _prefill(tx, row, principal, clock, {})
    return Redirect("/report", status_code=HTTP_303_SEE_OTHER)


@post("/drills/of/{incident:uuid}/real", opt=EITHER, include_in_schema=False)
async def exercise_is_real(
    incident: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    """From an incident of the drill: the same, for whoever sees that incident."""
    async with db.transaction(principal.actor) as tx:
        await sight_of(tx, (await incident_of(tx, incident)).number, principal)
        row, given = await acting.drill_behind(tx, incident)
        await acting.stop_for_real(tx, row, by=principal, now=clock.now())
        await _prefill(tx, row, principal, clock, given)
    return Redirect("/report", status_code=HTTP_303_SEE_OTHER)


@post("/drills/{number:str}/files", opt=READ, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def attach_files(
    number: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Sign-in sheet, photos, minutes: by whoever directs or plans it."""
    files = [one for _, one in (await request.form()).multi_items() if isinstance(one, UploadFile) and one.filename]
    try:
        async with db.transaction(principal.actor) as tx:
            row = await readable(tx, number, principal)
            if not (await may_direct(tx, row, principal) or _plans(principal, row)):
                raise Forbidden(N_("You do not add files to this drill."))
        for file in files:
            blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename, field="files")
            async with db.transaction(principal.actor) as tx:
                await evidence.attach(
                    tx,
                    blob,
                    subject=f"drill/{row.id}",
                    organization_id=principal.home,
                    account_id=principal.account_id,
                    actor=principal.actor,
                    now=clock.now(),
                )
    except (Invalid, Conflict) as refused:
        return refusal(await show(db, clock, principal, number, Form.refused({}, refused, t)))
    return Redirect(f"/drills/{number}#files", status_code=HTTP_303_SEE_OTHER)


@get("/drills/{number:str}/files/{attachment:uuid}", opt=READ, include_in_schema=False)
async def download_file(
    number: FromPath[str],
    attachment: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Stream:
    async with db.transaction(principal.actor) as tx:
        row = await readable(tx, number, principal)
        found = await evidence.attachment(tx, attachment)
        if found.subject != f"drill/{row.id}":
            raise NotFound(N_("There is no such file, or it is not yours to see."))
        await evidence.record_reading(tx, found, actor=principal.actor, now=clock.now())
    return download(BlobStore(settings.home / "blobs"), found)


async def _room(
    db: Database,
    clock: Clock,
    principal: Principal,
    t: Translator,
    number: str,
    template: str,
    form: Form | None = None,
) -> Page | Redirect:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        row = await readable(tx, number, principal)
        one = await queries.drill(tx, row, principal)
        if one.clock is None:
            return Redirect(f"/drills/{number}", status_code=HTTP_303_SEE_OTHER)
        if not one.sees_room:
            raise Forbidden(ROOM)
        room = await queries.room(tx, row, one.clock, now=now)
        entries = await queries.told(tx, row, room.incidents)
        people = {UUID(each.actor.partition("/")[2]) for each in entries if each.actor.startswith("person/")}
        names = {f"person/{each}": name for each, name in (await access.person_names(tx, people)).items()}
        organizations = await access.organization_names(tx, timeline.organizations_in(entries))
        runs = await titles_of(tx, (each.body for each in entries))
    names |= {"system": t("irm"), "token": t("another system"), "channel": t("reply by message")}
    return page(
        template,
        now=now,
        form=form or Form(),
        drill=one,
        row=row,
        room=room,
        elapsed=one.clock.elapsed(row.ended_at or now),
        is_running=row.status == Status.RUNNING,
        pause_words=PAUSE_WORDS,
        may_act=one.directs and row.status == Status.RUNNING,
        entries=[_told(each, t, names, organizations, runs, room.scenario) for each in entries],
        topics=" ".join([f"drill/{row.id}", *(each.subject for each in room.incidents)]),
        purpose_names=PURPOSE_NAMES,
        channel_names=CHANNEL_NAMES,
        submission_names=SUBMISSION_NAMES,
        reason_of=reason_of,
        form_name=lambda name: form_of(name).short,
        Part=Part,
        **WORDS,
    )


def _told(
    entry: timeline.Entry,
    t: Translator,
    names: dict[str, str],
    organizations: dict[UUID, str],
    runs: Mapping[str, RunTitles],
    scenario: Scenario | None,
) -> tuple[timeline.Entry, str, str, str, str]:
    if entry.action in ENTRY_WORDS:
        inject = scenario.inject(str(entry.body.get("inject"))) if scenario else None
        detail = t.of(inject.title) if inject else ""
        if entry.action == "drill.paused":
            detail = t(PAUSE_WORDS.get(str(entry.body.get("reason")), ""))
        return entry, t(ENTRY_WORDS[entry.action]), detail, names.get(entry.actor, ""), "key"
    what, detail = timeline.words(t, entry, organizations, runs)
    return entry, what, detail, timeline.who(names, entry.actor, entry.body), timeline.tone(entry.action)


async def _directing(
    db: Database,
    clock: Clock,
    principal: Principal,
    t: Translator,
    number: str,
    work: Callable[[Tx, DrillRow], Awaitable[None]],
) -> Page | Redirect:
    try:
        async with db.transaction(principal.actor) as tx:
            await work(tx, await directed(tx, number, principal))
    except (Invalid, Conflict) as refused:
        answer = await _room(db, clock, principal, t, number, "drills/room.html", Form.refused({}, refused, t))
        return refusal(answer) if isinstance(answer, Page) else answer
    return Redirect(f"/drills/{number}/room", status_code=HTTP_303_SEE_OTHER)


async def _prefill(tx: Tx, row: DrillRow, principal: Principal, clock: Clock, given: dict[str, str]) -> None:
    """Only what is not content: the system and the kind. What is real is typed by whoever knows it."""
    if await drafts.read(tx, principal.account_id, DRAFT) is not None:
        return
    one = await queries.drill(tx, row, principal)
    body = {
        "target_kind": "system" if one.system else "unknown",
        "system": one.system.code if one.system else "",
        "known_at": clock.now().astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M"),
        "category": given.get("category", ""),
    }
    await drafts.keep(tx, principal.account_id, DRAFT, {k: v for k, v in body.items() if v}, now=clock.now())


def _plans(principal: Principal, row: DrillRow) -> bool:
    return may(principal, Permission.PLAN_DRILLS, Resource(frozenset({row.organization_id})))


ROUTES: Final = [
    room_page,
    room_now,
    do_inject,
    skip_inject,
    answer_page,
    answer_submission,
    this_is_real,
    exercise_is_real,
    attach_files,
    download_file,
]
