"""Chapter: the register as it stood: levels, filing, certificates, stages of life."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.i18n import N_
from irm.ledger import LedgerEntryRow
from irm.reports.figures.certificates import Proofs, certificates_of, states
from irm.reports.figures.duties import Organizations
from irm.reports.span import Span
from irm.reports.standing import Registered, as_before, stood
from irm.reports.tally import Chapter, Column, Grid, Pool, Tally, both
from irm.systems.certificates import NOTHING, State
from irm.systems.models import SystemRow
from irm.systems.vocabulary import LEVEL_NAMES, LEVELS, LIFE_CYCLE_NAMES

UNGRADED: Final = "ungraded"
PATH: Final = "/systems/%s"


async def chapter(tx: Tx, span: Span, pool: Pool, organizations: Organizations) -> Chapter:
    """A system counts with the unit that answers for it (主管), so every one counts once."""
    s = SystemRow
    at = span.stands_at
    statement = select(s).where(s.retired_at.is_(None) | (s.retired_at > at)).order_by(s.code)
    if span.organization_id is not None:
        statement = statement.where(s.owner_id == span.organization_id)
    before = await _before(tx, span)
    proofs = await certificates_of(tx, span, at=at)
    levels, stages, owners, certificates = Tally(pool), Tally(pool), Tally(pool), Proofs(pool)
    whose = set()
    for row in await tx.scalars(statement):
        was = stood(_registered(row), at, before.get(row.id))
        if was is None:
            continue
        record = pool.add(PATH % row.code, f"{row.code} · {row.name}")
        line = f"level_{was.level}" if was.level else UNGRADED
        whose.add(row.owner_id)
        proof = proofs.get(row.id, NOTHING)
        for tally, key in ((levels, line), (owners, str(row.owner_id))):
            tally.add(key, "systems", record)
            tally.add(key, "filed" if was.is_filed else "not_filed", record)
            tally.add(key, proof.state.value, record)
        certificates.add(proof, record)
        stages.add(was.life_cycle, "systems", record)
    columns = (
        Column("systems", both(N_("Systems"))),
        Column("filed", both(N_("Filed"))),
        Column("not_filed", both(N_("Not filed"))),
        *(Column(key, title) for key, title in states()),
        Column("rate", both(N_("Share filed")), (("filed",), ("systems",))),
    )
    level_labels = [(f"level_{level}", both(LEVEL_NAMES[level])) for level in reversed(LEVELS)]
    level_labels.append((UNGRADED, both(N_("Level not fixed"))))
    one = columns[:1]
    grids = [
        Grid(
            "by_level",
            both(N_("Systems by protection level, filing and certificate")),
            both(N_("Protection level")),
            columns,
            levels.lines(level_labels, columns, empty=True),
            total=True,
            chart=("filed", "not_filed"),
        ),
        certificates.grid(),
        Grid(
            "by_stage",
            both(N_("Systems by stage of life")),
            both(N_("Stage")),
            one,
            stages.lines([(key, both(name)) for key, name in LIFE_CYCLE_NAMES.items()], one, empty=True),
            total=True,
        ),
    ]
    if span.organization_id is None:
        lines = owners.lines(organizations.labels(whose), columns, empty=False)
        title = both(N_("Systems by organization"))
        grids.append(Grid("by_owner", title, both(N_("Organization")), columns, lines, total=True, additive=False))
    lead = both(
        N_(
            "Systems in the register: %(n)s, of which filed %(filed)s, not filed %(not_filed)s. Certificates to be renewed"
            " now: %(renew)s; expired: %(expired)s; not registered: %(none)s."
        ),
        n=levels.sum("systems"),
        renew=certificates.sum(State.RENEW),
        expired=certificates.sum(State.EXPIRED),
        none=certificates.sum(State.NONE),
        filed=levels.sum("filed"),
        not_filed=levels.sum("not_filed"),
    )
    if not levels.sum("systems"):
        lead = both(N_("No system is in the register of which the reporting organization is in charge."))
    return Chapter("systems", both(N_("Information systems")), tuple(grids), lead=lead)


async def _before(tx: Tx, span: Span) -> Mapping[UUID, Mapping[str, Any]]:
    """What changed since the moment that the report is about, as it was before; by system."""
    e = LedgerEntryRow
    if span.stands_at >= span.as_of:
        return {}
    rows = await tx.execute(
        select(e.subject, e.body)
        .where(e.action == "system.changed", e.at > span.stands_at, e.subject.startswith("system/"))
        .order_by(e.at, e.id)
    )
    changes: dict[UUID, list[Mapping[str, Any]]] = {}
    for subject, body in rows.all():
        changes.setdefault(UUID(subject.partition("/")[2]), []).append(json.loads(body).get("changed") or {})
    return {one: as_before(told) for one, told in changes.items()}


def _registered(row: SystemRow) -> Registered:
    return Registered(
        created_at=row.created_at,
        retired_at=row.retired_at,
        life_cycle=row.life_cycle,
        level=row.level,
        live_on=row.live_on,
        in_use_from=row.in_use_from,
        level_fixed_on=row.level_fixed_on,
        filed_on=row.filed_on,
        is_filed=bool(row.filing_number or row.filed_on),
    )
