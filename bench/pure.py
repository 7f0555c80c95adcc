"""What irm thinks through without a database, each beside the time that it may take: `python -m bench.pure [profile]`.

G13: one incident graded by all packs, each time another one, beside what CEL alone takes for fifty conditions; and the first one
of a process, before any answer of a condition is remembered. `irm rules check` of all packs. A thousand incidents through a month: graded, their
duties found, every playbook that answers them and those of the duties run to the end, with answers, silence and refusals, which are made up
before; seconds of one core, nothing stored. With `profile` it says where the time of the month goes instead.
"""

import cProfile
import gc
import itertools
import pstats
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from cel_expr_python import cel

from bench.house import Found, share, tell
from irm.conditions import Choice, FactType, type_of
from irm.playbooks import signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.simulator.timeline import Supposed, simulate
from irm.playbooks.steps import Decide, Page, Playbook, Task, asked_by
from irm.rules.evaluate import Grading, GradingContext, IncidentSubject, Owed, Party, Share, due, grade
from irm.rules.facts import PORTAL_RANKS, REGISTER_TYPES, Register
from irm.rules.load import builtin_packs, fact_types
from irm.rules.subjects import Levels

INCIDENTS: Final = 1_000
MONTH: Final = timedelta(days=30)
BEGINS: Final = datetime(2026, 11, 1, tzinfo=UTC)
SEED: Final = 20261122
KINDS: Final = (
    ("malware", "ransomware"), ("attack", "defacement"), ("data", "leak"), ("facility", ""), ("attack", "denial_of_service"),
    ("attack", "supply_chain"), ("hidden", ""), ("violation", "privilege_abuse"), ("", ""),
)  # fmt: skip
KNOWN: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"people_affected": 150_000, "portal_outage": 200},
    {"personal_records_leaked": 30_000, "crime_suspected": True},
    {"direct_loss": 1_000_000, "home_page_tampered": 20, "views": 5_000},
)
"""What somebody has entered, from nothing to something grave."""
AUTHORITY, CITY, PROVINCE, POLICE, PROTECTION, UNIT, OTHER, VENDOR = (UUID(int=number) for number in range(1, 9))
DIRECTORY: Final = (
    Party(AUTHORITY, "cloud_authority", "city", joined=True),
    Party(CITY, "cyberspace_office", "city", joined=False),
    Party(PROVINCE, "cyberspace_office", "province", joined=False),
    Party(POLICE, "public_security", "city", joined=False),
    Party(PROTECTION, "protection_department", "province", joined=False),
    Party(UNIT, "using_unit", "city", joined=True),
    Party(OTHER, "using_unit", "city", joined=True),
    Party(VENDOR, "vendor", "city", joined=True),
)
REGISTER: Final = Register(users=600_000, personal_records=2_000_000, portal_rank="prefecture", cii="unknown")


@dataclass(frozen=True)
class Night:
    """An incident as it was graded, and what is owed for it."""

    at: datetime
    facts: dict[str, Any]
    owed: list[Owed]


@dataclass(frozen=True)
class Life:
    """A run, with what people do while it lasts."""

    playbook: Playbook
    facts: dict[str, Any]
    at: datetime
    opened: list[s.ObligationOpened]
    known: list[Supposed]


