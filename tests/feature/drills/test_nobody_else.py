"""For random drills, rosters and playbooks no delivery ever leaves to a non-participant, on any channel (DESIGN §11.4).

What leaves is what the mail server, the SMS gateway and the webhooks have taken, and what stands in an inbox inside irm.
Real messages to the same people go out all the while, in crowds, so that messages are bundled: drill and real never share
one.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.drills import injecting, running
from irm.drills.models import DrillRow
from irm.drills.schemas import Participant
from irm.errors import IrmError
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.obligations.handing import submit_report
from irm.obligations.models import SubmissionRow
from irm.playbooks import publishing
from irm.playbooks.check import City as Linted
from tests import make
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.drills.conftest import City, city_in

pytestmark = pytest.mark.usefixtures("channels")

TARGETS = (
    "on_duty(cloud_authority)",
    "on_duty(incident.maintainers)",
    "on_duty(incident.using_units)",
    "on_duty(city_cyberspace_office)",
    "organization(public_security)",
    "organization(provincial_cyberspace_office)",
    "role(cloud_authority, duty_leader)",
    "role(incident.maintainers, duty_officer)",
    "role(incident.using_units, duty_officer)",
)
VIA = ("sms", "email", "in_app", "webhook", "voice")
WAYS = st.one_of(st.just("preferred"), st.lists(st.sampled_from(VIA), min_size=1, max_size=4, unique=True))
RUNGS = st.lists(st.tuples(st.sampled_from(TARGETS), WAYS), min_size=1, max_size=3)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["page", "notice", "task", "decide"]),
        RUNGS,
        st.sampled_from(["acknowledged", "acknowledged_by_all", "received", "none"]),
    ),
    min_size=1,
    max_size=4,
)
PARTS = st.sampled_from(["", "player", "evaluator", "observer"])
HAPPENS = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from(["", "pause", "inject", "reports", "real", "pace"])),
    min_size=2,
    max_size=4,
)
REAL = "SJ-2026-777777"
"""In every real message, and in no message of a drill."""


@dataclass(frozen=True)
class Drawn:
    """`parts` and `turns` by place in the list of everybody: who takes part how, and who is on duty where."""

    steps: list[Any]
    parts: list[str]
    turns: list[list[int]]
    rate: int
    with_unit: bool
    happens: list[tuple[int, str]] = field(default_factory=list)


DRAWN = st.builds(
    Drawn,
    STEPS,
    st.lists(PARTS, min_size=9, max_size=9),
    st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=3, unique=True), min_size=3, max_size=3),
    st.sampled_from([1, 10, 60]),
    st.booleans(),
    HAPPENS,
)


def playbook(steps: list[Any]) -> str:
    lines = ["apiVersion: irm/v1", "kind: Playbook", "id: random", "title: {zh-CN: 例}"]
    lines += ["start: {on: incident.graded}", "steps:"]
    for number, (kind, rungs, until) in enumerate(steps):
        ways = [(f'"{to}"', via if isinstance(via, str) else f"[{', '.join(via)}]") for to, via in rungs]
        climb = ", ".join(f"{{to: {to}, via: {via}, every: 5m, within: 10m}}" for to, via in ways)
        target, way = ways[0]
        what = {
            "page": f"page: [{climb}], until: {until}",
            "notice": f"notice: {{to: {target}, via: {way}}}",
            "task": f"task: {{title: {{zh-CN: 例}}, to: {target}, within: 30m}}",
            "decide": f"decide: {{title: {{zh-CN: 例}}, to: {target}, within: 30m, default: a, "
            "options: [{id: a, title: {zh-CN: 甲}}, {id: b, title: {zh-CN: 乙}}]}",
        }[kind]
        lines.append(f"  - {{id: s{number}, after: [], {what}}}")
    return "\n".join(lines) + "\n"


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # `outside` tells everything that it has taken
@given(drawn=DRAWN)
@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # an example is a night: making it smaller would take hours
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_only_participants_are_reached(
    db: Database, clock: FixedClock, drain: Drain, outside: Outside, drawn: Drawn
) -> None:
    outside.expect._look()
    for kept in (outside.expect._sms, outside.expect._mail, outside.expect._hooks):
        kept.clear()
    city = await city_in(db, clock)
    people = await everybody(city, outside)
    async with db.transaction() as tx:
        for organization, turn in zip((city.authority, city.vendor, city.unit), drawn.turns, strict=True):
            await make.duty(tx, organization, *(people[each].person_id for each in turn))
        source = playbook(drawn.steps)
        await publishing.publish(tx, source, file="random.yaml", city=Linted(), actor=SYSTEM, now=clock.now())
    row, allowed = await begun(city, people, drawn)
    for minutes, what in drawn.happens:
        await drain()
        await happen(city, row, people, what)
        await drain()
        clock.tick(minutes=minutes)
        await drain()
    director = await city.principal(city.director)
    async with db.transaction() as tx:
        await running.end_drill(tx, row, by=director, now=clock.now())
    clock.tick(hours=1)
    await drain()
    check_what_left(outside, allowed)
    async with db.transaction() as tx:
        gone = await tx.scalars(
            select(DeliveryRow.person_id).where(
                DeliveryRow.exercise,
                DeliveryRow.status.in_(("sent", "delivered", "sending", "waiting")),
                DeliveryRow.created_at >= row.started_at,
            )
        )
        assert set(gone) <= {one.person_id for one in allowed}


async def everybody(city: City, outside: Outside) -> list[make.Account]:
    """Nine people of three organizations with every kind of address; any of them may be on duty anywhere."""
    people = []
    async with city.db.transaction() as tx:
        for number in range(9):
            organization = (city.authority, city.vendor, city.unit)[number % 3]
            role = (Role.DUTY_OFFICER, Role.DUTY_LEADER, Role.HANDLER)[number // 3]
            hook = outside.gateway.url(f"/hook/{uuid4()}")
            people.append(await make.account(tx, organization, role, webhook=hook))
            HOOKS[people[-1].person_id] = "/hook/" + hook.rpartition("/")[2]
    return people


HOOKS: dict[UUID, str] = {}


async def begun(city: City, people: list[make.Account], drawn: Drawn) -> tuple[DrillRow, list[make.Account]]:
    """The drill, and who may be reached: an observer is not."""
    organizations = [city.vendor, *([city.unit] if drawn.with_unit else [])]
    there = {city.authority, *organizations}
    chosen = [
        (one, part) for one, part in zip(people, drawn.parts, strict=True) if part and one.organization_id in there
    ]
    if "player" not in {part for _, part in chosen}:
        chosen.append((city.officer, "player"))
    participants = [
        Participant(city.director.person_id, "director"),
        *(Participant(one.person_id, part) for one, part in chosen),  # type: ignore[arg-type]  # a drawn word
    ]
    row = await city.begun(participants=participants, organizations=organizations, rate=drawn.rate)
    return await city.drill(row), [city.director, *(one for one, part in chosen if part != "observer")]


async def happen(city: City, row: DrillRow, people: list[make.Account], what: str) -> None:
    """Whatever is drawn; what cannot be done now is not done."""
    director, now = await city.principal(city.director), city.clock.now()
    try:
        async with city.db.transaction() as tx:
            if what == "pause" and await running.pause_drill(tx, row, reason="director", by=director, now=now):
                await running.resume_drill(tx, row, by=director, now=now + timedelta(seconds=1))
            elif what == "pace":
                await running.pace_drill(tx, row, 30, by=director, now=now)
            elif what == "inject":
                await injecting.inject_by_hand(tx, row, "call", by=director, now=now)
            elif what == "reports":
                await hand_over_everything(city, tx)
            elif what == "real":
                await tell_for_real(tx, people, now)
    except IrmError:
        return


async def hand_over_everything(city: City, tx: Any) -> None:
    """By mail, to whichever desk has an address: provinces, offices, police."""
    actor = (await city.principal(city.officer)).actor
    for one in list(await tx.scalars(select(SubmissionRow).where(SubmissionRow.status == "draft"))):
        items = {"unit": "x", "course": "y"}
        await submit_report(tx, one.id, means="mail", actor=actor, now=city.clock.now(), items=items)


async def tell_for_real(tx: Any, people: list[make.Account], now: Any) -> None:
    """Several real incidents ring at the same addresses at once."""
    for number in range(5):
        incident = uuid4()
        for one in people:
            found = await queries.resolve(tx, f"person({one.person_id})", {}, now)
            await service.notice(
                tx,
                key=f"real/{incident}/{one.person_id}",
                targets=found,
                via=["sms", "email"],
                about=About(REAL, 3, "/", title=f"real {number}"),
                subject=f"incident/{incident}",
                severity=3,
                now=now,
            )


def check_what_left(outside: Outside, allowed: list[make.Account]) -> None:
    expect = outside.expect
    expect._look()
    texts = [(one.phone, one.content) for one in expect._sms]
    texts += [(one.recipient, f"{one.subject}\n{one.text}") for one in expect._mail]
    texts += [(one.path, f"{one.json['title']}\n{one.json['text']}") for one in expect._hooks]
    reached = {way for one in allowed for way in (one.telephone, one.email, HOOKS.get(one.person_id, ""))}
    for to, text in texts:
        if REAL in text:
            assert "演练" not in text, "a real message holds nothing of a drill"
        else:
            assert to in reached, f"{to} takes no part and got: {text}"
            words = text.partition("】")[2] if text.startswith("【") else text
            assert words.startswith("演练"), f"not marked first: {text}"


async def test_the_drawn_things_are_not_empty(db: Database, clock: FixedClock, drain: Drain, outside: Outside) -> None:
    """One drawing in which everything occurs: what the property is about does happen."""
    city = await city_in(db, clock)
    people = await everybody(city, outside)
    every = [("page", [(to, ["sms", "email", "in_app", "webhook"])], "acknowledged_by_all") for to in TARGETS]
    drawn = Drawn(every[:8], ["player", "", "", "observer", "", "", "", "", ""], [[0, 3], [1], [2]], 10, True)
    async with db.transaction() as tx:
        for organization, turn in zip((city.authority, city.vendor, city.unit), drawn.turns, strict=True):
            await make.duty(tx, organization, *(people[each].person_id for each in turn))
        source = playbook(drawn.steps)
        await publishing.publish(tx, source, file="random.yaml", city=Linted(), actor=SYSTEM, now=clock.now())
    row, allowed = await begun(city, people, drawn)
    await drain()
    for what in ("real", "inject", "reports"):
        await happen(city, row, people, what)
        await drain()
        clock.tick(minutes=1)
        await drain()
    expect = outside.expect
    check_what_left(outside, allowed)
    assert any("演练" in one.content for one in expect._sms)
    assert any(REAL in one.content for one in expect._sms)
    assert any("演练" in one.subject for one in expect._mail)
    assert expect._hooks
    held_back = await city.deliveries(status="would_have")
    assert {one.channel for one in held_back} >= {"sms", "email", "in_app", "webhook"}
    assert {one.purpose for one in held_back} >= {"page", "report"}
    assert people[1].person_id in {one.person_id for one in held_back}
    for kept in (expect._sms, expect._mail, expect._hooks):
        kept.clear()
