"""For random drills, rosters and playbooks no delivery ever leaves to a non-participant, on any channel (DESIGN §11.4).

What leaves is what the mail server and the SMS gateway have taken, and what stands in an inbox inside irm.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.drills import running
from irm.drills.schemas import Participant
from irm.notify.models import DeliveryRow
from irm.playbooks import publishing
from irm.playbooks.check import City as Linted
from tests import make
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.drills.conftest import city_in

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
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["page", "notice", "task"]),
        st.sampled_from(TARGETS),
        st.one_of(st.just("preferred"), st.lists(st.sampled_from(VIA), min_size=1, max_size=4, unique=True)),
    ),
    min_size=1,
    max_size=5,
)


def playbook(steps: list[tuple[str, str, Any]]) -> str:
    lines = ["apiVersion: irm/v1", "kind: Playbook", "id: random", "title: {zh-CN: 例}"]
    lines += ["start: {on: incident.graded}", "steps:"]
    for number, (kind, to, via) in enumerate(steps):
        target = f'"{to}"'
        way = via if isinstance(via, str) else f"[{', '.join(via)}]"
        what = {
            "page": f"page: [{{to: {target}, via: {way}, every: 5m, within: 10m}}]",
            "notice": f"notice: {{to: {target}, via: {way}}}",
            "task": f"task: {{title: {{zh-CN: 例}}, to: {target}, within: 30m}}",
        }[kind]
        lines.append(f"  - {{id: s{number}, after: [], {what}}}")
    return "\n".join(lines) + "\n"


@given(
    steps=STEPS, playing=st.lists(st.booleans(), min_size=6, max_size=6), moves=st.lists(st.integers(1, 40), max_size=3)
)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_only_participants_are_reached(
    db: Database,
    clock: FixedClock,
    drain: Drain,
    outside: Outside,
    steps: list[tuple[str, str, Any]],
    playing: list[bool],
    moves: list[int],
) -> None:
    expect = outside.expect
    expect._look()
    expect._sms.clear()
    expect._mail.clear()
    city = await city_in(db, clock)
    async with db.transaction() as tx:
        strangers = [
            await make.account(tx, city.unit, Role.DUTY_LEADER),
            await make.account(tx, city.vendor, Role.DUTY_LEADER),
        ]
        await make.duty(tx, city.unit, strangers[0].person_id)
        text = playbook(steps)
        await publishing.publish(tx, text, file="random.yaml", city=Linted(), actor=SYSTEM, now=clock.now())
    maybe = [city.officer, city.leader, city.vendor_duty, *strangers[1:], city.planner, city.evaluator]
    chosen = [one for one, plays in zip(maybe, playing, strict=False) if plays] or [city.officer]
    people = [
        Participant(city.director.person_id, "director"),
        *(Participant(one.person_id, "player") for one in chosen),
    ]
    row = await city.begun(participants=people)
    for minutes in (0, *moves):
        clock.tick(minutes=minutes)
        await drain()
    async with db.transaction() as tx:
        await running.end_drill(tx, row, by=await city.principal(city.director), now=clock.now())
    clock.tick(hours=1)
    await drain()
    allowed = [city.director, *chosen]
    expect._look()
    assert {one.phone for one in expect._sms} <= {one.telephone for one in allowed}
    assert {one.recipient for one in expect._mail} <= {one.email for one in allowed}
    assert all("演练：" in one.content for one in expect._sms)
    async with db.transaction() as tx:
        gone = await tx.scalars(
            select(DeliveryRow.person_id).where(
                DeliveryRow.exercise, DeliveryRow.status.in_(("sent", "delivered", "sending"))
            )
        )
        assert set(gone) <= {one.person_id for one in allowed} | ONCE
        ONCE.update(one.person_id for one in allowed)


ONCE: set[Any] = set()
"""Participants of earlier examples: all examples share one transaction."""
