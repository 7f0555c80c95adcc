"""The city's rules as data: every version stays, the newest is in force; without any, those that irm brings along."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Principal
from irm.actor import Actor
from irm.alerts.city_rules import CityRule, read_rules
from irm.alerts.models import AlertRulesRow
from irm.db import Tx
from irm.errors import Conflict, Invalid
from irm.i18n import N_
from irm.ledger import Event, record
from irm.one_at_a_time import be_alone

NO_REASON: Final = N_("Say in up to %(most)s characters why the rules change; it stays in the record.")
LONGEST_REASON: Final = 500
OVERTAKEN: Final = N_("Somebody else has published version %(version)s meanwhile. Look at it, and decide anew.")


@dataclass(frozen=True)
class RulesVersion:
    """`version` 0 is what irm brings along."""

    version: int
    text: str
    reason: str = ""
    published_by: str = ""
    published_at: datetime | None = None

    @property
    def rules(self) -> tuple[CityRule, ...]:
        return read_rules(self.text)


@cache
def brought_along() -> RulesVersion:
    return RulesVersion(0, (files("irm.alerts") / "city_rules.yaml").read_text("utf-8"))


async def rules_in_force(tx: Tx) -> RulesVersion:
    row = await tx.scalar(select(AlertRulesRow).order_by(AlertRulesRow.version.desc()).limit(1))
    return RulesVersion(row.version, row.text, row.reason, "", row.published_at) if row else brought_along()


async def versions(tx: Tx) -> list[RulesVersion]:
    """The newest first."""
    rows = list(await tx.scalars(select(AlertRulesRow).order_by(AlertRulesRow.version.desc())))
    names = await access.person_names(tx, {row.published_by for row in rows if row.published_by})
    return [
        RulesVersion(
            row.version,
            row.text,
            row.reason,
            names.get(row.published_by, "") if row.published_by else "",
            row.published_at,
        )
        for row in rows
    ]


async def publish_rules(
    tx: Tx, text: str, *, reason: str, after: int | None, by: Principal | None, actor: Actor, now: datetime
) -> int:
    """The new version's number. Raises LanguageError for the text, Invalid for the reason, Conflict when `after`, the
    version that was looked at, is no longer the newest. The text in force again changes nothing."""
    read_rules(text)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON or "\0" in reason:
        raise Invalid(NO_REASON, field="reason", most=LONGEST_REASON)
    await be_alone(tx, "alerts.rules")
    present = await rules_in_force(tx)
    if after is not None and after != present.version:
        raise Conflict(OVERTAKEN, version=present.version)
    if text == present.text:
        return present.version
    row = AlertRulesRow(
        version=present.version + 1,
        text=text,
        reason=reason,
        published_by=by.person_id if by else None,
        published_at=now,
    )
    tx.add(row)
    await tx.flush()
    body = {"version": row.version, "sha256": sha256(text.encode()).hexdigest()}
    await record(tx, Event("alert_rules.published", f"alert_rules/{row.version}", now, actor, body, {"reason": reason}))
    return row.version
