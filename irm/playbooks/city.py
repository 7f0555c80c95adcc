"""What the linter knows of this city: the limits of its rule packs, its playbooks, who holds what today."""

from collections.abc import Iterable
from datetime import datetime

from irm.db import Tx
from irm.notify import queries as directory
from irm.notify.targets import Target as Named
from irm.playbooks.check import City, Limit
from irm.playbooks.models import PlaybookRow
from irm.playbooks.publishing import active_playbooks, library
from irm.playbooks.steps import Target
from irm.rules.load import builtin_packs
from irm.rules.pack import Pack
from irm.rules.queries import current_packs, duty_limits, filing_allowance

CENTRAL = "central_organ"
"""A duty of organs of the central government, which no organization of a city has."""


def built_in_city() -> City:
    """Without a database: the packs and playbooks that irm brings along."""
    return _city(builtin_packs(), {file.removesuffix(".yaml") for file in library()})


async def city_of(tx: Tx, *, now: datetime) -> City:
    """Packs in use and active playbooks; `held` stays unknown: see `held_today`."""
    packs = await current_packs(tx, now=now)
    active: list[PlaybookRow] = [row for row, _ in await active_playbooks(tx)]
    return _city(packs, {row.playbook_id for row in active})


async def held_today(tx: Tx, targets: Iterable[Target], *, now: datetime) -> frozenset[str]:
    """Those of the targets that somebody holds at this moment; parts in an incident are left out."""
    held: set[str] = set()
    for target in set(targets):
        if target.who.startswith(("incident.", "obligation.")):
            continue
        found = await directory.resolve(tx, Named(target.kind, target.who, target.role), {}, now)
        if found.recipients:
            held.add(str(target))
    return frozenset(held)


def _city(packs: Iterable[Pack], playbooks: set[str]) -> City:
    known = tuple(packs)
    borne = {rule.id for pack in known for rule in pack.duties if rule.bearer.role and rule.bearer.role != CENTRAL}
    limits = {
        rule: Limit(limit.within, limit.start_event, limit.form, is_ours=rule in borne)
        for rule, limit in duty_limits(known).items()
    }
    return City(limits=limits, filing_allowance=filing_allowance(known), playbooks=frozenset(playbooks))
