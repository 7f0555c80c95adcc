"""Evidence of a drill: its entries and those of its incidents, plan, sheets and report, for who holds it or took part."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from irm import exercise
from irm.access.policy import Permission, Principal, Reach, Resource, reach
from irm.access.queries import organization_names
from irm.db import Tx
from irm.drills.access import NO_DRILL, readable
from irm.drills.models import DrillRow
from irm.drills.queries import numbers_of
from irm.drills.running import organizations_in
from irm.drills.vocabulary import CONTENT_NAMES, ENTRY_WORDS, HELD, STATUS_NAMES, Content, Status
from irm.errors import Conflict, NotFound
from irm.evidence.collecting import Entry, Gathered, Place, Shown, Stretch
from irm.evidence.owned import OwnedEvidence, names_one_of, plain_lines
from irm.i18n import N_, Translator
from irm.web.wording import exact

NOT_OVER: Final = N_("The evidence of a drill is packed when the drill is over.")


def may_export(by: Principal, row: DrillRow, organizations: Collection[UUID]) -> bool:
    """Of a drill that was held: nobody reads the scenario in a pack before it was played."""
    whose = Resource(frozenset({row.organization_id, *organizations}))
    return Status(row.status) in HELD and reach(by, Permission.EXPORT_EVIDENCE).covers(whose)


class DrillEvidence(OwnedEvidence):
    """`irm evidence export --drill NUMBER`."""

    async def gather(
        self,
        tx: Tx,
        name: str,
        by: Principal,
        *,
        organization: UUID | None,  # noqa: ARG002 - a drill is of who holds it
        now: datetime,  # noqa: ARG002 - what there is, is packed
    ) -> Gathered:
        row = await readable(tx, name.strip(), by)
        if Status(row.status) not in HELD:
            raise Conflict(NOT_OVER)
        if not may_export(by, row, await organizations_in(tx, row.id)):
            raise NotFound(NO_DRILL)
        far = reach(by, Permission.EXPORT_EVIDENCE)
        whole = far.everything or row.organization_id in far.organizations
        subjects = dict.fromkeys([f"drill/{row.id}", *await exercise.subjects_of(tx, row.id)])
        facts = _facts(row, (await organization_names(tx, [row.organization_id])).get(row.organization_id, ""))
        return Gathered(
            subject=f"drill/{row.id}",
            name=row.number,
            stretches=tuple(Stretch(each) for each in subjects),
            title=lambda t: t("Evidence of drill %(number)s", number=row.number),
            facts=facts,
            shows=_share(far, whole=whole),
            sees=lambda file: whole or file.organization_id in far.organizations,
            describe=plain_lines,
        )

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        ids = {subject: UUID(subject.split("/")[1]) for subject in subjects}
        numbers = await numbers_of(tx, ids.values())
        return {
            subject: Place(numbers[one], f"/drills/{numbers[one]}") for subject, one in ids.items() if one in numbers
        }

    @property
    def words(self) -> Mapping[str, str]:
        return ENTRY_WORDS


def _share(far: Reach, *, whole: bool) -> Callable[[Entry], Shown | None]:
    """Who holds it reads all of it; who took part, what names them, and of the rest that it is in the ledger."""

    def shows(entry: Entry) -> Shown | None:
        if whole or names_one_of(entry.body, far.organizations):
            return Shown(private=None)
        return Shown(extract={})

    return shows


def _facts(row: DrillRow, holder: str) -> Callable[[Translator], Sequence[tuple[str, str]]]:
    def told(t: Translator) -> Sequence[tuple[str, str]]:
        return [
            (t("Drill"), row.number),
            (t("Title"), row.title),
            (t("Organized by"), holder),
            (t("Content"), t(CONTENT_NAMES[Content(row.content)])),
            (t("Held on"), exact(row.started_at, t) if row.started_at else "–"),
            (t("State"), t(STATUS_NAMES[Status(row.status)])),
        ]

    return told


PROVIDER: Final = DrillEvidence()
