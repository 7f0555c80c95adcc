"""The register as a workbook: what a list shows, in the columns that an import reads, and the empty template."""

from collections.abc import Collection

from sqlalchemy import any_, select

from irm.access.policy import Permission, Principal, reach
from irm.access.queries import organizations
from irm.db import Tx
from irm.documents.tables import write_sheet, write_template
from irm.i18n import Translator
from irm.systems.listing import Listed
from irm.systems.models import SystemRow
from irm.systems.service import array_of, entries_of
from irm.systems.sheet import COLUMNS, NEED_TO_KNOW, TITLE, Names, row_of_entry


async def workbook(tx: Tx, found: Collection[Listed], principal: Principal, t: Translator) -> bytes:
    """What a reader need not know of one of them has no column at all: an empty one would say “not stated” when it
    comes back.
    """
    ids = [one.system.id for one in found]
    rows = list(await tx.scalars(select(SystemRow).where(SystemRow.id == any_(array_of(ids)))))
    entries = await entries_of(tx, rows)
    names = Names.of(await organizations(tx, with_retired=True))
    carriers = {one.platform_id for one in entries.values() if one.platform_id}
    asked = await tx.execute(
        select(SystemRow.id, SystemRow.code).where(SystemRow.id == any_(array_of(sorted(carriers))))
    )
    platforms = {row.id: row.code for row in asked}
    far = reach(principal, Permission.SEE_CII)
    knows = all(far.covers(one.system.resource) for one in found)
    columns = [one for one in COLUMNS if knows or one.name not in NEED_TO_KNOW]
    return write_sheet(columns, (row_of_entry(entries[one], names, platforms) for one in ids), title=t(TITLE), t=t)


async def template(tx: Tx, t: Translator) -> bytes:
    """Empty, with drop-downs of organizations and platforms."""
    known = await organizations(tx)
    everybody = [one.name for one in known]
    codes = await tx.scalars(
        select(SystemRow.code)
        .where(SystemRow.kind == "platform", SystemRow.retired_at.is_(None))
        .order_by(SystemRow.code)
    )
    lists = {
        "owner": everybody,
        "operator": everybody,
        "tester": [one.name for one in known if one.kind == "assessor"] or everybody,
        "protection_department": [one.name for one in known if one.kind == "protection_department"] or everybody,
        "platform": list(codes),
    }
    return write_template(COLUMNS, title=t(TITLE), t=t, lists=lists)
