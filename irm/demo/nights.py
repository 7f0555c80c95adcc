"""Nights and a drill of the made-up year that the house itself lived: its playbooks paged, its people answered, its clocks
ran out. The same runner, deliveries and tasks as on any night, under the past's clock; nothing leaves the house.

What people do is drawn from the seed by what they are asked about, so that the same day gives the same year.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from irm.access.policy import Permission, Resource, may
from irm.db import Tx
from irm.demo.past import Act, Past
from irm.evidence.service import attach
from irm.ledger import Event, Subscription, Wiring
from irm.notify.service import acknowledge, note_channels
from irm.obligations.reminding import remind
from irm.playbooks import starting
from irm.playbooks.tasks import Done, complete_task, place_of

CHANNELS: Final = {"sms": True, "email": True, "in_app": True, "webhook": False}
"""What the made-up city had through its year; from the first start on the house says what it has."""
MEANS: Final = {"sms": "sms_reply", "email": "link"}
ABOUT: Final = ("incident/", "drill/")
EXERCISE: Final = "exercise"
BEFORE_THE_LIMIT: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Habits:
    """How the people of one night answer. Minutes."""

    title: str = ""
    answer: tuple[int, int] = (1, 6)
    silent: frozenset[str] = frozenset()
    """Logins that don't hear their telephone."""
    task: int = 24
    decides: Mapping[str, str] = field(default_factory=dict)
    """Step → option. What is not named here nobody decides, and the default of the playbook holds."""

    @classmethod
    def of(cls, one: Mapping[str, Any]) -> "Habits":
        first, last = one.get("answer", (1, 6))
        silent, decides = frozenset(one.get("silent", ())), one.get("decides", {})
        return cls(one["title"], (first, last), silent, one.get("task", 24), decides)


