"""What evidence packs of a planned change and of a monthly paper hold: how it arose, what was handed over, the answers."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access.policy import Permission, Principal, Reach, may, reach
from irm.access.queries import organizations
from irm.db import Tx
from irm.errors import NotFound
from irm.evidence.collecting import Entry, Gathered, Place, Shown, Stretch
from irm.evidence.owned import OwnedEvidence, names_one_of, plain_lines
from irm.i18n import N_, Translator
from irm.obligations.evidence_pack import facts as duty_facts
from irm.obligations.queries import submissions_of
from irm.oversight import papers, queries
from irm.oversight.change_subjects import page_of
from irm.oversight.lifecycle import KIND_NAMES, RISK_NAMES, STATE_NAMES
from irm.oversight.queries import Change
from irm.oversight.service import NO_CHANGE
from irm.web.wording import exact

WORDS: Final[Mapping[str, str]] = {
    "change.planned": N_("Change announced"),
    "change.moved": N_("Start of the change moved"),
    "change.plan_handed_in": N_("Plan of the change handed over"),
    "change.users_told": N_("Using units told of the change"),
    "change.agreed": N_("Plan of the change taken on file"),
    "change.returned": N_("Plan of the change returned"),
    "change.done": N_("Change carried out"),
    "change.cancelled": N_("Change cancelled"),
}


def _share(far: Reach) -> Callable[[Entry], Shown | None]:
    """In full what names the reader's organizations; of the rest that it is in the ledger."""

    def shows(entry: Entry) -> Shown | None:
        if far.everything or names_one_of(entry.body, far.organizations):
            return Shown(private=None)
        return Shown(extract={})

    return shows


class ChangeEvidence(OwnedEvidence):
    """`irm evidence export --change NUMBER`: for who carries it out and for the cloud authority."""

    async def gather(
        self,
        tx: Tx,
        name: str,
        by: Principal,
        *,
        organization: UUID | None,  # noqa: ARG002 - a change is of whoever carries it out
        now: datetime,  # noqa: ARG002 - what there is, is packed
    ) -> Gathered:
        one = await queries.change_by_number(tx, by, name.strip())
        if not may(by, Permission.EXPORT_EVIDENCE, one.resource):
            raise NotFound(NO_CHANGE)
        far = reach(by, Permission.EXPORT_EVIDENCE)
        return Gathered(
            subject=one.path,
            name=one.number,
            stretches=(Stretch(one.path),),
            title=lambda t: t("Evidence of change %(number)s", number=one.number),
            facts=lambda t: _facts(one, t),
            shows=_share(far),
            sees=lambda file: far.everything or file.organization_id in far.organizations,
            describe=plain_lines,
        )

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        ids = {subject: UUID(subject.split("/")[1]) for subject in subjects}
        numbers = await queries.numbers_of(tx, ids.values())
        return {subject: Place(numbers[one], page_of(numbers[one])) for subject, one in ids.items() if one in numbers}

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS


def _facts(one: Change, t: Translator) -> Sequence[tuple[str, str]]:
    until = exact(one.planned_until, t) if one.planned_until else "–"
    return [
        (t("Change"), one.number),
        (t("What is changed"), one.title),
        (t("System"), one.system.name),
        (t("Carried out by"), one.by_name),
        (t("Kind of change"), t(KIND_NAMES[one.kind])),
        (t("Risk"), t(RISK_NAMES[one.risk])),
        (t("Planned start"), exact(one.planned_start, t)),
        (t("Planned end"), until),
        (t("State"), t(STATE_NAMES[one.state])),
    ]


class PaperEvidence(OwnedEvidence):
    """`irm evidence export --paper ID`: one month's paper with all that was handed in for it, completions too."""

    async def gather(
        self,
        tx: Tx,
        name: str,
        by: Principal,
        *,
        organization: UUID | None,  # noqa: ARG002 - a paper has one bearer
        now: datetime,
    ) -> Gathered:
        far = reach(by, Permission.EXPORT_EVIDENCE)
        try:
            one, duty = await papers.paper(tx, by, UUID(name.strip()), now=now)
        except ValueError as error:
            raise NotFound(papers.NO_PAPER) from error
        if not papers.may_export(by, one):
            raise NotFound(papers.NO_PAPER)
        own: set[UUID] = set()
        for each in await submissions_of(tx, duty.subject, reach=far):
            if duty.id in each.obligations or each.follows_id in own:
                own.add(each.id)
        stretches = [Stretch(f"{duty.subject}/obligation/{duty.id}")]
        stretches += [Stretch(f"{duty.subject}/submission/{each}") for each in sorted(own)]
        month = duty.period or ""
        return Gathered(
            subject=f"{duty.subject}/obligation/{duty.id}",
            name=str(duty.id),
            stretches=tuple(stretches),
            title=lambda t: t("Evidence of a monthly paper: %(title)s, %(month)s", title=t.of(duty.title), month=month),
            facts=lambda t: [(t("Month"), month), *duty_facts(duty, t)],
            shows=_share(far),
            sees=lambda file: far.everything or file.organization_id in far.organizations,
            describe=plain_lines,
        )


class OrganizationEvidence(OwnedEvidence):
    """Files that came with what an organization owes as such: its monthly papers, its year's plans."""

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        ids = {subject: UUID(subject.split("/")[1]) for subject in subjects}
        found = {one.id: one for one in await organizations(tx, ids=set(ids.values()))}
        return {
            subject: Place(found[one].short_name, f"/calendar?organization={found[one].code}")
            for subject, one in ids.items()
            if one in found
        }


ORGANIZATION: Final = OrganizationEvidence()
CHANGE: Final = ChangeEvidence()
PAPER: Final = PaperEvidence()
