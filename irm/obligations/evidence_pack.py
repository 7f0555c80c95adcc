"""What an evidence pack of one duty holds: how it arose, every report to it with its files and receipts, how it ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.errors import NotFound
from irm.evidence.collecting import Entry, Gathered, Shown, Stretch
from irm.evidence.owned import OwnedEvidence, names_one_of, plain_lines
from irm.i18n import N_, Translator
from irm.obligations import queries
from irm.obligations.views import Obligation
from irm.obligations.words import STATUS_NAMES, citation_text
from irm.web.wording import exact

WORDS: Mapping[str, str] = {
    "obligation.opened": N_("Duty arose"),
    "obligation.due_soon": N_("Duty nearly due"),
    "obligation.overdue": N_("Duty overdue"),
    "obligation.met": N_("Duty met"),
    "obligation.superseded": N_("Duty no longer owed"),
    "obligation.waived": N_("Duty waived"),
    "submission.drafted": N_("Report drafted"),
    "submission.submitted": N_("Report handed over"),
    "submission.receipted": N_("Receipt recorded"),
    "submission.refused": N_("Report refused by the recipient"),
    "submission.returned": N_("Report returned by the recipient"),
    "evidence.stored": N_("File attached"),
    "evidence.read": N_("File read"),
}


class ObligationEvidence(OwnedEvidence):
    """`irm evidence export --obligation ID`."""

    async def gather(
        self,
        tx: Tx,
        name: str,
        by: Principal,
        *,
        organization: UUID | None,  # noqa: ARG002 - a duty has one bearer
        now: datetime,
    ) -> Gathered:
        far = reach(by, Permission.EXPORT_EVIDENCE)
        try:
            duty = await queries.obligation(tx, UUID(name.strip()), now=now, reach=far)
        except ValueError as error:
            raise NotFound(N_("This duty does not exist, or it is not yours to see.")) from error
        reports = await queries.submissions_of(tx, duty.subject, reach=far)
        own = [one.id for one in reports if duty.id in one.obligations]
        stretches = [Stretch(f"{duty.subject}/obligation/{duty.id}")]
        stretches += [Stretch(f"{duty.subject}/submission/{one}") for one in own]

        def shows(entry: Entry) -> Shown | None:
            if far.everything or names_one_of(entry.body, far.organizations):
                return Shown(private=None)
            return Shown(extract={})

        return Gathered(
            subject=f"{duty.subject}/obligation/{duty.id}",
            name=str(duty.id),
            stretches=tuple(stretches),
            title=lambda t: t("Evidence of a duty: %(title)s", title=t.of(duty.title)),
            facts=lambda t: facts(duty, t),
            shows=shows,
            sees=lambda one: far.everything or one.organization_id in far.organizations,
            describe=plain_lines,
        )

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS


def facts(duty: Obligation, t: Translator) -> Sequence[tuple[str, str]]:
    def moment(at: datetime | None) -> str:
        return exact(at, t) if at is not None else "–"

    return [
        (t("Duty"), t.of(duty.title)),
        (t("Article"), citation_text(duty.citation, t)),
        (t("Bearer"), duty.bearer.name),
        (t("Recipient"), duty.recipient.name),
        (t("Arose"), moment(duty.arose_at)),
        (t("Limit"), moment(duty.limit_at)),
        (t("State"), t(STATUS_NAMES[duty.status])),
        (t("Handed over at"), moment(duty.submitted_at)),
    ]


PROVIDER = ObligationEvidence()
