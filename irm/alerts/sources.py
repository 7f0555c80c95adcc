"""Machines that may send: registered as 非涉密, given a secret that is shown once, changed, switched off and on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select, update

from irm.access import queries as access
from irm.access.policy import AUTHORITY, Permission, Principal, reach
from irm.actor import Actor
from irm.alerts.credentials import key_of, secret_of
from irm.alerts.mapping import Mapped
from irm.alerts.models import AlertSecretRow, AlertSourceRow
from irm.alerts.policy import alert_policy
from irm.alerts.vocabulary import KINDS
from irm.db import Tx, uuid7
from irm.errors import Conflict, FieldError, Invalid, NotFound, said
from irm.i18n import N_
from irm.ledger import Event, record
from irm.positions import LanguageError, faults_of_model, read
from irm.rules.load import catalogue
from irm.systems import queries as register

CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,47}")
SENDER: Final = re.compile(r"[^@\s]{0,100}@[a-z0-9.-]{1,200}")
MOST_SENDERS: Final = 50

NO_SOURCE: Final = N_("There is no such source.")
NOT_ACCEPTED: Final = N_("The source was not accepted; nothing was stored.")
NO_CODE: Final = N_("Two to 48 small letters, digits and hyphens, beginning with a letter.")
TAKEN: Final = N_("A source of this code is there already.")
NO_NAME: Final = N_("Say in up to %(most)s characters what it is.")
NO_KIND: Final = N_("There is no such kind of source.")
NO_ORGANIZATION: Final = N_("There is no such organization that works in this irm.")
NO_SYSTEM: Final = N_("There is no such system: %(code)s")
NOT_ITS_SYSTEM: Final = N_("%(code)s is no system of this organization.")
NO_RATE: Final = N_("Between 1 and %(most)s alerts a minute.")
NO_SENDERS: Final = N_("Name the senders whose letters are taken: addresses, or @domain.")
NO_SENDER: Final = N_("Not an address or @domain: %(sender)s")
NOT_DECLARED: Final = N_(
    "Only sources that send nothing classified are registered. Declare it, or leave the source out: "
    "irm must not receive state secrets."
)


@dataclass(frozen=True)
class Given:
    """A source as people enter it. `mapping` is YAML (`mapping.py`); empty: the format's own fields."""

    code: str
    name: str
    kind: str
    organization: str = ""
    """Code; empty for the cloud authority."""
    systems: Sequence[str] = ()
    """Codes of the systems it may speak of."""
    senders: Sequence[str] = ()
    mapping: str = ""
    rate_per_minute: int | None = None
    unclassified: bool = False


@dataclass(frozen=True)
class Source:
    id: UUID
    code: str
    name: str
    kind: str
    organization_id: UUID
    organization: str
    systems: tuple[tuple[str, str], ...]
    """(code, name)."""
    senders: tuple[str, ...]
    mapping: str
    """As YAML; empty where it is the format's own."""
    rate_per_minute: int
    is_enabled: bool
    unclassified_by: str
    unclassified_at: datetime
    created_at: datetime
    last_seen_at: datetime | None
    taken: int
    refused: int
    last_refused_at: datetime | None
    faults: int
    last_fault: str | None
    last_fault_at: datetime | None
    old_secret_until: datetime | None = None
    secrets: tuple[datetime, ...] = field(default=())
    """When those that are taken now were made, the newest first."""


async def register_source(
    tx: Tx, given: Given, *, by: Principal | None, actor: Actor, home: Path, now: datetime
) -> tuple[UUID, str]:
    """The id, and the secret, which is shown this once. Raises Invalid naming each field, Conflict for a code in use.

    `by` None: the command line.
    """
    found, looked_up = await _faults(tx, given, by)
    if not CODE.fullmatch(given.code):
        found.append(FieldError("code", NO_CODE))
    elif await tx.scalar(select(AlertSourceRow.id).where(AlertSourceRow.code == given.code)) is not None:
        raise Conflict(TAKEN, field="code")
    if given.kind not in KINDS:
        found.append(FieldError("kind", NO_KIND))
    if not given.unclassified:
        found.append(FieldError("unclassified", NOT_DECLARED))
    if found or looked_up is None:
        raise Invalid(NOT_ACCEPTED, errors=found)
    row = AlertSourceRow(
        id=uuid7(),
        code=given.code,
        name=given.name.strip(),
        kind=given.kind,
        **looked_up,
        is_enabled=True,
        unclassified_by=by.person_id if by else None,
        unclassified_at=now,
        created_at=now,
        allowance=float(looked_up["rate_per_minute"]),
        allowance_at=now,
        taken=0,
        refused=0,
        faults=0,
    )
    tx.add(row)
    await tx.flush()
    body = {
        "code": row.code,
        "kind": row.kind,
        "organization": str(row.organization_id),
        "systems": [str(one) for one in row.system_ids],
        "rate_per_minute": row.rate_per_minute,
        "unclassified": True,
    }
    await record(tx, Event("alert_source.registered", _path(row), now, actor, body, {"name": row.name}))
    return row.id, await _new_secret(tx, row, home=home, now=now)


