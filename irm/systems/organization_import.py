"""A list of organizations and desks: what it would register, and the registering."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from irm.access.queries import organizations
from irm.access.service import CODE, ODD_CODE, ODD_REGION, REGION, register_organization
from irm.access.vocabulary import KIND_NAMES, TIER_NAMES
from irm.db import Actor, Tx
from irm.documents.sheets import Column, read_sheet
from irm.errors import FieldError, Said
from irm.i18n import N_

COLUMNS: Final = (
    Column("code", N_("Code of the organization"), "code", required=True, unique=True, most=64, synonyms=(N_("Code"),)),
    Column("name", N_("Name of the organization"), required=True, most=200, synonyms=(N_("Organization"),)),
    Column("short_name", N_("Short name"), most=200),
    Column("kind", N_("Kind"), "choice", required=True, choices=KIND_NAMES),
    Column("tier", N_("Tier"), "choice", required=True, choices=TIER_NAMES),
    Column("region", N_("Administrative division"), "code", required=True),
    Column("joined", N_("Works in this irm"), "boolean"),
    Column("telephone", N_("Telephone"), "code", most=200),
    Column("fax", N_("Fax"), "code", most=200),
    Column("email", N_("E-mail"), most=200),
    Column("postal_address", N_("Postal address"), most=200),
    Column("in_use_from", N_("In this irm since"), "date"),
)


@dataclass(frozen=True)
class Plan:
    """`there`: codes that are registered already; they stay as they are."""

    new: Sequence[Mapping[str, Any]]
    there: Sequence[str]
    faults: Sequence[FieldError]


async def plan(tx: Tx, content: bytes) -> Plan:
    sheet = read_sheet(content, COLUMNS)
    known = {one.code for one in await organizations(tx, with_retired=True)}
    faults = list(sheet.faults)
    new: list[Mapping[str, Any]] = []
    there: list[str] = []
    for row in sheet.rows:
        if row["code"] in known:
            there.append(row["code"])
            continue
        wrong = [
            row.fault(name, Said(message))
            for name, shape, message in (("code", CODE, ODD_CODE), ("region", REGION, ODD_REGION))
            if not shape.fullmatch(row[name])
        ]
        faults += wrong
        if not wrong:
            given = {column.name: row[column.name] for column in COLUMNS if row[column.name] is not None}
            new.append({"joined": True, **given})
    return Plan(new, there, faults)


async def carry_out(tx: Tx, made: Plan, *, actor: Actor, now: datetime) -> None:
    for one in made.new:
        await register_organization(tx, **one, actor=actor, now=now)
