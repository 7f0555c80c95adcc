"""Pages: a version as CACAO document with what it cannot carry, and a document or file laid on the desk as a draft."""

from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import N_, Translator
from irm.playbooks.cacao.files import export_version
from irm.playbooks.version_routes import document_response, gathered
from irm.web.pages import Page, page

DRAFT: Final = "playbooks.edit:new"
"""No playbook can be called so."""
NO_FILE: Final = N_("Choose a file: a CACAO document (JSON) or a playbook (YAML).")


@get(
    "/playbooks/{playbook:str}/versions/{version:int}/cacao",
    opt=allow(Permission.READ_PLAYBOOKS),
    include_in_schema=False,
)
async def export_page(
    playbook: FromPath[str],
    version: FromPath[int],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """What the document cannot carry, before it is given away."""
    async with db.transaction(principal.actor) as tx:
        made, one = await export_version(tx, playbook, version, t)
    return page(
        "playbooks/cacao.html", now=clock.now(), one=one, losses=gathered(made.losses, t, whole=t.of(one.title))
    )


@get(
    "/playbooks/{playbook:str}/versions/{version:int}/cacao.json",
    opt=allow(Permission.READ_PLAYBOOKS),
    include_in_schema=False,
)
async def export_file(
    playbook: FromPath[str],
    version: FromPath[int],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    async with db.transaction(principal.actor) as tx:
        made, one = await export_version(tx, playbook, version, t)
    return document_response(made.text, f"{one.playbook_id}-{one.version}.cacao.json")


ROUTES: Final = [export_page, export_file]
