"""Lists of the directory as files out: what stands here, in the columns that an import reads, and the empty template."""

from typing import Any, Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from irm.access.policy import Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.documents.media import XLSX
from irm.i18n import Translator
from irm.systems.import_routes import as_file
from irm.systems.lists import KINDS, Kind


def exits(kind: Kind) -> list[Any]:
    """Export and template of one kind, for the page and by interface."""
    assert kind.template is not None
    assert kind.workbook is not None
    give_template, give_workbook = kind.template, kind.workbook
    may_read = allow(*kind.readers)

    @get(f"/{kind.name}/export", opt=may_read, include_in_schema=False)
    async def page_export(
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
        organization: FromQuery[str] = "",
    ) -> Response[bytes]:
        async with db.transaction(principal.actor) as tx:
            content = await give_workbook(tx, principal, organization, t, clock.now())
        return as_file(content, f"{kind.name}.xlsx")

    @get(f"/{kind.name}/template", opt=kind.opt, include_in_schema=False)
    async def page_template(
        db: NamedDependency[Database], principal: NamedDependency[Principal], t: NamedDependency[Translator]
    ) -> Response[bytes]:
        async with db.transaction(principal.actor) as tx:
            return as_file(await give_template(tx, t), f"{kind.name}-template.xlsx")

    @get(
        f"/api/v1/{kind.name}/export",
        opt=may_read,
        tags=[kind.name],
        operation_id=f"export_{kind.name}",
        media_type=XLSX,
    )
    async def export(
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
        organization: FromQuery[str] = "",
    ) -> Response[bytes]:
        """What you may read of it (`organization`: of one, by its code), as an XLSX that can be changed and imported again."""
        async with db.transaction(principal.actor) as tx:
            content = await give_workbook(tx, principal, organization, t, clock.now())
        return as_file(content, f"{kind.name}.xlsx")

    @get(
        f"/api/v1/{kind.name}/template",
        opt=kind.opt,
        tags=[kind.name],
        operation_id=f"get_{kind.name}_template",
        media_type=XLSX,
    )
    async def template(
        db: NamedDependency[Database], principal: NamedDependency[Principal], t: NamedDependency[Translator]
    ) -> Response[bytes]:
        """An empty list to fill in, with drop-downs."""
        async with db.transaction(principal.actor) as tx:
            return as_file(await give_template(tx, t), f"{kind.name}-template.xlsx")

    return [page_export, page_template, export, template]


ROUTES: Final = [route for kind in KINDS.values() if kind.workbook for route in exits(kind)]
