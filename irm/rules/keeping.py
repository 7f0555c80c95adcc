"""How long something is to be kept at least, by the packs in force. Pure."""

from collections.abc import Sequence

from irm.rules.pack import KeepRule, Pack


def keep_rules(packs: Sequence[Pack], what: str) -> tuple[KeepRule, ...]:
    """Every rule about it, the longest first."""
    found = [rule for pack in packs for rule in pack.keeping if rule.what == what]
    return tuple(sorted(found, key=lambda rule: (-rule.months, rule.id)))


def keep_at_least(packs: Sequence[Pack], what: str) -> int | None:
    """Months; None where no pack says anything. Of several the longest binds."""
    rules = keep_rules(packs, what)
    return rules[0].months if rules else None
