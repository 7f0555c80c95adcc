"""Reply codes: one for each page, and for each message that carries several, at each number."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import literal, select, union_all

from irm.db import Tx
from irm.notify import replies
from irm.notify.models import BundleRow, DeliveryRow
from irm.one_at_a_time import alone_with


async def of_page(tx: Tx, address: str, page_key: str, now: datetime) -> str:
    """The page's code for this number: one for all its messages, and none that the number had lately for another page."""
    return (await of_pages(tx, {address}, page_key, now))[address]


async def of_pages(tx: Tx, addresses: Collection[str], page_key: str, now: datetime) -> dict[str, str]:
    """`of_page` for each of these numbers."""
    taken = await _taken(tx, addresses, now)
    known = {address: code for address, codes in taken.items() for code, key in codes.items() if key == page_key}
    return known | await _chosen(tx, {each: set(taken.get(each, ())) for each in set(addresses) - known.keys()}, now)


async def fresh(tx: Tx, address: str, now: datetime) -> str:
    """A code that this number had for nothing lately."""
    taken = await _taken(tx, {address}, now)
    return (await _chosen(tx, {address: set(taken.get(address, ()))}, now))[address]


async def _chosen(tx: Tx, used: Mapping[str, set[str]], now: datetime) -> dict[str, str]:
    """Nobody waits for another's transaction: a code that somebody else is choosing at this moment is left to him.

    Whoever held it before has committed or given up, so what he wrote is seen by the look after.
    """
    chosen: dict[str, str] = {}
    while left := used.keys() - chosen.keys():
        tried = {}
        for address in sorted(left):
            tried[address] = replies.free_code(used[address], secrets.randbelow(2**31))
            used[address].add(tried[address])
        names = {address: f"reply code {address} {code}" for address, code in tried.items()}
        held = await alone_with(tx, names.values())
        taken = await _taken(tx, left, now)
        chosen |= {
            address: code
            for address, code in tried.items()
            if names[address] in held and code not in taken.get(address, ())
        }
    return chosen


async def _taken(tx: Tx, addresses: Collection[str], now: datetime) -> dict[str, dict[str, str | None]]:
    """Of each number its codes with the page of each, None for those of a message that carried several."""
    if not addresses:
        return {}
    since = now - replies.REMEMBERED
    alone = select(DeliveryRow.address, DeliveryRow.reply_code, DeliveryRow.page_key).where(
        DeliveryRow.channel == "sms",
        DeliveryRow.address.in_(addresses),
        DeliveryRow.created_at > since,
        DeliveryRow.reply_code.is_not(None),
    )
    together = select(BundleRow.address, BundleRow.reply_code, literal(None).label("page_key")).where(
        BundleRow.channel == "sms",
        BundleRow.address.in_(addresses),
        BundleRow.created_at > since,
        BundleRow.reply_code.is_not(None),
    )
    found: dict[str, dict[str, str | None]] = {}
    for row in (await tx.execute(union_all(alone, together))).mappings():
        found.setdefault(row["address"], {})[row["reply_code"]] = row["page_key"]
    return found
