"""The scene of the year: a cloud authority, a vendor that runs the platform, two units, a tester, the offices."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Final

import httpx
import pytest

from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.notify.channels import configured
from irm.notify.service import note_channels
from irm.playbooks.publishing import publish_library
from irm.rules.policies import adopt
from irm.rules.service import publish_builtin
from irm.rules.work_years import seed
from tests import make
from tests.conftest import Drain, SignIn
from tests.fakes.outside import Outside, outside_world
from tests.feature.year.living import Year, at

SINCE: Final = date(2026, 1, 1)
"""The first day in irm: what was before is history."""
POSTS: Final[dict[str, tuple[Role, ...]]] = {
    "authority.duty": (Role.DUTY_OFFICER,),
    "authority.leader": (Role.DUTY_LEADER,),
    "authority.lead": (Role.SECURITY_LEAD,),
    "authority.deputy": (Role.DEPUTY,),
    "authority.second": (Role.COMPLIANCE_OFFICER,),
    "authority.evaluator": (Role.EVALUATOR,),
    "vendor.duty": (Role.DUTY_OFFICER,),
    "vendor.leader": (Role.DUTY_LEADER,),
    "vendor.lead": (Role.SECURITY_LEAD,),
    "vendor.planner": (Role.COMPLIANCE_OFFICER, Role.DRILL_DIRECTOR),
    "unit.duty": (Role.DUTY_OFFICER,),
    "unit.lead": (Role.SECURITY_LEAD,),
    "unit.head": (Role.UNIT_HEAD,),
    "other.duty": (Role.DUTY_OFFICER,),
    "other.leader": (Role.DUTY_LEADER,),
    "other.lead": (Role.SECURITY_LEAD,),
    "tester.assessor": (Role.ASSESSOR,),
}
SYSTEMS: Final[tuple[dict[str, Any], ...]] = (
    {"code": "cloud", "name": "政务云平台", "owner": "authority", "kind": "platform", "level": 3}
    | {"operator": "vendor", "maintainers": ["vendor"], "filed_on": "2020-03-20", "filing_number": "41040000001"},
    {"code": "oa", "name": "协同办公", "owner": "unit", "level": 3, "platform": "cloud"}
    | {"filed_on": "2024-05-06", "filing_number": "41040000002"},
    {"code": "web", "name": "门户网站", "owner": "unit", "level": 3, "platform": "cloud"}
    | {"filed_on": "2023-08-01", "filing_number": "41040000003", "certificate_until": "2026-07-31"},
    {"code": "school", "name": "学籍管理", "owner": "other", "level": 2, "platform": "cloud"}
    | {"filed_on": "2024-09-02", "filing_number": "41040000004"},
)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """A message that no chapter expected fails the test."""
    async with outside_world() as world:
        yield world


@pytest.fixture
def settings(settings: Settings, outside: Outside) -> Settings:
    return outside.settings(settings)


@pytest.fixture
async def year(
    db: Database,
    clock: FixedClock,
    settings: Settings,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    drain: Drain,
    outside: Outside,
) -> Year:
    """The last day before the year: everything is entered, nothing is owed."""
    clock.set(at(12, 31, 9, year=2025))
    found = Year(db, clock, settings, client, sign_in, drain, outside)
    async with db.transaction(SYSTEM) as tx:
        now = clock.now()
        await note_channels(tx, configured(settings), now=now)
        await publish_builtin(tx, actor=SYSTEM, now=now)
        await publish_library(tx, actor=SYSTEM, now=now)
        await seed(tx, now=now)
        await adopt(tx, "pingdingshan-cloud-2019", adopted=True, reason="model", actor=SYSTEM, now=now)
        for name, kind in (
            ("authority", AUTHORITY),
            ("vendor", "vendor"),
            ("unit", "using_unit"),
            ("other", "using_unit"),
        ):
            found.places[name] = await make.organization(tx, kind, code=name, in_use_from=SINCE)
        found.places["tester"] = await make.organization(tx, "assessor", code="tester")
        for name, kind, more in (
            ("police", "public_security", {}),
            ("office", "cyberspace_office", {}),
            ("province", "cyberspace_office", {"tier": "province", "region": "410000"}),
        ):
            email = f"{name}@office.example.invalid"
            found.places[name] = await make.organization(tx, kind, code=name, joined=False, email=email, **more)
        for post, roles in POSTS.items():
            place, _, desk = post.partition(".")
            found.people[post] = await make.account(tx, found.places[place], *roles)
            if desk == "duty":
                await make.duty(tx, found.places[place], found.people[post].person_id, hours=24 * 500)
    for given in SYSTEMS:
        one: dict[str, Any] = {
            "live_on": "2020-01-01",
            "level_fixed_on": "2020-03-01",
            "in_use_from": SINCE.isoformat(),
        }
        one |= given | {"owner": str(found.places[given["owner"]]), "cii": "no"}
        if "operator" in given:
            one["operator"] = str(found.places[given["operator"]])
        one["maintainers"] = [str(found.places[name]) for name in given.get("maintainers", ())]
        if "platform" in given:
            one["platform"] = str(found.systems[given["platform"]])
        answer = await found.post("authority.lead", "/api/v1/systems", **one)
        found.systems[given["code"]] = answer["id"]
    return found
