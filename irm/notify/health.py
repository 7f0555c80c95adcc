"""How each channel does: configured, last success, what fails, how long a provider takes to answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, extract, func, select

from irm.db import Tx
from irm.notify import circuit
from irm.notify.circuit import Circuit, Standing
from irm.notify.models import ChannelRow, DeliveryAttemptRow, DeliveryRow
from irm.notify.plan import BUILT, GROUPS
from irm.notify.policy import channel_policy
from irm.notify.provider_models import ProviderRow
from irm.notify.synthetic import Standing as Tried, standings
from irm.notify.views import SYNTHETIC

LATELY: Final = timedelta(days=1)
ACKNOWLEDGED_BY: Final[Mapping[str, str]] = {
    "sms": "sms_reply",
    "voice": "voice_key",
    "email": "link",
    "wecom": "chat_card",
    "dingtalk": "chat_card",
    "feishu": "chat_card",
    "webhook": "api",
    "in_app": "page",
}
"""By which means a page of each channel is confirmed; a group's bot has none."""
WITHOUT_ANSWER: Final = frozenset({"aliyun_speaks"})
"""Interfaces by which nobody can confirm, whatever the channel."""


@dataclass(frozen=True)
class ProviderHealth:
    name: str
    standing: str
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    opened_at: datetime | None


@dataclass(frozen=True)
class ChannelHealth:
    """Figures of the last day; `median_ms`: of attempts that the provider took, from the call to its answer."""

    name: str
    configured: bool
    interface: str | None
    """One of `words.INTERFACE_NAMES`, where it is one of those."""
    pages: bool
    confirmed_by: str | None
    sent: int
    failed: int
    median_ms: int | None
    providers: tuple[ProviderHealth, ...]
    tried: Tried | None = None
    """What the synthetic messages say of it; None: it has no test destination, or none was judged yet."""


async def down(tx: Tx) -> list[tuple[str, datetime]]:
    """Providers that are left alone or being tried, with the moment since when."""
    rows = await tx.scalars(select(ProviderRow).where(ProviderRow.opened_at.is_not(None)).order_by(ProviderRow.name))
    return [(row.name, row.opened_at) for row in rows if row.opened_at is not None]


async def note_interfaces(tx: Tx, interfaces: Mapping[str, str]) -> None:
    """Keep whose interface each channel speaks, beside whether it is configured; NULL for those that are not named."""
    for row in await tx.scalars(select(ChannelRow).order_by(ChannelRow.name).with_for_update()):
        row.interface = interfaces.get(row.name)
    await tx.flush()


async def without_answer(tx: Tx) -> frozenset[str]:
    """Channels by which messages go and nobody can confirm."""
    return frozenset(await tx.scalars(select(ChannelRow.name).where(ChannelRow.interface.in_(sorted(WITHOUT_ANSWER)))))


async def health(tx: Tx, now: datetime) -> list[ChannelHealth]:
    """Every channel that is built, configured ones first."""
    known = {row.name: row for row in await tx.scalars(select(ChannelRow))}
    seconds = extract("epoch", DeliveryAttemptRow.finished_at - DeliveryAttemptRow.started_at)
    is_sent = DeliveryAttemptRow.outcome == "sent"
    rows = await tx.execute(
        select(
            DeliveryRow.channel,
            func.count().filter(is_sent).label("sent"),
            func.count().filter(DeliveryAttemptRow.outcome.in_(("refused", "failed", "unknown"))).label("failed"),
            func.percentile_cont(0.5).within_group(case((is_sent, seconds)).asc()).label("median"),
        )
        .join(DeliveryRow, DeliveryRow.id == DeliveryAttemptRow.delivery_id)
        .where(DeliveryAttemptRow.started_at > now - LATELY, DeliveryRow.subject.not_like(f"{SYNTHETIC}%"))
        .group_by(DeliveryRow.channel)
    )
    figures = {row.channel: row for row in rows.all()}
    tried = {each.channel: each for each in await standings(tx)}
    by_channel: dict[str, list[ProviderHealth]] = {}
    for each in await tx.scalars(select(ProviderRow).order_by(ProviderRow.name)):
        by_channel.setdefault(each.name.partition(" ")[0], []).append(_health_of(each, now))
    found = []
    for name in BUILT:
        row, channel = figures.get(name), known.get(name)
        interface = channel.interface if channel else None
        found.append(
            ChannelHealth(
                name=name,
                configured=channel is not None and channel.configured,
                interface=interface,
                pages=name not in GROUPS,
                confirmed_by=None if interface in WITHOUT_ANSWER else ACKNOWLEDGED_BY.get(name),
                sent=row.sent if row else 0,
                failed=row.failed if row else 0,
                median_ms=round(row.median * 1000) if row and row.median is not None else None,
                providers=tuple(by_channel.get(name, ())),
                tried=tried.get(name),
            )
        )
    return sorted(found, key=lambda each: not each.configured)


def _health_of(row: ProviderRow, now: datetime) -> ProviderHealth:
    known = Circuit((), row.opened_at, row.probing_until)
    standing = circuit.standing(known, now, channel_policy().circuit)
    return ProviderHealth(
        name=row.name,
        standing=(Standing.OPEN if row.opened_at is not None else standing).value,
        last_success_at=row.last_success_at,
        last_failure_at=row.last_failure_at,
        last_failure=row.last_failure,
        opened_at=row.opened_at,
    )