class City:
    """The same thousand each time. Counts what it did, so that nobody measures a loop that does nothing."""

    def __init__(self) -> None:
        self.packs = builtin_packs()
        self.playbooks = [read_playbook(text, file=name).playbook for name, text in library().items()]
        self.chance = random.Random(SEED)
        self.duties = self.runs = self.effects = 0

    def happens(self, how_often: float) -> bool:
        return self.chance.random() < how_often

    # -- what irm thinks: graded, and what is owed

    def nights(self) -> list[Night]:
        found = [self.night(number) for number in range(INCIDENTS)]
        self.duties = sum(len(one.owed) for one in found)
        return found

    def night(self, number: int) -> Night:
        at = BEGINS + self.chance.random() * MONTH
        category, subcategory = self.chance.choice(KINDS)
        known: dict[str, Any] = dict(self.chance.choice(KNOWN))
        found = grade(self.packs, known, GradingContext(at, category or None), REGISTER)
        owed = self.owed(number, at, category, known, found)
        return Night(at, self.copy(number, found, category, subcategory), owed)

    def owed(self, number: int, at: datetime, category: str, facts: dict[str, Any], found: Grading) -> list[Owed]:
        shares = (
            Share(UNIT, frozenset({"using_unit", "operator"}), at, facts, protection_department=PROTECTION),
            Share(AUTHORITY, frozenset({"cloud_authority"}), at + timedelta(minutes=4)),
            Share(VENDOR, frozenset({"maintainer"}), at + timedelta(minutes=6)),
        )
        levels = Levels(found.reached, found.possible)
        subject = IncidentSubject(
            UUID(int=number + 100), levels, at, shares, DIRECTORY, facts, category=category or None
        )
        return [one for one in due(self.packs, subject, now=at + timedelta(minutes=10)) if not one.information_only]

    def copy(self, number: int, found: Grading, category: str, subcategory: str) -> dict[str, Any]:
        return {
            "incident": {
                "number": f"SJ-2026-{number:06}", "title": "", "status": "open", "exercise": False, "cii": "unknown",
                "reached": found.reached, "possible": found.possible, "assessed": None, "category": category,
                "subcategory": subcategory, "crime_suspected": self.happens(0.2), "handled": False,
            },
            "organizations": {
                "cloud_authority": [str(AUTHORITY)], "using_units": [str(UNIT), str(OTHER)], "operators": [str(UNIT)],
                "maintainers": [str(VENDOR)], "vendors": [str(VENDOR)], "reporters": [str(UNIT)],
            },
        }  # fmt: skip

    # -- what people do: made up, not irm's

    def lives(self, nights: list[Night]) -> list[Life]:
        return [life for night in nights for life in self.lives_of(night)]

    def lives_of(self, night: Night) -> Iterable[Life]:
        opened = [
            s.ObligationOpened(f"o{n}", one.rule_id, str(one.bearer), one.form) for n, one in enumerate(night.owed)
        ]
        late = [self.happens(0.1) for _ in night.owed]
        for playbook in self.playbooks:
            if "incident.graded" not in playbook.start.on or (
                playbook.start.when and not playbook.start.when(night.facts)
            ):
                continue
            known = [*self.people(playbook, night.facts), *self.reports(night.at, night.owed, late)]
            yield Life(playbook, night.facts, night.at, opened, known)
        for one, is_late in zip(night.owed, late, strict=True):
            if one.due_at is not None and is_late:
                yield self.overdue(one, one.due_at)

    def people(self, playbook: Playbook, facts: dict[str, Any]) -> Iterable[Supposed]:
        """Three of four answer, some late; who decides and does tasks, most in time."""
        for step in playbook.steps:
            if self.happens(0.25):
                continue
            after = timedelta(minutes=self.chance.choice((2, 4, 9, 18, 40, 90)))
            for who in asked_by(step.action, facts):
                match step.action:
                    case Page():
                        yield Supposed(after, s.Acknowledged(step.id, BEGINS, who.organization, who.person))
                    case Task():
                        yield Supposed(after * 6, s.TaskDone(step.id, who.key))
                    case Decide() as action:
                        yield Supposed(after * 4, s.Decided(step.id, self.chance.choice(list(action.options)), BEGINS))
                    case _:
                        pass
        yield Supposed(timedelta(hours=self.chance.randint(2, 200)), s.SubjectHandled())

    def reports(self, at: datetime, owed: list[Owed], late: list[bool]) -> Iterable[Supposed]:
        for number, (one, is_late) in enumerate(zip(owed, late, strict=True)):
            limit = one.due_at - at if one.due_at is not None else timedelta(days=2)
            after = max(limit * (1.5 if is_late else 0.6), timedelta(minutes=1))
            yield Supposed(after, s.ObligationSubmitted(f"o{number}"))
            answer = "refused" if self.happens(0.1) else "received"
            yield Supposed(after + timedelta(hours=2), s.ReceiptGiven(f"o{number}", answer))
            yield Supposed(after + timedelta(hours=9), s.ReceiptGiven(f"o{number}", "received"))

    def overdue(self, one: Owed, limit: datetime) -> Life:
        playbook = next(each for each in self.playbooks if each.start.fallback)
        begun = limit - timedelta(minutes=30)
        about = {
            "id": "owed",
            "bearer": str(one.bearer),
            "rule": one.rule_id,
            "form": one.form,
            "overdue": False,
            "submitted": False,
            "met": False,
        }
        known = [
            Supposed(timedelta(minutes=12), s.Acknowledged("soon", begun, str(one.bearer))),
            Supposed(timedelta(minutes=30), s.ObligationOverdue("owed")),
            Supposed(timedelta(hours=self.chance.randint(1, 60)), s.ObligationSubmitted("owed")),
            Supposed(timedelta(hours=70), s.ObligationMet("owed")),
        ]
        return Life(playbook, {"obligation": about, "organizations": {}}, begun, [], known)

    # -- what irm does: every playbook to its end

    def live(self, lives: list[Life]) -> None:
        self.runs = len(lives)
        self.effects = sum(
            len(
                simulate(one.playbook, one.facts, one.at, obligations=one.opened, supposed=one.known, until=MONTH).lines
            )
            for one in lives
        )


