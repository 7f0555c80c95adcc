"""先审后用: whether somebody of a vendor may work here, by their vetting and their contract. Pure; `today` is an argument.

Days are the city's (Asia/Shanghai); the first and the last day of a contract are days of work.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from irm.errors import Said, said

Vetting = Literal["passed", "refused"]
RECORD_REQUIRED: Final = False
"""Whether people of a vendor of whom there is no record at all are refused roles. A city that begins with irm has their accounts
before their records; until these are entered the directory shows the gap."""


@dataclass(frozen=True)
class Engagement:
    """One person's work for one vendor. `vetted_on` None: nobody has looked yet."""

    contract: str
    begins_on: date
    ends_on: date | None
    vetting: Vetting | None
    vetted_on: date | None
    vetted_by: str = ""
    vetted_until: date | None = None
    """Last day on which the vetting is good; None: nobody has set one."""


def refusal(engagement: Engagement | None, today: date, *, record_required: bool = RECORD_REQUIRED) -> Said | None:
    """Why a role cannot be given today; None: it can. The gravest reason first."""
    if engagement is None:
        return (
            said("There is no vetting record of this person: first vetted, then employed.") if record_required else None
        )
    if engagement.vetting == "refused":
        return said("This person was vetted and refused on %(day)s.", day=engagement.vetted_on)
    if engagement.vetting is None or engagement.vetted_on is None or engagement.vetted_on > today:
        return said("This person has not been vetted: first vetted, then employed.")
    if engagement.vetted_until is not None and engagement.vetted_until < today:
        return said("The vetting of this person was good until %(day)s.", day=engagement.vetted_until)
    if engagement.ends_on is not None and engagement.ends_on < today:
        return said("The contract of this person ended on %(day)s.", day=engagement.ends_on)
    if engagement.begins_on > today:
        return said("The contract of this person begins on %(day)s.", day=engagement.begins_on)
    return None


def own_refusal(before: Engagement | None, stated: Engagement) -> Said | None:
    """Why a vendor may not state this of its own staff; None: it may. It names who is to come and lets people go earlier;
    whether somebody is fit, and for how long, others decide."""
    vetted = (stated.vetting, stated.vetted_on, stated.vetted_by, stated.vetted_until)
    if before is None or before.vetting is None:
        return None if vetted == (None, None, "", None) else said("The cloud authority enters the vetting.")
    shortened = stated.ends_on is not None and (before.ends_on is None or stated.ends_on <= before.ends_on)
    if replace(stated, ends_on=before.ends_on) == before and (shortened or stated.ends_on == before.ends_on):
        return None
    return said("Of somebody who has been vetted a vendor only brings the last day of work forward.")
