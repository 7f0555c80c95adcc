"""What the linter knows of this city: the limits of its rule packs, its playbooks, who holds what today and on duty when."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime
from functools import cache

from sqlalchemy import select

from irm.db import Tx
from irm.notify import queries as directory
from irm.notify.planning import channels_off
from irm.notify.targets import Target as Named
from irm.notify.unmanned import days_unmanned
from irm.playbooks.check import Checked, check
from irm.playbooks.known import City, Limit
from irm.playbooks.language import read_playbook
from irm.playbooks.models import PlaybookRow
from irm.playbooks.publishing import active_playbooks, library
from irm.playbooks.steps import Playbook, Target, targets_of
from irm.rules.load import builtin_packs
from irm.rules.pack import Pack
from irm.rules.queries import current_packs, duty_limits, filing_allowance

CENTRAL = "central_organ"
"""A duty of organs of the central government, which no organization of a city has."""


@cache
def built_in_city() -> City:
    """Without a database: the packs and playbooks that irm brings along."""
    return _city(builtin_packs(), [read_playbook(text, file=file).playbook for file, text in library().items()])


async def city_of(tx: Tx, *, now: datetime) -> City:
    """Packs in use and active playbooks; who holds what stays unknown: see `checked_in`."""
    packs = await current_packs(tx, now=now)
    city = _city(packs, [playbook for _, playbook in await active_playbooks(tx)])
    return replace(city, taken=frozenset(await tx.scalars(select(PlaybookRow.playbook_id).distinct())))


async def checked_in(
    tx: Tx,
    source: str,
    *,
    file: str,
    now: datetime,
    endpoints: Collection[str] | None = None,
    of: str | None = None,
) -> tuple[Checked, City]:
    """The linter with all that this city knows, who is on duty now and in the days to come included. `endpoints`: those of
    the settings, where they are at hand; `of` as in `check`."""
    known = frozenset(endpoints) if endpoints is not None else None
    city = replace(await city_of(tx, now=now), endpoints=known, channels_off=await channels_off(tx))
    checked = check(source, file=file, city=city, of=of)
    if checked.playbook is not None:
        named = {target for step in checked.playbook.steps for target in targets_of(step.action)}
        city = replace(city, held=await held_today(tx, named, now=now), unmanned=await _unmanned(tx, named, now=now))
        checked = check(source, file=file, city=city, of=of)
    return checked, city


async def _unmanned(tx: Tx, targets: Collection[Target], *, now: datetime) -> dict[str, tuple[date, ...]]:
    fixed = [one for one in targets if not one.who.startswith(("incident.", "obligation."))]
    return {str(one): await days_unmanned(tx, Named(one.kind, one.who, one.role), now) for one in fixed}


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


def _city(packs: Iterable[Pack], playbooks: Collection[Playbook]) -> City:
    known = tuple(packs)
    borne = {rule.id for pack in known for rule in pack.duties if rule.bearer.role and rule.bearer.role != CENTRAL}
    limits = {
        rule: Limit(limit.within, limit.start_event, limit.form, is_ours=rule in borne)
        for rule, limit in duty_limits(known).items()
    }
    return City(
        limits=limits,
        filing_allowance=filing_allowance(known),
        playbooks=frozenset(one.id for one in playbooks),
        active=tuple(playbooks),
    )
