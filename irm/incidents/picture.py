"""An incident as the rules look at it: its parts, their systems, what is known, and the packs that judge it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from irm.access.queries import Organization
from irm.db import Tx
from irm.incidents import facts as stated
from irm.incidents.directory import directory, systems_of
from irm.incidents.models import IncidentRow, PartRow, PartSystemRow
from irm.rules.duties import Cii
from irm.rules.load import catalogue
from irm.rules.pack import Pack
from irm.rules.queries import packs_for
from irm.systems.queries import System


@dataclass(frozen=True)
class PartState:
    """One part with the systems through which it is concerned."""

    row: PartRow
    systems: tuple[System, ...]


@dataclass(frozen=True)
class Picture:
    """Everything that the rules look at, read once."""

    incident: IncidentRow
    parts: tuple[PartState, ...]
    packs: Sequence[Pack]
    common: Mapping[str, Any]
    organizations: Mapping[UUID, Organization]

    @property
    def systems(self) -> tuple[System, ...]:
        found = {system.id: system for part in self.parts for system in part.systems}
        return tuple(found.values())

    @property
    def cii(self) -> Cii:
        return worst_cii(self.systems)


def worst_cii(systems: Iterable[System]) -> Cii:
    """Yes over unknown over no; without any system nobody can say no."""
    values = {system.cii for system in systems} or {"unknown"}
    return "yes" if "yes" in values else "unknown" if "unknown" in values else "no"


async def picture_of(tx: Tx, incident: IncidentRow, *, lock: bool) -> Picture:
    """`lock`: whoever grades has the parts to itself, in the order of their ids. Who only writes a draft must not lock:
    a run holds obligations by then, and grading takes them after the parts."""
    which = select(PartRow).where(PartRow.incident_id == incident.id).order_by(PartRow.id)
    if lock:
        which = which.with_for_update(key_share=True).execution_options(populate_existing=True)
    parts = list(await tx.scalars(which))
    links = (
        await tx.execute(
            select(PartSystemRow.part_id, PartSystemRow.system_id).where(
                PartSystemRow.part_id.in_([part.id for part in parts])
            )
        )
    ).all()
    systems = {system.id: system for system in await systems_of(tx, {system_id for _, system_id in links})}
    packs = await packs_for(tx, incident.packs, incident.discovered_at, about="incident")
    scales = {name: tuple(step.value for step in fact.scale) for name, fact in catalogue().items() if fact.scale}
    common = stated.common(incident.facts, [part.facts for part in parts], scales)
    return Picture(
        incident,
        tuple(
            PartState(part, tuple(systems[system_id] for part_id, system_id in links if part_id == part.id))
            for part in parts
        ),
        packs,
        common,
        await directory(tx),
    )
