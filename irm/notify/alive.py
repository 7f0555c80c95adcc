"""Signs of life to the outside (dead man's switch): as long as work goes on, somebody outside is told; silence is the alarm.

What is told is only that irm works. The sign is a job like any other, so it stops with dispatcher, worker and database; and
it is not given while the auditor (`watched`) has not looked lately, for a house whose jobs die is not alive.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from irm.config import Settings
from irm.db import Tx
from irm.i18n import translator
from irm.jobs import CallFailed, JobRow, Outside, Resources
from irm.notify.channels import CHANNELS
from irm.notify.channels.asking import ask, trouble_of
from irm.notify.channels.protocol import Message, Outcome
from irm.notify.messages import About, compose, locale_for
from irm.notify.policy import channel_policy
from irm.notify.provider_models import AliveSignRow
from irm.signing import signed

SIGN: Final = "notify.sign_of_life"
NAMES: Final = UUID("6f0d9c4e-3a0b-4a36-9b7e-1f5d2f6f7a10")
"""Namespace of the signs' ids: the same moment is the same sign."""
SECONDS: Final = 25.0
ABOUT: Final = About("ALIVE", None, "/channels", matter="alive")


@dataclass(frozen=True)
class Work:
    """`told`: when each target was told last."""

    at: datetime
    told: Mapping[str, datetime]


def targets_of(settings: Settings) -> dict[str, str]:
    """Those that the settings name, with their address."""
    given = {"url": settings.alive_url.get_secret_value(), "mail": settings.alive_mail, "sms": settings.alive_sms}
    return {name: address for name, address in given.items() if address}


def due(told: Mapping[str, datetime], target: str, now: datetime, every: Mapping[str, timedelta]) -> bool:
    """Half a second early is not too early: jobs don't begin at the same moment of their minute."""
    return target not in told or now - told[target] >= every[target] - every[target] / 4


@dataclass(frozen=True)
class SignOfLife:
    """`watched`: the name of the job whose being done shows that work goes on."""

    watched: str

    async def claim(self, tx: Tx, args: dict[str, Any], now: datetime, attempt: int) -> Work | None:  # noqa: ARG002 - a handler's shape
        done_at = await tx.scalar(
            select(func.max(JobRow.done_at)).where(
                JobRow.name == self.watched,
                JobRow.outcome == "done",
                JobRow.run_at > now - 2 * channel_policy().progress,
            )
        )
        if done_at is None or now - done_at > channel_policy().progress:
            return None
        rows = await tx.scalars(select(AliveSignRow))
        return Work(now, {row.target: row.ok_at for row in rows if row.ok_at is not None})

    async def call(self, work: Work, resources: Resources) -> dict[str, Outcome]:
        """One target after the other: they are few, and each is bounded."""
        every = channel_policy().alive_every
        return {
            name: await _tell(name, address, work.at, resources)
            for name, address in targets_of(resources.settings).items()
            if due(work.told, name, work.at, every)
        }

    async def record(
        self,
        tx: Tx,
        args: dict[str, Any],  # noqa: ARG002 - a handler's shape
        work: Work,
        outcome: dict[str, Outcome] | CallFailed,
        now: datetime,
        attempt: int,  # noqa: ARG002 - a handler's shape
        is_current: bool,  # noqa: ARG002 - a handler's shape
    ) -> timedelta | None:
        """A sign that was not taken is not tried again: the next one comes in a minute."""
        if isinstance(outcome, CallFailed):
            return None
        for target, told in outcome.items():
            ok = told.kind == "sent"
            values = {"tried_at": now, "failure": None if ok else f"{told.kind}: {told.detail}"[:300]}
            if ok:
                values["ok_at"] = work.at
            row = insert(AliveSignRow).values(target=target, **values)
            await tx.execute(row.on_conflict_do_update(index_elements=["target"], set_=values))
        return None

    @property
    def job(self) -> Outside:
        return Outside(claim=self.claim, call=self.call, record=self.record, timeout=SECONDS)


async def _tell(target: str, address: str, at: datetime, resources: Resources) -> Outcome:
    sign = uuid5(NAMES, f"{target} {at.isoformat()}")
    if target != "url":
        return await _by_channel("email" if target == "mail" else target, address, sign, at, resources)
    body = msgspec.json.encode({"type": "irm.alive", "at": at.isoformat()})
    headers = {"content-type": "application/json"}
    if secret := resources.settings.alive_secret.get_secret_value():
        try:
            headers = signed(str(sign), at, body, secret)
        except ValueError as error:
            return Outcome("failed", f"IRM_ALIVE_SECRET: {error}")
    answer = await ask(resources, "POST", address, content=body, headers=headers, ca=resources.settings.alive_ca)
    return answer if isinstance(answer, Outcome) else trouble_of(answer) or Outcome("sent")


async def _by_channel(channel: str, address: str, sign: UUID, at: datetime, resources: Resources) -> Outcome:
    locale = locale_for(channel, "zh-CN")
    text = compose("notice", channel, ABOUT, translator(locale), code=None, exercise=False)
    message = Message(
        delivery_id=sign,
        purpose="notice",
        address=address,
        title=text.title,
        body=text.body,
        locale=locale,
        path=ABOUT.path,
        exercise=False,
        severity=4,
        at=at,
        number=ABOUT.number,
    )
    return await CHANNELS[channel].send(message, resources)


async def signs(tx: Tx) -> list[AliveSignRow]:
    """What was told to whom outside, by target."""
    return list(await tx.scalars(select(AliveSignRow).order_by(AliveSignRow.target)))
