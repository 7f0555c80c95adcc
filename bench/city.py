"""A city at full size, in bulk: 10,000 systems, 100,000 incidents and 400,000 duties of ten years, in well under two minutes.

Desks and people come through the services, so that they are what the rooms expect; what is many is written by the database
itself (`bench/bulk.py`). Nothing here is about a real place.
"""

import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it carries no types

from bench import bulk
from irm import release
from irm.access.names import search_key, sort_key
from irm.access.policy import Role
from irm.db import SYSTEM, Database, uuid7
from irm.rules.evaluate import GradingContext, grade
from irm.rules.facts import Register
from irm.rules.load import builtin_packs
from tests import make

UNITS: Final = 260
VENDORS: Final = 30
SYSTEMS: Final = 10_000
GRADED: Final = 5_000
PLATFORMS: Final = 20
YEARS: Final = 10
DESKS: Final = (
    ("cyberspace_office", "city"),
    ("cyberspace_office", "province"),
    ("public_security", "city"),
    ("public_security", "province"),
    ("protection_department", "city"),
    ("sector_regulator", "city"),
    ("superior", "city"),
    ("duty_general", "city"),
    ("secrecy_administration", "city"),
    ("assessor", "city"),
)
BUREAUS: Final = (
    "教育",
    "财政",
    "民政",
    "卫生健康",
    "住房城乡建设",
    "交通运输",
    "水利",
    "农业农村",
    "文化旅游",
    "应急管理",
)
MATTERS: Final = ("业务", "门户", "审批", "监管", "办公", "数据共享", "档案", "预警", "服务", "统计", "执法", "信用")


@dataclass(frozen=True)
class City:
    """Who reads in the measurements."""

    authority: make.Account
    unit: make.Account
    """The unit with the most systems."""
    vendor: make.Account
    """It has a part in every system."""
    code: str
    """A system in the middle of the register, of that unit."""
    seconds: float


