"""One task: its page, what is said when it is done, and the files that it asks for."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, MultipartBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, Resource, allow, may
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import MAX_SIZE, BlobStore
from irm.evidence.downloads import chunks_of
from irm.evidence.types import TAKEN
from irm.i18n import Translator
from irm.playbooks import queries, showing
from irm.playbooks.schemas import CompleteTask, TaskFile, TaskView
from irm.playbooks.tasks import Done, complete_task
from irm.web.forms import Form
from irm.web.pages import Page, page


@get("/tasks/{task_id:uuid}", opt=allow(Permission.DO_TASKS), include_in_schema=False)
async def task_page(
    task_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    return await _show(db, clock, principal, task_id, Form())


@post("/tasks/{task_id:uuid}", opt=allow(Permission.DO_TASKS), include_in_schema=False, status_code=HTTP_200_OK)
async def task_done_page(
    task_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """The files that came with the form are kept first: what is refused afterwards has not to be sent again."""
    typed = await request.form()
    checked = [str(one) for one in typed.getall("checked", [])]
    values = {
        "checked": checked,
        "choice": typed.get("choice"),
        "note": str(typed.get("note") or ""),
        "no_evidence": str(typed.get("no_evidence") or ""),
    }
    done = Done(
        frozenset(int(one) for one in checked if one.isdecimal()),
        str(values["choice"]) if values["choice"] else None,
        str(values["note"]),
        str(values["no_evidence"]),
    )
    files = [one for one in typed.getall("files", []) if isinstance(one, UploadFile) and one.filename]
    async with db.transaction(principal.actor) as tx:
        _, back = await readable(tx, principal, task_id)
    try:
        await _keep(db, settings, principal, task_id, files, clock)
        if "keep" in typed:
            return Redirect(f"/tasks/{task_id}", status_code=HTTP_303_SEE_OTHER)
        async with db.transaction(principal.actor) as tx:
            await complete_task(tx, task_id, done, principal=principal, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as error:
        answer = await _show(db, clock, principal, task_id, Form.refused(values, error, t))
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    return Redirect(back, status_code=HTTP_303_SEE_OTHER)


@post(
    "/api/v1/tasks/{task_id:uuid}/done",
    opt=allow(Permission.DO_TASKS),
    tags=["tasks"],
    operation_id="complete_task",
    status_code=HTTP_200_OK,
)
async def task_done(
    task_id: FromPath[UUID],
    data: JSONBody[CompleteTask],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[TaskView]:
    """Doing it again changes nothing; deciding otherwise afterwards is a conflict."""
    done = Done(frozenset(data.checked), data.choice, data.note, data.no_evidence)
    async with db.transaction(principal.actor) as tx:
        await complete_task(tx, task_id, done, principal=principal, actor=principal.actor, now=clock.now())
        return Response(showing.task_view(await queries.task(tx, task_id), t))


@post(
    "/api/v1/tasks/{task_id:uuid}/files",
    opt=allow(Permission.DO_TASKS),
    tags=["tasks"],
    operation_id="attach_to_task",
    status_code=HTTP_201_CREATED,
)
async def attach_to_task(
    task_id: FromPath[UUID],
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> TaskFile:
    """One file as the form field `file`, kept as evidence with hash and custody."""
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("Choose a file.", field="file")
    (kept,) = await _keep(db, settings, principal, task_id, [file], clock)
    return TaskFile(kept.id, kept.filename, kept.sha256, kept.size, kept.uploaded_at, f"/attachments/{kept.id}")


async def readable(tx: Tx, principal: Principal, task_id: UUID) -> tuple[queries.Task, str]:
    """The task and the page of its subject. Raises NotFound also for what belongs to others."""
    task = await queries.task(tx, task_id)
    own = Resource(frozenset({task.organization_id} if task.organization_id else ()))
    if task.person_id != principal.person_id and not may(principal, Permission.DO_TASKS, own):
        raise NotFound("This task does not exist.")
    return task, await queries.page_of_run(tx, task.run_id)


async def _keep(
    db: Database,
    settings: Settings,
    principal: Principal,
    task_id: UUID,
    files: Sequence[UploadFile],
    clock: Clock,
) -> list[evidence.Attachment]:
    """Each is on disk before any row is written; a stranger's task is refused before a byte is kept."""
    if not files:
        return []
    async with db.transaction(principal.actor) as tx:
        _still_open((await readable(tx, principal, task_id))[0])
    store = BlobStore(settings.home / "blobs")
    blobs = [await store.put(chunks_of(one), one.filename) for one in files]
    async with db.transaction(principal.actor) as tx:
        task, _ = await readable(tx, principal, task_id)
        _still_open(task)
        kept = [
            await evidence.attach(
                tx,
                blob,
                subject=task.place,
                organization_id=task.organization_id,
                account_id=principal.account_id,
                actor=principal.actor,
                now=clock.now(),
            )
            for blob in blobs
        ]
        return [await evidence.attachment(tx, one) for one in kept]


def _still_open(task: queries.Task) -> None:
    if task.status != "open":
        raise Conflict("This task is over; attach the file to its subject.", field="files")


async def _show(db: Database, clock: Clock, principal: Principal, task_id: UUID, form: Form) -> Page:
    async with db.transaction(principal.actor) as tx:
        task, back = await readable(tx, principal, task_id)
        kept = await evidence.attachments_of(tx, task.place)
    files = [
        {
            "href": f"/attachments/{one.id}",
            "custody": f"/evidence/{one.id}",
            "name": one.filename,
            "size": one.size,
            "media_type": one.media_type,
            "sha256": one.sha256,
            "at": one.uploaded_at,
            "by": "",
        }
        for one in kept
    ]
    return page(
        "playbooks/task.html",
        now=clock.now(),
        task=task,
        back=back,
        form=form,
        files=files,
        accept=",".join(f".{one}" for one in TAKEN),
        size_limit=MAX_SIZE // 1_000_000,
    )


ROUTES: Final = [task_page, task_done_page, task_done, attach_to_task]
