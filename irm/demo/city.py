"""Loads the made-up city of `city.yaml` through the same services that a real city uses."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from ruamel.yaml import YAML

from irm.access import login, passwords, service as access
from irm.access.policy import Role
from irm.access.security import security_policy
from irm.clock import SHANGHAI, Clock, FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database, Tx
from irm.demo.approving import have_reports_approved
from irm.demo.desk import man_the_desk
from irm.demo.nights import note_channels_of_the_year
from irm.demo.past import City, quiet
from irm.demo.year import ask_for_report, beginning, live_year, read_story
from irm.notify import duty
from irm.playbooks.publishing import publish_library
from irm.rules.policies import adopt
from irm.rules.service import publish_builtin
from irm.rules.work_years import seed
from irm.systems import service as systems
from irm.systems.entry import Entry

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class DemoAccount:
    """One line of the table that `irm up` prints."""

    organization: str
    post: str
    roles: str
    login: str
    password: str


async def load(
    db: Database,
    clock: Clock,
    settings: Settings,
    *,
    with_year: bool = False,
    strict: bool = False,
    budget: float | None = None,
) -> list[DemoAccount]:
    """The city, everything or nothing, in one transaction. Passwords are random and exist nowhere but in the answer.

    `with_year`: it began in January, and has lived since: what of that fails is left out and logged, because a demo that
    starts with less is better than none; with `strict` it is raised.
    """
    city = _read()
    story = read_story() if with_year else {}
    now = clock.now()
    began = beginning(now) if with_year else now
    async with db.transaction(SYSTEM) as tx:
        if with_year:
            tx.clock = FixedClock(began)
            tx.wiring = quiet(db.wiring, tx.clock)
            await note_channels_of_the_year(tx, began)
        await publish_builtin(tx, actor=SYSTEM, now=began)
        await seed(tx, now=began)
        if with_year:
            adopted = story["adopt"]
            await adopt(tx, adopted["pack"], adopted=True, reason=adopted["reason"], actor=SYSTEM, now=began)
        organizations = {
            one["code"]: await _organization(tx, city, one, began, checked=now) for one in city["organizations"]
        }
        accounts = [await _person(tx, one, organizations, city, began, today=now) for one in city["people"]]
        people = {account.login: person for account, person, _ in accounts}
        systems = await _systems(tx, city, organizations, began, story.get("register", {}), now)
        await _rosters(tx, city, organizations, people, began, now)
        await publish_library(tx, actor=SYSTEM, now=began)
    if with_year:
        known = City(
            organizations,
            people,
            {account.login: account_id for account, _, account_id in accounts},
            {one["login"]: one["organization"] for one in city["people"]},
            systems,
        )
        await live_year(db, known, settings, story, began=began, now=now, strict=strict, budget=budget)
        await man_the_desk(db, known, settings, story["desk"], now=now, strict=strict)
        await ask_for_report(db, known, story, now=now)
        authority = organizations["cloud-authority"]
        await have_reports_approved(db, settings, authority, city["authorization"], clock)
    return [account for account, _, _ in accounts]


def _read() -> dict[str, Any]:
    with (files("irm.demo") / "city.yaml").open("rb") as source:
        read: dict[str, Any] = YAML(typ="safe").load(source)
    return read


async def _organization(
    tx: Tx, city: Mapping[str, Any], one: Mapping[str, Any], now: datetime, *, checked: datetime
) -> UUID:
    organization_id = await access.register_organization(
        tx,
        code=one["code"],
        name=one["name"],
        short_name=one["short_name"],
        kind=one["kind"],
        tier=one["tier"],
        region=city["province_region" if one["tier"] == "province" else "region"],
        joined=one["joined"],
        telephone=one.get("telephone"),
        fax=one.get("fax"),
        postal_address=one.get("address"),
        email=one.get("email"),
        desk_checked_on=checked.astimezone(SHANGHAI).date(),
        actor=SYSTEM,
        now=now,
    )
    if one.get("email"):
        await access.add_contact_address(
            tx, channel="email", address=one["email"], organization_id=organization_id, actor=SYSTEM, now=now
        )
    return organization_id


async def _person(
    tx: Tx,
    one: Mapping[str, Any],
    organizations: Mapping[str, UUID],
    city: Mapping[str, Any],
    now: datetime,
    *,
    today: datetime,
) -> tuple[DemoAccount, UUID, UUID]:
    person_id = await access.register_person(tx, name=one["name"], actor=SYSTEM, now=now)
    number = f"{10_000_000_000 + one['n']}"
    addresses = {"sms": number, "telephone": number, "email": f"{one['login']}@demo.example.invalid"}
    for preference, (channel, address) in enumerate(addresses.items(), start=1):
        await access.add_contact_address(
            tx,
            channel=channel,
            address=address,
            person_id=person_id,
            preference=preference,
            actor=SYSTEM,
            now=now,
            verified_at=now,
        )
    organization_id = organizations[one["organization"]]
    for role in one["roles"]:
        await access.grant_role(
            tx, person_id=person_id, organization_id=organization_id, role=Role(role), actor=SYSTEM, now=now
        )
    account_id = await access.create_account(tx, person_id=person_id, login=one["login"], actor=SYSTEM, now=now)
    password = _password(one["login"])
    await login.set_password(tx, account_id, password, policy=security_policy(), actor=SYSTEM, now=today)
    name = next(each["short_name"] for each in city["organizations"] if each["code"] == one["organization"])
    return DemoAccount(name, one["name"], ", ".join(one["roles"]), one["login"], password), person_id, account_id


def _password(login_name: str) -> str:
    """Random, easy to read aloud, and such as the policy takes: chance alone may leave out every digit."""
    while True:
        made = "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(3))
        if not passwords.faults(made, security_policy(), login=login_name):
            return made


async def _systems(
    tx: Tx,
    city: Mapping[str, Any],
    organizations: Mapping[str, UUID],
    now: datetime,
    dates: Mapping[str, Mapping[str, int]],
    today: datetime,
) -> dict[str, UUID]:
    """`dates`: by code, days from today of what the register says besides."""
    made: dict[str, UUID] = {}
    for one in city["systems"]:
        known: dict[str, Any] = {
            name: today.astimezone(SHANGHAI).date() + timedelta(days=days)
            for name, days in dates.get(one["code"], {}).items()
        }
        made[one["code"]] = await systems.register_system(
            tx,
            Entry(
                code=one["code"],
                name=one["name"],
                kind=one["kind"],
                owner_id=organizations[one["owner"]],
                operator_id=organizations[one["operator"]],
                user_ids=frozenset(organizations[code] for code in one.get("users_of", ())),
                maintainer_ids=frozenset(organizations[code] for code in one["maintainers"]),
                resources=tuple((kind, value) for kind, values in one["resources"].items() for value in values),
                level=one["level"],
                filing_number=one["filing_number"],
                filing_authority=next(
                    each["name"] for each in city["organizations"] if each["code"] == city["filing_authority"]
                ),
                cii=one["cii"],
                protection_department_id=organizations.get(one.get("protection_department", "")),
                users=one["users"],
                personal_records=one["personal_records"],
                portal_rank=one.get("portal_rank", "none"),
                important_data="yes" if one.get("important_data") else "no",
                internet_gov_app=one.get("internet_gov_app", False),
                platform_id=None if one["kind"] == "platform" else made["platform"],
                life_cycle="live",
                **known,
            ),
            actor=SYSTEM,
            now=now,
        )
    return made


async def _rosters(
    tx: Tx,
    city: Mapping[str, Any],
    organizations: Mapping[str, UUID],
    people: Mapping[str, UUID],
    began: datetime,
    now: datetime,
) -> None:
    """Every organization with people `on_duty` has somebody from the first year's first day to the end of the next."""
    for code, organization_id in organizations.items():
        turns = [people[one["login"]] for one in city["people"] if one["organization"] == code and one.get("on_duty")]
        if not turns:
            continue
        roster_id = await duty.create_roster(
            tx, organization_id=organization_id, name=city["roster"], now=began, actor=SYSTEM
        )
        shifts = [
            duty.NewShift(starts_at, starts_at + timedelta(days=1), person_id=turns[day % len(turns)])
            for day, starts_at in enumerate(_days(began, now, time.fromisoformat(city["handover"])))
        ]
        await duty.add_shifts(tx, roster_id=roster_id, shifts=shifts, now=began, actor=SYSTEM)


def _days(began: datetime, now: datetime, handover: time) -> Iterator[datetime]:
    """Each day's hand-over, from the eve of the year in which the city began to the end of the next: UTC moments."""
    year = now.astimezone(SHANGHAI).year
    day = datetime(began.astimezone(SHANGHAI).year - 1, 12, 31, handover.hour, handover.minute, tzinfo=SHANGHAI)
    while day.year < year + 2:
        yield day.astimezone(UTC)
        day += timedelta(days=1)
