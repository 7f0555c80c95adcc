"""Rosters from a file: all of it or nothing, every fault named by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.db import Actor, Tx
from irm.errors import FieldError, Invalid, NotFound
from irm.i18n import LOCALES, N_, translator
from irm.notify.duty import NewShift, add_shifts, create_roster
from irm.notify.models import RosterRow, ShiftRow
from irm.notify.roster_file import HEADERS, Line, decoded, read
from irm.notify.words import ROLE_NAMES

DEFAULT_NAME: Final = N_("Duty roster")


@dataclass(frozen=True)
class Imported:
    rosters: int
    shifts: int
    known: int
    """Lines that were on record already: reading a file twice adds nothing."""


async def import_roster(tx: Tx, content: bytes, *, now: datetime, actor: Actor) -> Imported:
    """Raises Invalid with one error per fault; nothing is kept then."""
    try:
        text = decoded(content)
    except ValueError as error:
        raise Invalid("The file is neither UTF-8 nor GB 18030 text.", field="file") from error
    lines, faults = read(text, _words(HEADERS), _words(ROLE_NAMES))
    organizations, people, posts, unknown = await _lookup(tx, lines, now)
    if faults or unknown:
        raise Invalid("The roster could not be read.", errors=[*faults, *unknown])
    by_roster: dict[tuple[UUID, str], list[NewShift]] = {}
    for line in lines:
        organization_id = organizations[line.organization]
        shift = NewShift(
            line.starts_at,
            line.ends_at,
            people.get(line.person),
            posts.get((organization_id, line.post)),
            line.role,
        )
        by_roster.setdefault((organization_id, line.roster or translator("zh-CN")(DEFAULT_NAME)), []).append(shift)
    made = written = known = 0
    for (organization_id, name), shifts in by_roster.items():
        roster_id = await tx.scalar(
            select(RosterRow.id).where(RosterRow.organization_id == organization_id, RosterRow.name == name)
        )
        if roster_id is None:
            roster_id = await create_roster(tx, organization_id=organization_id, name=name, now=now, actor=actor)
            made += 1
        new = await _not_yet_there(tx, roster_id, shifts)
        written += len(new)
        known += len(shifts) - len(new)
        if new:
            await add_shifts(tx, roster_id=roster_id, shifts=new, now=now, actor=actor)
    return Imported(made, written, known)


async def _not_yet_there(tx: Tx, roster_id: UUID, shifts: Sequence[NewShift]) -> list[NewShift]:
    there = {
        (row.starts_at, row.ends_at, row.person_id, row.post_id)
        for row in await tx.scalars(
            select(ShiftRow).where(
                ShiftRow.roster_id == roster_id, ShiftRow.ends_at > min(each.starts_at for each in shifts)
            )
        )
    }
    new: dict[Any, NewShift] = {}
    for each in shifts:
        key = (each.starts_at, each.ends_at, each.person_id, each.post_id)
        if key not in there:
            new.setdefault(key, each)
    return list(new.values())


async def _lookup(
    tx: Tx, lines: Sequence[Line], now: datetime
) -> tuple[dict[str, UUID], dict[str, UUID], dict[tuple[UUID, str], UUID], list[FieldError]]:
    """Codes, logins and posts of the file as ids, and what does not exist."""
    organizations: dict[str, UUID] = {}
    for code in dict.fromkeys(line.organization for line in lines):
        try:
            organizations[code] = (await access.organization_by_code(tx, code)).id
        except NotFound:
            continue
    people = {
        each.login: each.person_id
        for login in dict.fromkeys(line.person for line in lines if line.person)
        for each in await access.accounts(tx, now=now, login=login)
    }
    posts = {
        (post.organization_id, post.name): post.id
        for post in await access.posts(tx, organization_ids=list(organizations.values()))
    }
    unknown: list[FieldError] = []
    for line in lines:
        organization_id = organizations.get(line.organization)
        if organization_id is None:
            unknown.append(FieldError(f"line {line.number}, organization", "This organization does not exist."))
        elif line.post and (organization_id, line.post) not in posts:
            unknown.append(FieldError(f"line {line.number}, post", "This organization has no such post."))
        if line.person and line.person not in people:
            unknown.append(FieldError(f"line {line.number}, person", "There is no account of this name."))
    return organizations, people, posts, unknown


def _words(named: dict[str, str]) -> dict[str, str]:
    return {translator(locale)(msgid).casefold(): key for key, msgid in named.items() for locale in LOCALES}
