"""Which figures that nobody has read could decide in this city: the packs it goes by, its readings, its register."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from irm.db import Tx
from irm.rules.gaps import Gap, Holdings, gaps, gaps_here
from irm.rules.load import builtin_packs
from irm.rules.policies import readings
from irm.rules.queries import current_packs


class CityRegister(Protocol):
    """Knows what the city has. It stands above this room: `irm/wiring.py` names it (`Wiring.register`)."""

    async def holdings(self, tx: Tx) -> Holdings: ...


async def gaps_of_the_city(tx: Tx, *, now: datetime, sees_cii: bool) -> tuple[Gap, ...]:
    """Of every pack that the city goes by, each with why it cannot decide here, if so."""
    register: CityRegister | None = tx.wiring.register
    holdings = await register.holdings(tx) if register is not None else Holdings()
    if not sees_cii:
        holdings = holdings.without_cii()
    packs = await current_packs(tx, now=now)
    return gaps_here(packs, holdings, now=now, readings=await readings(tx))


def gaps_of_irm() -> Sequence[Gap]:
    """Of every pack that irm brings along, adopted or not. Needs no database."""
    return gaps(builtin_packs())