@dataclass
class Nights:
    """Hears what happens under a subject and adds what people then do to the past's scenes."""

    past: Past
    seed: int
    evidence: str
    """Name of the file that a task asks for."""
    known: dict[str, Habits] = field(default_factory=dict)
    """By the first two words of the subject; `EXERCISE`: of the drill that is being held."""
    coming: Habits | None = None
    """Of the night whose filing is on its way."""

    def wired(self, wiring: Wiring) -> Wiring:
        """The year's wiring, where people hear of pages, tasks and limits."""
        heard = [
            replace(one, in_transaction=self._hear_obligation)
            if one.in_transaction is starting.hear_obligation
            else one
            for one in wiring.subscriptions
        ]
        own = (
            Subscription("incident.filed", in_transaction=self._hear_filing),
            Subscription("delivery.sent", in_transaction=self._hear_message),
            Subscription("task.opened", in_transaction=self._hear_task),
            Subscription("obligation.opened", in_transaction=self._hear_duty),
        )
        return replace(wiring, subscriptions=(*heard, *own))

    def begin(self, one: Mapping[str, Any]) -> None:
        """What is filed next is a night of its own where the story says how people answered."""
        self.coming = Habits.of(one) if "answer" in one else None

    def keep(self, subject: str) -> None:
        """It was filed: from here on people answer what is asked under this subject."""
        if self.coming is not None:
            self.known[subject] = self.coming
        self.coming = None

    def hold(self, one: Mapping[str, Any]) -> None:
        """A drill begins: what is marked as exercise is answered so."""
        self.known[EXERCISE] = Habits.of(one)

    def habits(self, event: Event) -> Habits | None:
        """None: this was no night that was lived."""
        return self.known.get("/".join(event.subject.split("/")[:2])) or self.coming

    async def _hear_filing(self, tx: Tx, event: Event, _entry_id: UUID) -> None:  # noqa: ARG002 - a subscriber's shape
        """An inject of the drill that is being held."""
        if event.body["exercise"]:
            self.known[event.subject] = self.known[EXERCISE]

    async def _hear_obligation(self, tx: Tx, event: Event, entry_id: UUID) -> None:
        """Only limits of nights start playbooks: the thousand reminders of the year are not told again."""
        if event.subject.startswith(ABOUT) and self.habits(event) is not None:
            await starting.hear_obligation(tx, event, entry_id)

    async def _hear_message(self, tx: Tx, event: Event, _entry_id: UUID) -> None:  # noqa: ARG002 - a subscriber's shape
        body = event.body
        if body["purpose"] != "page" or body["person"] is None:
            return
        login = next((name for name, one in self.past.city.people.items() if str(one) == body["person"]), "")
        habits = self.habits(event)
        if habits is None or login in habits.silent:
            return
        drawn = self._drawn(habits, body["step_id"], body["rung"], login)
        at = event.at + timedelta(minutes=drawn.randint(*habits.answer), seconds=drawn.randrange(60))
        self.past.add(at, f"answer of {login}", self._answered(UUID(body["delivery"])), needed=True)

    async def _hear_task(self, tx: Tx, event: Event, _entry_id: UUID) -> None:  # noqa: ARG002 - a subscriber's shape
        habits = self.habits(event)
        if habits is None or event.body["organization"] is None:
            return
        drawn = self._drawn(habits, event.body["step"])
        choice = habits.decides.get(event.body["step"])
        minutes = drawn.randint(*habits.answer) if choice else habits.task + drawn.randrange(5)
        worked = self._worked(UUID(event.body["task"]), UUID(event.body["organization"]), choice)
        self.past.add(event.at + timedelta(minutes=minutes), "task", worked, needed=True)

    async def _hear_duty(self, tx: Tx, event: Event, _entry_id: UUID) -> None:  # noqa: ARG002 - a subscriber's shape
        """A limit of a night comes near and passes while people work: the reminders come then."""
        due_at = event.body.get("due_at")
        if due_at is None or not event.subject.startswith(ABOUT) or self.habits(event) is None:
            return
        due = datetime.fromisoformat(due_at)
        reminding = self._reminded(event.body["obligation"])
        self.past.add(max(due - BEFORE_THE_LIMIT, event.at), "limit comes near", reminding, needed=True, lived=True)
        self.past.add(due + timedelta(seconds=1), "limit passes", reminding, needed=True, lived=True)

    def _drawn(self, habits: Habits, *asked: object) -> random.Random:
        return random.Random(f"{self.seed} {habits.title} {asked}")  # noqa: S311 - the same city every time

    def _answered(self, delivery: UUID) -> Act:
        async def act(tx: Tx) -> None:
            asked = text("SELECT person_id, channel, acknowledged_at, closed_at FROM delivery WHERE id = :id")
            row = (await tx.execute(asked, {"id": delivery})).one()
            if row.acknowledged_at is not None or row.closed_at is not None:
                return
            now = self.past.clock.now()
            means = MEANS.get(row.channel, "page")
            await acknowledge(tx, delivery, by_person=row.person_id, means=means, at=now, now=now)

        return act

    def _worked(self, task: UUID, organization: UUID, choice: str | None) -> Act:
        async def act(tx: Tx) -> None:
            asked = text(
                "SELECT status, kind, subject, evidence_required, jsonb_array_length(checklist) AS items"
                " FROM task WHERE id = :id"
            )
            row = (await tx.execute(asked, {"id": task})).one()
            if row.status != "open" or (row.kind == "decide" and choice is None):
                return
            for login, code in self.past.city.homes.items():
                if self.past.city.organizations[code] != organization:
                    continue
                by = await self.past.principal(tx, login)
                if may(by, Permission.DO_TASKS, Resource(frozenset({organization}))):
                    now = self.past.clock.now()
                    if row.evidence_required:
                        await attach(
                            tx,
                            await self.past.file(self.evidence),
                            subject=place_of(row.subject, task),
                            organization_id=organization,
                            account_id=by.account_id,
                            actor=by.actor,
                            now=now,
                        )
                    done = Done(checked=frozenset(range(row.items)), choice=choice)
                    await complete_task(tx, task, done, principal=by, actor=by.actor, now=now)
                    return

        return act

    def _reminded(self, obligation: str) -> Act:
        async def act(tx: Tx) -> None:
            await remind(tx, {"obligation": obligation}, self.past.clock.now())

        return act


async def note_channels_of_the_year(tx: Tx, now: datetime) -> None:
    """The channels that the city had."""
    await note_channels(tx, CHANNELS, now=now)
