"""The duty desk of the made-up city as it stands today: who leads the duty, who is away, whom to call, who holds which
post, what machines have sent.

Nothing of it is past: it is entered at the very moment at which somebody starts irm, by the city itself.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select

from irm.access import engagements, keeping_contacts, staff_posts
from irm.access.engaging import Engagement
from irm.alerts.sources import Given, register_source
from irm.alerts.writing_down import Posted, take_in
from irm.clock import SHANGHAI
from irm.config import Settings
from irm.db import SYSTEM, Database, Tx
from irm.demo.past import City
from irm.notify.models import RosterRow
from irm.notify.rosters import service
from irm.notify.rosters.leave import record_leave
from irm.notify.rosters.rotation import Seat
from irm.notify.rosters.working_out import Leave

log = structlog.get_logger(__name__)


async def man_the_desk(
    db: Database, city: City, settings: Settings, story: Mapping[str, Any], *, now: datetime, strict: bool = False
) -> None:
    """Everything or nothing; what fails is logged, with `strict` it is raised."""
    try:
        async with db.transaction(SYSTEM) as tx:
            await _leaders(tx, city, story["leaders"], now)
            await _away(tx, city, story["away"], now)
            for one in story["contacts"]:
                await _contact(tx, city, one, now)
            for one in story["staff"]:
                await _employed(tx, city, one, now)
            await _posts(tx, city, story["posts"], now)
            await _machine(tx, story["machine"], Path(settings.home), now)
    except Exception:
        if strict:
            raise
        log.exception("the demo's desk was not manned")


async def _leaders(tx: Tx, city: City, told: Mapping[str, Any], now: datetime) -> None:
    """带班: by the week, from today on."""
    organization = city.organizations[told["organization"]]
    roster = (await tx.scalars(select(RosterRow.id).where(RosterRow.organization_id == organization))).one()
    order = service.rotation_read(
        "leader",
        now.astimezone(SHANGHAI).date() + timedelta(days=1),
        [[Seat(city.people[login])] for login in told["turns"]],
        days="all",
        unit="week",
        length=1,
        starts=told["changes"],
        ends=told["changes"],
        wraps=True,
    )
    await service.set_rotation(tx, roster, order, now=now, actor=SYSTEM)


async def _away(tx: Tx, city: City, told: Mapping[str, Any], now: datetime) -> None:
    person = city.people[told["login"]]
    begins, ends = (now + timedelta(days=days) for days in told["days"])
    leave = Leave(person, begins, ends, city.people[told["substitute"]])
    organization = city.organizations[city.homes[told["login"]]]
    await record_leave(tx, organization, leave, note=told["note"], now=now, actor=SYSTEM)


async def _contact(tx: Tx, city: City, told: Mapping[str, Any], now: datetime) -> None:
    stated = keeping_contacts.Stated(told["kind"], told["name"], told["telephone"], told.get("person", ""))
    checked = now.astimezone(SHANGHAI).date() - timedelta(days=told["checked"])
    organization = city.organizations[told["organization"]]
    await keeping_contacts.enter(tx, organization, stated, by=None, actor=SYSTEM, now=now, checked_on=checked)


async def _employed(tx: Tx, city: City, told: Mapping[str, Any], now: datetime) -> None:
    """Of a vendor: contract and vetting, whose papers nobody has brought yet. Others are not on record at all."""
    today, (since, left), vetted = now.astimezone(SHANGHAI).date(), told["contract"], told["vetted"]
    stated = Engagement(
        told["number"],
        today - timedelta(days=since),
        today + timedelta(days=left),
        "passed",
        today - timedelta(days=vetted),
        told["by"],
        today - timedelta(days=vetted) + timedelta(days=365),
    )
    person = city.people[told["login"]]
    vendor = city.organizations[city.homes[told["login"]]]
    await engagements.state(tx, vendor, person, stated, actor=SYSTEM, now=now)


async def _posts(tx: Tx, city: City, told: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """One unit lacks a post, one stands empty, and one person holds two that should lie in two hands."""
    today = now.astimezone(SHANGHAI).date()
    named: dict[str, UUID] = {}
    for one in told:
        stated = staff_posts.Stated(one["name"], one["kind"], one.get("key", False), one["duties"])
        post = await staff_posts.enter(tx, city.organizations[one["organization"]], stated, actor=SYSTEM, now=now)
        for who, days in one["held"].items():
            person = city.people.get(who) or named.get(who)
            given: dict[str, Any] = {"person_id": person} if person else {"name": who}
            since = today - timedelta(days=days)
            named[who] = await staff_posts.hold(tx, post, **given, since=since, actor=SYSTEM, now=now)


async def _machine(tx: Tx, told: Mapping[str, Any], home: Path, now: datetime) -> None:
    """A source of the cloud's own, and the storm that it has just sent: one line on the board."""
    source = told["source"]
    given = Given(
        source["code"], source["name"], "alertmanager", source["organization"], source["systems"], unclassified=True
    )
    _, secret = await register_source(tx, given, by=None, actor=SYSTEM, home=home, now=now)
    body = json.dumps(_storm(told["alerts"], now), ensure_ascii=False).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {secret}"}
    for outcome in await take_in(tx, [Posted(source["code"], headers, body)], home=home, now=now):
        if isinstance(outcome, Exception):
            raise outcome


def _storm(alerts: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """As Alertmanager posts it (webhook version 4), one alert for each host."""
    return {
        "version": "4",
        "receiver": "irm",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": one["name"], "severity": one["severity"], "instance": host},
                "annotations": {"summary": one["summary"]},
                "startsAt": (now - timedelta(minutes=one["minutes"])).isoformat(),
            }
            for one in alerts
            for host in one["hosts"]
        ],
    }
