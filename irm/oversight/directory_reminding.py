"""Before a contract or a vetting of a vendor's staff ends, when a vetting has run out, and when a contact was not looked at
for too long, whoever is to renew or to look hears of it: once, as a reminder that goes with others, never as a page.
Job `oversight.remind_directory`. A contract with which an account ends is told by the account (`account.ends_soon`), and
not here again.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from irm.access import engagements
from irm.access.keeping_contacts import liaisons_of
from irm.access.policy import AUTHORITY, Role
from irm.access.queries import Organization, members, organizations
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.i18n import LOCALES, N_, translator
from irm.notify import queries as notify, service
from irm.notify.messages import About
from irm.notify.plan import Resolution
from irm.oversight.models import DirectoryReminderRow
from irm.oversight.policy import oversight_policy
from irm.oversight.standing import reminder

JOB: Final = "oversight.remind_directory"
KEEPERS: Final = (Role.SECURITY_LEAD, Role.COMPLIANCE_OFFICER, Role.DUTY_LEADER, Role.DEPUTY, Role.UNIT_HEAD)
"""Who keeps an organization's contacts; the first of these roles that somebody holds is reminded."""
CONTRACTS: Final = N_("Contracts of %(n)s of the staff of %(organization)s end soon")
VETTINGS: Final = N_("The vetting of %(n)s of the staff of %(organization)s ends soon")
RUN_OUT: Final = N_("The vetting of %(n)s of the staff of %(organization)s has run out")
AFTERWARDS: Final = 0
"""Days before the end of a vetting by which it is remembered that somebody was told when it was over."""
CONTACTS: Final = N_("%(n)s contacts of %(organization)s are to be checked again")
RENEW: Final = N_(
    "Who it is and until when, stands on the page of the vetting. What is renewed there is not asked again."
)
LOOK: Final = N_("Call, and note that the number is right, or put it right.")
Mark = tuple[UUID, str, date, int]


async def remind(tx: Tx, args: dict[str, Any], now: datetime) -> None:  # noqa: ARG001 - looks at what stands now
    """Twice on a day comes to the same as once."""
    today = now.astimezone(SHANGHAI).date()
    everybody = [one for one in await organizations(tx) if one.joined]
    await _staff(tx, [one for one in everybody if one.kind == engagements.VENDOR], everybody, today, now)
    await _contacts(tx, everybody, today, now)


async def _staff(
    tx: Tx, vendors: Collection[Organization], everybody: Collection[Organization], today: date, now: datetime
) -> None:
    policy = oversight_policy()
    kept = await engagements.records(tx, organization_ids=[one.id for one in vendors])
    told_by_account = await engagements.ending_accounts(tx, [one.person_id for one in kept])
    due: dict[tuple[UUID, str], set[Mark]] = {}
    for one in kept:
        ends = one.engagement.ends_on
        if ends is not None and ends < today:
            continue
        days = reminder(ends, today, policy.contract_before_days)
        if days is not None and ends is not None and (one.person_id, ends) not in told_by_account:
            due.setdefault((one.organization_id, "contract"), set()).add((one.id, "contract", ends, days))
        good = one.engagement.vetted_until
        days = reminder(good, today, policy.vetting_before_days)
        if days is not None and good is not None:
            due.setdefault((one.organization_id, "vetting"), set()).add((one.id, "vetting", good, days))
        elif good is not None and good < today:
            due.setdefault((one.organization_id, "run_out"), set()).add((one.id, "vetting", good, AFTERWARDS))
    authorities = [one.id for one in everybody if one.kind == AUTHORITY]
    titles = {"contract": CONTRACTS, "vetting": VETTINGS, "run_out": RUN_OUT}
    for vendor in (one for one in vendors if any((one.id, what) in due for what in titles)):
        leads = await members(tx, [vendor.id, *authorities], now=now, role=Role.SECURITY_LEAD)
        people = [each.person.id for each in leads]
        for what, title in titles.items():
            marks = await _untold(tx, due.get((vendor.id, what), set()), now) if people else ()
            if marks:
                await _tell(tx, vendor, people, title, RENEW, len(marks), "/vetting", f"{what}/{today}", now)


async def _contacts(tx: Tx, everybody: Collection[Organization], today: date, now: datetime) -> None:
    there = await liaisons_of(tx, [one.id for one in everybody], today=today)
    for organization in everybody:
        overdue = {(one.id, "contact", one.check_due_on, 0) for one in there.get(organization.id, ()) if one.overdue}
        if not overdue:
            continue
        holding = await members(tx, [organization.id], now=now)
        first = next((role for role in KEEPERS if any(role in each.roles for each in holding)), None)
        people = [each.person.id for each in holding if first in each.roles]
        marks = await _untold(tx, overdue, now) if people else ()
        if not marks:
            continue
        page = f"/organizations/{organization.code}/directory"
        await _tell(tx, organization, people, CONTACTS, LOOK, len(marks), page, f"contact/{today}", now)


async def _untold(tx: Tx, marks: Collection[Mark], now: datetime) -> Collection[Mark]:
    """Those of which nobody was reminded yet; from now on somebody was. Asked only where there is somebody to tell."""
    if not marks:
        return ()
    key = (
        DirectoryReminderRow.about,
        DirectoryReminderRow.what,
        DirectoryReminderRow.day,
        DirectoryReminderRow.days_before,
    )
    told = {tuple(row) for row in await tx.execute(select(*key).where(tuple_(*key).in_(sorted(marks))))}
    new = sorted(each for each in marks if each not in told)
    if new:
        names = ("about", "what", "day", "days_before")
        values = [{**dict(zip(names, each, strict=True)), "told_at": now} for each in new]
        await tx.execute(insert(DirectoryReminderRow).values(values).on_conflict_do_nothing())
    return new


async def _tell(
    tx: Tx,
    organization: Organization,
    people: Collection[UUID],
    title: str,
    body: str,
    n: int,
    page: str,
    occasion: str,
    now: datetime,
) -> None:
    """Without names: it is said outside irm too."""
    whom = Resolution()
    for person in dict.fromkeys(people):
        whom += await notify.resolve(tx, f"person({person})", {}, now)
    words = {"n": n, "organization": organization.short_name}
    titles = {locale: translator(locale)(title, **words) for locale in LOCALES}
    bodies = {locale: translator(locale)(body) for locale in LOCALES}
    about = About("irm", None, page, titles, bodies, matter="account", short=titles)
    subject = f"organization/{organization.id}"
    await service.remind(
        tx, key=f"directory/{organization.id}/{occasion}", targets=whom, about=about, subject=subject, now=now
    )