async def change_source(tx: Tx, code: str, given: Given, *, by: Principal | None, actor: Actor, now: datetime) -> None:
    """Name, organization, systems, senders, mapping and rate; code and kind stay. Raises Invalid, NotFound."""
    row = await _row(tx, code, by)
    given = Given(**{**given.__dict__, "code": row.code, "kind": row.kind})
    found, looked_up = await _faults(tx, given, by)
    if found or looked_up is None:
        raise Invalid(NOT_ACCEPTED, errors=found)
    before = {name: _plain(getattr(row, name)) for name in looked_up}
    row.name = given.name.strip()
    for name, value in looked_up.items():
        setattr(row, name, value)
    row.allowance = min(row.allowance, float(row.rate_per_minute))
    changes = [name for name, value in before.items() if value != _plain(getattr(row, name))]
    await tx.flush()
    await record(tx, Event("alert_source.changed", _path(row), now, actor, {"changed": changes}, {"name": row.name}))


async def switch_source(
    tx: Tx, code: str, *, is_enabled: bool, by: Principal | None, actor: Actor, now: datetime
) -> None:
    """What a source sends while it is off is refused and counted. Switching to what it is changes nothing."""
    row = await _row(tx, code, by)
    if row.is_enabled == is_enabled:
        return
    row.is_enabled = is_enabled
    await tx.flush()
    action = "alert_source.enabled" if is_enabled else "alert_source.disabled"
    await record(tx, Event(action, _path(row), now, actor, {"code": row.code}))


async def rotate_secret(
    tx: Tx, code: str, *, at_once: bool, by: Principal | None, actor: Actor, home: Path, now: datetime
) -> str:
    """A new secret, shown this once. The one before is taken for the city's hours more; `at_once`: not at all."""
    row = await _row(tx, code, by)
    until = now if at_once else now + timedelta(hours=alert_policy().old_secret_hours)
    await tx.execute(
        update(AlertSecretRow)
        .where(AlertSecretRow.source_id == row.id, (AlertSecretRow.until.is_(None)) | (AlertSecretRow.until > until))
        .values(until=until)
    )
    secret = await _new_secret(tx, row, home=home, now=now)
    body = {"code": row.code, "old_until": until.isoformat()}
    await record(tx, Event("alert_source.secret_replaced", _path(row), now, actor, body))
    return secret


async def sources(tx: Tx, by: Principal | None, *, permission: Permission = Permission.MANAGE_SOURCES) -> list[Source]:
    """Those that the reader's permission reaches, by code; `by` None: all."""
    wanted = select(AlertSourceRow).order_by(AlertSourceRow.code)
    if by is not None:
        far = reach(by, permission)
        if not far.everything:
            wanted = wanted.where(AlertSourceRow.organization_id.in_(far.organizations))
    return await _shown(tx, list(await tx.scalars(wanted)))


async def source_of(
    tx: Tx, code: str, by: Principal | None, *, permission: Permission = Permission.MANAGE_SOURCES
) -> Source:
    """Raises NotFound, for what the reader may not see too."""
    return (await _shown(tx, [await _row(tx, code, by, permission)]))[0]


def address_of(public_url: str, code: str) -> str:
    """Where it posts to."""
    return f"{public_url.rstrip('/')}/api/v1/intake/{code}"


async def _row(
    tx: Tx, code: str, by: Principal | None, permission: Permission = Permission.MANAGE_SOURCES
) -> AlertSourceRow:
    found = None
    if CODE.fullmatch(code):
        found = await tx.scalar(
            select(AlertSourceRow).where(AlertSourceRow.code == code).with_for_update(key_share=True)
        )
    far = reach(by, permission) if by is not None else None
    if found is None or (far is not None and not (far.everything or found.organization_id in far.organizations)):
        raise NotFound(NO_SOURCE)
    return found


async def _faults(tx: Tx, given: Given, by: Principal | None) -> tuple[list[FieldError], dict[str, Any] | None]:
    """What is wrong, and what was looked up for the row."""
    policy = alert_policy()
    found: list[FieldError] = []
    name = given.name.strip()
    if not name or len(name) > policy.longest_line or not name.isprintable():
        found.append(FieldError("name", NO_NAME, {"most": policy.longest_line}))
    rate = policy.rate_per_minute if given.rate_per_minute is None else given.rate_per_minute
    if not 1 <= rate <= policy.most_rate_per_minute:
        found.append(FieldError("rate_per_minute", NO_RATE, {"most": policy.most_rate_per_minute}))
    senders = [one.strip().lower() for one in given.senders if one.strip()]
    if given.kind == "email" and not senders:
        found.append(FieldError("senders", NO_SENDERS))
    wrong = [one for one in senders if not SENDER.fullmatch(one)]
    found += [FieldError("senders", NO_SENDER, {"sender": one[:80]}) for one in wrong[:1]]
    if len(senders) > MOST_SENDERS:
        found.append(FieldError("senders", NO_SENDERS))
    mapping = _mapping(given.mapping, found)
    owner = await _organization(tx, given.organization.strip(), by)
    if owner is None:
        found.append(FieldError("organization", NO_ORGANIZATION))
        return found, None
    systems = await _systems(tx, given.systems, owner, found)
    return found, {
        "organization_id": owner.id,
        "system_ids": systems,
        "senders": senders,
        "mapping": mapping,
        "rate_per_minute": rate,
    }


