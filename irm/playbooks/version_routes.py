"""JSON API: what becomes of a version beside its approval, and CACAO documents, out and in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.db import Database
from irm.documents.media import JSON, gives
from irm.i18n import Translator
from irm.playbooks.cacao.files import export_version, known_playbooks
from irm.playbooks.cacao.importing import import_cacao
from irm.playbooks.cacao.vocabulary import Loss
from irm.playbooks.city import city_of
from irm.playbooks.models import PlaybookRow
from irm.playbooks.publishing import version_row
from irm.playbooks.version_life import activate, decline, retire
from irm.playbooks.version_schemas import ImportedView, JudgedView, LossList, LossView, Why

TAGS: Final = ["playbooks"]
MEDIA_TYPE: Final = "application/json"


@dataclass
class TakesDocument(Operation):
    """The body is read by `reading.py`, which tells every fault by its pointer, and not by the framework."""

    def __post_init__(self) -> None:
        schema = Schema(type=OpenAPIType.OBJECT, description="A CACAO 2.0 playbook: type, spec_version, workflow …")
        self.request_body = RequestBody({MEDIA_TYPE: OpenAPIMediaType(schema=schema)}, required=True)


@post(
    "/api/v1/playbooks/{playbook:str}/versions/{version:int}/decline",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    tags=TAGS,
    operation_id="decline_playbook",
    status_code=HTTP_200_OK,
)
async def decline_playbook(
    playbook: FromPath[str],
    version: FromPath[int],
    data: JSONBody[Why],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> JudgedView:
    """A version that waits is not to be used; its author withdraws it so. The one in use stays."""
    async with db.transaction(principal.actor) as tx:
        await decline(
            tx,
            playbook,
            version,
            person=principal.person_id,
            reason=data.reason,
            actor=principal.actor,
            now=clock.now(),
        )
        return _judged(await version_row(tx, playbook, version))


@post(
    "/api/v1/playbooks/{playbook:str}/versions/{version:int}/activation",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    tags=TAGS,
    operation_id="activate_playbook",
    status_code=HTTP_200_OK,
)
async def activate_playbook(
    playbook: FromPath[str],
    version: FromPath[int],
    data: JSONBody[Why],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> JudgedView:
    """Back to a version that was in use before, at once; whoever may approve is told. 409 for one that never was."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        city = await city_of(tx, now=now)
        row = await activate(
            tx,
            playbook,
            version,
            reason=data.reason,
            city=city,
            actor=principal.actor,
            now=now,
            person=principal.person_id,
        )
        return _judged(row)


@post(
    "/api/v1/playbooks/{playbook:str}/retirement",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    tags=TAGS,
    operation_id="retire_playbook",
    status_code=HTTP_200_OK,
)
async def retire_playbook(
    playbook: FromPath[str],
    data: JSONBody[Why],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> JudgedView:
    """Nothing begins with the playbook any more; what is under way goes on. Whoever may approve is told."""
    async with db.transaction(principal.actor) as tx:
        row = await retire(
            tx, playbook, reason=data.reason, actor=principal.actor, now=clock.now(), person=principal.person_id
        )
        return _judged(row)


@get(
    "/api/v1/playbooks/{playbook:str}/versions/{version:int}/cacao",
    opt=allow(Permission.READ_PLAYBOOKS) | gives(JSON),
    tags=TAGS,
    operation_id="export_playbook",
)
async def export_playbook(
    playbook: FromPath[str],
    version: FromPath[int],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    """The version as a CACAO 2.0 document, in the reader's language. What CACAO has no place for: `/cacao/losses`."""
    async with db.transaction(principal.actor) as tx:
        made, one = await export_version(tx, playbook, version, t)
    return document_response(made.text, f"{one.playbook_id}-{one.version}.cacao.json")


@get(
    "/api/v1/playbooks/{playbook:str}/versions/{version:int}/cacao/losses",
    opt=allow(Permission.READ_PLAYBOOKS),
    tags=TAGS,
    operation_id="list_export_losses",
)
async def list_export_losses(
    playbook: FromPath[str],
    version: FromPath[int],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> LossList:
    """Step by step what a CACAO document cannot carry of this version, and why."""
    async with db.transaction(principal.actor) as tx:
        made, one = await export_version(tx, playbook, version, t)
    return LossList(one.playbook_id, one.version, loss_views(made.losses, t))


@post(
    "/api/v1/playbooks/cacao",
    opt=allow(Permission.READ_PLAYBOOKS),
    tags=TAGS,
    operation_id="import_playbook",
    operation_class=TakesDocument,
    status_code=HTTP_200_OK,
)
async def import_playbook(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ImportedView:
    """A draft of the CACAO 2.0 document in the body, and all that was not carried or was guessed. Keeps and publishes
    nothing. 422 with each fault by JSON pointer where the document cannot be read."""
    content = await request.body()
    async with db.transaction(principal.actor) as tx:
        known = await known_playbooks(tx)
    made = import_cacao(content, known=known, t=t)
    return ImportedView(made.text, made.whole, loss_views(made.losses, t))


def document_response(text: str, name: str) -> Response[bytes]:
    return Response(
        text.encode(), media_type=MEDIA_TYPE, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def loss_views(losses: Iterable[Loss], t: Translator) -> list[LossView]:
    return [LossView(t.of(one.title) or one.step, one.what.text(t), one.why.text(t)) for one in losses]


def gathered(losses: Iterable[Loss], t: Translator, *, whole: str = "") -> dict[str, dict[str, list[str]]]:
    """For pages: why → what → the steps that it is about, each in the order in which it comes. `whole`: the playbook's
    title, which need not stand beside what is about all of it."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in loss_views(losses, t):
        found.setdefault(one.why, {}).setdefault(one.what, []).extend([one.step] if one.step != whole else [])
    return found


def _judged(row: PlaybookRow) -> JudgedView:
    return JudgedView(row.playbook_id, row.version, row.active, row.verdict)


ROUTES: Final = [
    decline_playbook,
    activate_playbook,
    retire_playbook,
    export_playbook,
    list_export_losses,
    import_playbook,
]
