"""Who approves which reports, in which order and how long each has: the city's own YAML, published into the database.

    apiVersion: irm/v1
    kind: Approvals
    chains:
      - organization: CLOUD          # its code
        forms: [initial, progress, closing]
        approvers:
          - {role: duty_leader, minutes: 10}
          - {role: deputy, minutes: 10}
        countersign_minutes: 1440    # 补签: how long the signature may be owed after the report left

What is not named needs no approval; an empty list of chains ends all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select

from irm.access.policy import PERMISSIONS, Permission
from irm.access.queries import organization_by_code
from irm.conditions import one_of
from irm.db import Actor, Tx, uuid7
from irm.errors import NotFound, Wrong, said
from irm.ledger import Event, record
from irm.obligations.approval_models import ApprovalRulesRow
from irm.obligations.forms import forms
from irm.positions import Document, Fault, LanguageError, read, validated

LONGEST_MINUTES: Final = 7 * 24 * 60
SUBJECT: Final = "approval-rules"


def _role(value: str) -> str:
    approving = [role.value for role, held in PERMISSIONS.items() if Permission.APPROVE_REPORTS in held]
    if value not in approving:
        raise Wrong(said("“%(value)s” is no role that approves reports.", value=value), one_of(approving))
    return value


def _form(value: str) -> str:
    known = [name for name, form in forms().items() if form.items and not form.own_page]
    if value not in known:
        raise Wrong(said("“%(value)s” is no report that somebody approves.", value=value), one_of(known))
    return value


Minutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES)]


class RungPart(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    role: Annotated[str, AfterValidator(_role)]
    minutes: Minutes


class ChainPart(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    organization: str
    forms: Annotated[list[Annotated[str, AfterValidator(_form)]], Field(min_length=1)]
    approvers: Annotated[list[RungPart], Field(min_length=1, max_length=9)]
    countersign_minutes: Minutes


class ApprovalsPart(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    apiVersion: Literal["irm/v1"]  # noqa: N815 - the word of the file, as in playbooks
    kind: Literal["Approvals"]
    chains: list[ChainPart]


@dataclass(frozen=True)
class Chain:
    """What the city asks of one organization for one form."""

    rungs: tuple[tuple[str, int], ...]
    """Role and minutes."""
    countersign_minutes: int


async def publish(tx: Tx, source: str, *, file: str, actor: Actor, now: datetime) -> UUID:
    """From now on these chains count; what was asked before keeps its own. Raises LanguageError with every fault."""
    document = read(source, file=file)
    part = validated(document, ApprovalsPart)
    faults: list[Fault] = list(_twice(document, part))
    chains: list[dict[str, Any]] = []
    for index, chain in enumerate(part.chains):
        try:
            organization = await organization_by_code(tx, chain.organization)
        except NotFound:
            message = said("There is no organization “%(code)s”.", code=chain.organization)
            faults.append(document.fault(("chains", index, "organization"), message))
            continue
        chains.append(
            {
                "organization": str(organization.id),
                "forms": chain.forms,
                "rungs": [[rung.role, rung.minutes] for rung in chain.approvers],
                "countersign_minutes": chain.countersign_minutes,
            }
        )
    if faults:
        raise LanguageError(faults)
    row = ApprovalRulesRow(id=uuid7(), source=source, chains=chains, published_at=now, published_by=actor.id)
    tx.add(row)
    await tx.flush()
    await record(tx, Event("approval.rules_published", f"{SUBJECT}/{row.id}", now, actor, {"chains": chains}))
    return row.id


async def published(tx: Tx, *, now: datetime) -> ApprovalRulesRow | None:
    """The rules that count now."""
    row: ApprovalRulesRow | None = await tx.scalar(
        select(ApprovalRulesRow)
        .where(ApprovalRulesRow.published_at <= now)
        .order_by(ApprovalRulesRow.published_at.desc(), ApprovalRulesRow.id.desc())
        .limit(1)
    )
    return row


async def chain_for(tx: Tx, organization_id: UUID, form: str, *, now: datetime) -> Chain | None:
    """None: the city asks for no approval here."""
    row = await published(tx, now=now)
    for chain in row.chains if row is not None else ():
        if chain["organization"] == str(organization_id) and form in chain["forms"]:
            return Chain(tuple((role, minutes) for role, minutes in chain["rungs"]), chain["countersign_minutes"])
    return None


def _twice(document: Document, part: ApprovalsPart) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for index, chain in enumerate(part.chains):
        for place, form in enumerate(chain.forms):
            if (chain.organization, form) in seen:
                message = said("“%(name)s” stands here twice.", name=form)
                yield document.fault(("chains", index, "forms", place), message)
            seen.add((chain.organization, form))