def _mapping(text: str, found: list[FieldError]) -> dict[str, Any]:
    """As it is stored: the text that was written, and nothing where it is the format's own."""
    if not text.strip():
        return {}
    try:
        mapping_in(text)
    except LanguageError as error:
        found += [
            FieldError("mapping", said("%(place)s: %(told)s", place=one.place, told=one.words)) for one in error.faults
        ]
        return {}
    return {"text": text}


def mapping_in(text: str) -> Mapped:
    """Raises LanguageError with every fault at its place; a fact that the catalogue lacks is one."""
    if not text.strip():
        return Mapped()
    document = read(text, file="mapping")
    try:
        mapped = Mapped.model_validate(document.data)
    except ValidationError as error:
        raise LanguageError(faults_of_model(document, Mapped, error)) from error
    unknown = [name for name in mapped.facts if name not in catalogue()]
    if unknown:
        raise LanguageError(
            document.fault(("facts", name), said("There is no such fact."), at_key=True) for name in unknown
        )
    return mapped


def mapping_of(row: AlertSourceRow) -> Mapped:
    """Of what was accepted once."""
    return mapping_in(row.mapping.get("text", ""))


async def _organization(tx: Tx, code: str, by: Principal | None) -> access.Organization | None:
    """Empty: the city's cloud authority. Only what the administrator's permission reaches."""
    known = await access.organizations(tx, joined=True)
    far = reach(by, Permission.MANAGE_SOURCES) if by is not None else None
    reached = [one for one in known if far is None or far.everything or one.id in far.organizations]
    if code:
        return next((one for one in reached if one.code == code), None)
    return next((one for one in reached if one.kind == AUTHORITY), None)


async def _systems(tx: Tx, codes: Sequence[str], owner: access.Organization, found: list[FieldError]) -> list[UUID]:
    """A machine speaks of its own organization's systems; the cloud authority's of any."""
    ids = []
    for code in dict.fromkeys(one.strip().replace("\0", "") for one in codes if one.strip()):
        try:
            system = await register.system_by_code(tx, code)
        except NotFound:
            found.append(FieldError("systems", NO_SYSTEM, {"code": code[:80]}))
            continue
        if owner.kind != AUTHORITY and owner.id not in system.parties:
            found.append(FieldError("systems", NOT_ITS_SYSTEM, {"code": code}))
        ids.append(system.id)
    return ids


async def _new_secret(tx: Tx, row: AlertSourceRow, *, home: Path, now: datetime) -> str:
    secret = AlertSecretRow(id=uuid7(), source_id=row.id, made_at=now, until=None)
    tx.add(secret)
    await tx.flush()
    return secret_of(key_of(home), secret.id)


async def _shown(tx: Tx, rows: Sequence[AlertSourceRow]) -> list[Source]:
    organizations = {one.id: one for one in await access.organizations(tx)}
    systems = await register.systems(tx, {one for row in rows for one in row.system_ids})
    names = await access.person_names(tx, {row.unclassified_by for row in rows if row.unclassified_by})
    held: dict[UUID, list[AlertSecretRow]] = {}
    for secret in await tx.scalars(
        select(AlertSecretRow)
        .where(AlertSecretRow.source_id.in_([row.id for row in rows]))
        .order_by(AlertSecretRow.made_at.desc(), AlertSecretRow.id.desc())
    ):
        held.setdefault(secret.source_id, []).append(secret)
    return [
        Source(
            id=row.id,
            code=row.code,
            name=row.name,
            kind=row.kind,
            organization_id=row.organization_id,
            organization=organizations[row.organization_id].name if row.organization_id in organizations else "",
            systems=tuple((systems[one].code, systems[one].name) for one in row.system_ids if one in systems),
            senders=tuple(row.senders),
            mapping=row.mapping.get("text", ""),
            rate_per_minute=row.rate_per_minute,
            is_enabled=row.is_enabled,
            unclassified_by=names.get(row.unclassified_by, "") if row.unclassified_by else "",
            unclassified_at=row.unclassified_at,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            taken=row.taken,
            refused=row.refused,
            last_refused_at=row.last_refused_at,
            faults=row.faults,
            last_fault=row.last_fault,
            last_fault_at=row.last_fault_at,
            old_secret_until=max((one.until for one in held.get(row.id, []) if one.until), default=None),
            secrets=tuple(one.made_at for one in held.get(row.id, []) if one.until is None),
        )
        for row in rows
    ]


def _plain(value: Any) -> Any:
    return [str(one) for one in value] if isinstance(value, list | tuple) else value


def _path(row: AlertSourceRow) -> str:
    return f"alert_source/{row.id}"