def seconds(work: Callable[[], Any], times: int = 3) -> float:
    """The best of some: what else the machine does only adds to it."""
    taken = []
    for _ in range(times):
        gc.collect()
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)


def of_a_command(*words: str) -> float:
    """Seconds of one core that `irm …` takes from its beginning to its end: in this process much would be read already."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "irm", *words], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def gradings() -> list[Found]:
    packs = builtin_packs()
    chance = random.Random(SEED)

    def one() -> float:
        facts = chance.choice(KNOWN) | {"people_affected": chance.randrange(2_000_000)}
        context = GradingContext(BEGINS, chance.choice(KINDS)[0] or None)
        register = Register(chance.randrange(10**6), chance.randrange(10**6), chance.choice(PORTAL_RANKS), "unknown")
        return seconds(lambda: grade(packs, facts, context, register), times=1) * 1_000

    first = one()
    took = sorted(one() for _ in range(300))
    median, slow = share(took, 0.5), share(took, 0.95)
    words = f"p50 {median:.2f} ms, p95 {slow:.2f} ms, the first {first:.2f} ms"
    floor = of_fifty_conditions()
    return [
        tell("G13", "one incident graded by all packs", median, words, floor="1 ms", most=1),
        tell("G13", "÷ CEL alone", median / floor, f"× {median / floor:.2f}", floor=f"{floor:.2f} ms", most=2),
    ]


def of_fifty_conditions() -> float:
    """Milliseconds in which CEL takes over all that may be known of an incident and evaluates fifty conditions made ready."""
    declared = {**REGISTER_TYPES, **fact_types()}
    environment = cel.NewEnv(
        variables={name: cel.Type.STRING if isinstance(one, Choice) else type_of[one] for name, one in declared.items()}
    )
    texts = {rule.when.source for pack in builtin_packs() for rule in pack.grading if rule.when}
    ready = [*itertools.islice(itertools.cycle(environment.compile(text) for text in sorted(texts)), 50)]
    known: dict[str, object] = {name: one for name, one in REGISTER.in_condition().items() if one is not None}
    known |= {name: 1 for name, one in declared.items() if one is FactType.INT}

    def evaluate() -> None:
        values = environment.Activation(data=known)
        for one in ready:
            one.eval(activation=values)

    return share(sorted(seconds(evaluate, times=1) for _ in range(300)), 0.5) * 1_000


def measure() -> list[Found]:
    gc.freeze()  # as `irm web` does once it stands: what stays is not looked through again and again
    found = gradings()
    checked = min(of_a_command("rules", "check") for _ in range(3))
    words = f"{checked:.2f} s, {of_a_command('rules', '--help'):.2f} s of them to begin"
    found.append(tell("", "irm rules check of all packs", checked, words, floor="2 s", most=2))
    city = City()
    nights = city.nights()
    lives = city.lives(nights)
    city.live(lives)
    gc.freeze()  # what was made up is not irm's either
    took_grading, took_running = seconds(city.nights), seconds(lambda: city.live(lives))
    took_month = took_grading + took_running
    words = f"{took_month:.2f} s ({took_running:.2f} the playbooks): {city.duties} duties, {city.runs} runs, {city.effects} effects"
    found.append(tell("", f"a month of {INCIDENTS:,} incidents", took_month, words, floor="2 s", most=2))
    return found


if __name__ == "__main__":
    if "profile" in sys.argv[1:]:
        with cProfile.Profile() as profile:
            city = City()
            city.live(city.lives(city.nights()))
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
    else:
        measure()
