"""The list of evidence on A4: every line with its hash, and room for both signatures. Pure."""

from irm.documents.tree import Block, Cell, Document, Facts, Paragraph, SignOff, Table
from irm.i18n import Translator
from irm.obligations.directed import Directive
from irm.obligations.handovers import Handover
from irm.obligations.words import MEANS_NAMES, citation_text
from irm.web.wording import on_paper


def list_on_paper(one: Handover, directive: Directive, number: str, t: Translator, *, exercise: bool) -> Document:
    """`number`: of the incident."""
    basis = (
        citation_text(directive.duties[0].citation, t)
        if directive.duties
        else f"{directive.authority.name} {directive.number or t(MEANS_NAMES[directive.contact.means])}"
    )
    rows = [
        [
            Cell(str(place)),
            Cell(str(each["name"])),
            Cell(str(each["sha256"] or "–")),
            Cell(str(each["quantity"])),
            Cell(str(each["condition"])),
        ]
        for place, each in enumerate(one.things, 1)
    ]
    blocks: list[Block] = [
        Facts(
            [
                (t("Handed over on the demand of"), basis),
                (t("Incident"), number),
                (t("Time of the hand-over"), on_paper(one.stated_at, t)),
                (t("Place of the hand-over"), one.place or "–"),
            ]
        ),
        Table(
            [t("No."), t("Name of the thing"), "SHA-256", t("Quantity"), t("Condition of the thing")],
            rows,
        ),
        Paragraph(t("Both sides have checked the list against what was handed over; each keeps one copy."), "note"),
        SignOff([(t("Who hands over"), one.handed_by), (t("Signature and seal"), "")]),
        SignOff([(t("Who receives"), one.taken_by), (t("Signature and seal"), "")]),
    ]
    return Document(
        title=t("List of evidence handed over"),
        blocks=blocks,
        lang=t.locale,
        left=one.serial,
        right=f"{t('Number of the incident')}{t(': ')}{number}",
        mark=t("Drill – not a real incident") if exercise else "",
    )
