"""Synthetic messages, for `irm doctor`: which channels are heard of, and how much that proves."""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from irm.config import Settings
from irm.diagnosis import Finding
from irm.i18n import N_
from irm.notify.heard import Heard
from irm.notify.policy import channel_policy

TRIALS: Final = N_("Test messages")
ROUNDS: Final = 3
"""Without any that was judged: then irm does not try at all."""


async def look_at_trials(connection: AsyncConnection, settings: Settings, now: datetime) -> Finding:
    """Broken where a channel is silent or is not tried although the settings ask for it."""
    if not settings.synthetic:
        words = N_(
            "No channel has a test destination: that messages arrive is not tried (IRM_SYNTHETIC, docs/channels.md)."
        )
        return Finding(TRIALS, "off", words)
    rows = await connection.execute(
        text(
            "SELECT DISTINCT ON (channel) channel, heard, planned_at FROM synthetic_message WHERE heard IS NOT NULL "
            "ORDER BY channel, planned_at DESC, delivery_id DESC"
        )
    )
    last = {str(row.channel): row for row in rows.all()}
    policy = channel_policy()
    untried = [
        name
        for name in settings.synthetic
        if name not in last
        or now - last[name].planned_at > ROUNDS * policy.synthetic_every + policy.synthetic_within(name)
    ]
    if untried:
        words = N_("%(names)s: not tried lately. Is the channel configured, and does a worker run?")
        return Finding(TRIALS, "broken", words, {"names": ", ".join(sorted(untried))})
    silent = sorted(name for name in settings.synthetic if last[name].heard == Heard.NOT)
    if silent:
        words = N_("%(names)s: the last test message did not arrive in time.")
        return Finding(TRIALS, "broken", words, {"names": ", ".join(silent)})
    half = sorted(name for name in settings.synthetic if last[name].heard == Heard.ACCEPTED and name != "in_app")
    if half:
        words = N_("All were taken; of %(names)s nobody says that it arrived.")
        return Finding(TRIALS, "good", words, {"names": ", ".join(half)})
    return Finding(TRIALS, "good", N_("All arrived: %(names)s."), {"names": ", ".join(sorted(settings.synthetic))})
