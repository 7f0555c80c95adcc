"""Each rule of a pack with the tests that speak of it and where it acted in this city: duties opened under it, incidents
that it graded, over all versions. The rules' room knows neither duties nor incidents, so the whole stands here."""

from asyncio import to_thread
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.incidents.graded_by import LOOKED_AT, GradedBy, graded_by
from irm.obligations.acted import OpenedUnder, opened_under
from irm.rules.pack import Rule
from irm.rules.pack_tests import Outcome, check_pack
from irm.rules.queries import Published, chosen, published


@dataclass(frozen=True)
class RuleInAction:
    """`opened` and `graded` None: nothing that the reader may see."""

    rule: Rule
    tests: tuple[Outcome, ...]
    opened: OpenedUnder | None
    graded: GradedBy | None

    @property
    def count(self) -> int:
        return (self.opened.count if self.opened else 0) + (self.graded.count if self.graded else 0)


@dataclass(frozen=True)
class PackInAction:
    shown: Published
    tests: tuple[Outcome, ...]
    rules: tuple[RuleInAction, ...]
    incidents: int = LOOKED_AT
    """Of so many, the newest that the reader sees, it is told whether a rule graded them; of duties all are counted."""

    @property
    def count(self) -> int:
        return sum(one.count for one in self.rules)


@lru_cache(maxsize=64)
def _tests_of(source: str, file: str) -> tuple[Outcome, ...]:
    """A text's tests end the same way every time."""
    return check_pack(source, file=file)[1].tests


async def in_action(tx: Tx, principal: Principal, pack_id: str, version: str, *, now: datetime) -> PackInAction:
    """Of the version asked for, or of the one in use. Raises NotFound."""
    shown = chosen(await published(tx, now=now), pack_id, version)
    pack = shown.pack
    tests = await to_thread(_tests_of, pack.source, f"{pack.id}.yaml")
    opened = await opened_under(
        tx, [rule.id for rule in pack.rules], reach=reach(principal, Permission.READ_OBLIGATIONS)
    )
    graded = await graded_by(tx, pack.id, reach=reach(principal, Permission.READ_INCIDENTS))
    return PackInAction(
        shown,
        tests,
        tuple(
            RuleInAction(
                rule,
                tuple(test for test in tests if rule.name in test.rules),
                opened.get(rule.id),
                graded.get(rule.id),
            )
            for rule in pack.rules
        ),
    )