async def build(db: Database, owner_url: str, *, now: datetime, parts: int = 1) -> City:
    """`owner_url`: irm_owner's, for VACUUM (ANALYZE), which a city that has lived has behind it.

    `parts`: build only so small a part of everything (2: half).
    """
    begun = time.perf_counter()
    random.seed(20_26)
    authority, unit, vendor, organizations = await _people(db, now)
    connection = await asyncpg.connect(owner_url.replace("+asyncpg", ""))
    try:
        await connection.execute("SET synchronous_commit = off")
        await connection.execute("SELECT setseed(0.2026)")
        code = await _register(connection, organizations, now, SYSTEMS // parts)
        await _rules(connection)
        for statement in bulk.STATEMENTS:
            await connection.execute(
                statement.replace(":now", f"'{now.isoformat()}'::timestamptz").replace(":parts", str(parts))
            )
        await _gradings(connection, GRADED // parts)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
    return City(authority, unit, vendor, code, time.perf_counter() - begun)


@dataclass(frozen=True)
class _Organizations:
    units: list[UUID]
    vendors: list[UUID]
    protection: UUID


async def _people(db: Database, now: datetime) -> tuple[make.Account, make.Account, make.Account, _Organizations]:
    """Every organization that works in irm has somebody on duty for three days."""
    since = (now - timedelta(days=365 * YEARS)).date()
    async with db.transaction(SYSTEM) as tx:
        await release.publish(tx, actor=SYSTEM, now=now)
        authority = await make.organization(tx, "cloud_authority", in_use_from=since)
        desks = {
            (kind, tier): await make.organization(
                tx, kind, tier=tier, joined=False, region="410000" if tier == "province" else "410400"
            )
            for kind, tier in DESKS
        }
        officer = await make.account(tx, authority, Role.DUTY_OFFICER, Role.COMPLIANCE_OFFICER)
        await make.duty(tx, authority, officer.person_id, hours=72)
        units = [
            await make.organization(tx, name=f"市{BUREAUS[n % len(BUREAUS)]}局第{n + 1}单位", in_use_from=since)
            for n in range(UNITS)
        ]
        vendors = [
            await make.organization(tx, "vendor", name=f"云服务商{n + 1}", in_use_from=since) for n in range(VENDORS)
        ]
        unit = await make.account(tx, units[0], Role.DUTY_OFFICER, Role.COMPLIANCE_OFFICER)
        vendor = await make.account(tx, vendors[0], Role.DUTY_OFFICER, Role.COMPLIANCE_OFFICER)
        await make.duty(tx, units[0], unit.person_id, hours=72)
        await make.duty(tx, vendors[0], vendor.person_id, hours=72)
        for one in [*units[1:], *vendors[1:]]:
            await make.duty(tx, one, await make.person(tx, one, Role.DUTY_OFFICER), hours=72)
    return officer, unit, vendor, _Organizations(units, vendors, desks["protection_department", "city"])


async def _register(connection: asyncpg.Connection, known: _Organizations, now: datetime, count: int) -> str:
    """Few units own much: the first the most. The first vendor maintains everything, another each system besides."""
    names = [f"{BUREAUS[n % len(BUREAUS)]}{MATTERS[n // len(BUREAUS) % len(MATTERS)]}系统{n:05d}" for n in range(count)]
    today, systems, parties, resources = now.date(), [], [], []
    platforms: list[UUID] = []
    code = ""
    for n, name in enumerate(names):
        key, platform = uuid7(), n < PLATFORMS
        owner = known.units[int(len(known.units) * random.random() ** 2)]
        live = today - timedelta(days=random.randrange(30, 365 * YEARS))
        level = random.choices((None, 1, 2, 3, 4), (5, 5, 55, 33, 2))[0]
        filed = live + timedelta(days=20) if level and level > 1 else None
        if platform:
            platforms.append(key)
        if owner == known.units[0] and not code and n > count // 2:
            code = f"s-{n:05d}"
        created = datetime(live.year, live.month, live.day, tzinfo=UTC)
        systems.append(
            (
                key, f"s-{n:05d}", name, "platform" if platform else "system", owner, owner, level,
                f"41040{n:08d}" if filed else None, "市公安局" if filed else None, filed, live, live, None, None,
                random.choices(("yes", "no", "unknown"), (3, 92, 5))[0], known.protection if n % 20 == 0 else None,
                random.choice((None, 200, 5_000, 80_000, 1_200_000)),
                random.choice((None, 0, 1_000, 100_000, 2_000_000)),
                "prefecture" if n % 97 == 0 else "none",
                random.choices(("yes", "no", "unknown"), (5, 90, 5))[0],
                n % 50 == 0, None if platform else random.choice(platforms),
                random.choices(("live", "trial", "building"), (92, 4, 4))[0], live,
                sort_key(name), search_key(name, f"s-{n:05d}"), created, None, 1, None,
            )
        )  # fmt: skip
        parties += [
            (key, known.vendors[0], "maintainer"),
            (key, known.vendors[1 + n % (len(known.vendors) - 1)], "maintainer"),
        ]
        if n % 3 == 0:
            parties.append((key, random.choice(known.units), "user"))
        resources.append((uuid7(), key, "host", f"app-{n:05d}"))
    for table, columns, rows in (
        ("system", bulk.SYSTEM_COLUMNS, systems),
        ("system_party", ("system_id", "organization_id", "role"), parties),
        ("system_resource", ("id", "system_id", "kind", "value"), resources),
    ):
        await connection.copy_records_to_table(table, records=rows, columns=columns)
    return code


async def _rules(connection: asyncpg.Connection) -> None:
    """The duties that the built-in packs know, as rows: titles, articles and forms are the real ones."""
    await connection.execute(bulk.RULES)
    rows: list[tuple[Any, ...]] = []
    counts: dict[str, int] = {}
    for pack in builtin_packs():
        for rule in pack.duties:
            if rule.kind == "standing" or (rule.subject != "incident" and rule.every is None):
                continue
            n = counts[rule.subject] = counts.get(rule.subject, 0) + 1
            recipient = rule.recipients[0]
            texts = [json.dumps(each, ensure_ascii=False) for each in (dict(rule.title), rule.citation.as_json())]
            rows.append(
                (n, rule.subject, rule.id, pack.id, pack.version, *texts, rule.force, rule.status, rule.form,
                 sorted({rule.form, *rule.satisfied_by}), recipient.kind or recipient.relation or "other", recipient.tier,
                 rule.every.months if rule.every else None)
            )  # fmt: skip
    await connection.copy_records_to_table("bench_rule", records=rows, columns=bulk.RULE_COLUMNS)


async def _gradings(connection: asyncpg.Connection, count: int) -> None:
    """Of the newest incidents, with the trace that all packs leave: 60 kB each, so that all would take a minute's writing
    and some gigabytes."""
    packs = [pack for pack in builtin_packs() if not pack.is_model]
    context = GradingContext(datetime(2026, 11, 22, tzinfo=UTC), "malware")
    trace = json.dumps(grade(packs, {"personal_records_leaked": 2_000_000}, context, [Register()]).trace_json())
    await connection.execute(bulk.GRADINGS.replace(":count", str(count)), trace)


def last_year(now: datetime) -> date:
    """The first day of the year before."""
    return date(now.year - 1, 1, 1)
