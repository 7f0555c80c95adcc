"""A report on A4 as a document: the same tree for PDF and DOCX. Pure."""

from collections.abc import Sequence

from irm.documents.tree import Block, Document, Facts, Heading, Paragraph, SignOff
from irm.i18n import Translator
from irm.obligations.forms import Form
from irm.obligations.views import Submission
from irm.obligations.words import whom
from irm.web.wording import exact, numbered


def letter(one: Submission, form: Form, t: Translator) -> Document:
    """Every item of the form; what is not given reads 待补报, because a gap must not look like nothing to say."""
    blocks: list[Block] = [Paragraph(t("To %(name)s:", name=whom(one.recipient, t)), "to")]
    for item in form.items:
        blocks.append(Heading(1, numbered(t.of(item.number), t.of(item.title))))
        blocks.append(Paragraph(str(one.items.get(item.key) or "").strip() or t("To follow."), "plain"))
    files: Sequence[tuple[object, str, str]] = one.files
    if files:
        blocks.append(Heading(1, t("Files that go with it")))
        blocks.append(Facts([(name, f"SHA-256 {digest}") for _, name, digest in files]))
    senders = [one.sender.name] + [f"{t('Also on behalf of')}{t(': ')}{each.name}" for each in one.speaks_for]
    telephone = one.sender.telephone or ""
    if one.sender.fax:
        telephone = t("; ").join(filter(None, (telephone, t("Fax: %(number)s", number=one.sender.fax))))
    received = [
        f"{each.received_by or ''} {each.number or ''} {exact(each.stated_at, t)}".strip()
        for each in one.receipts
        if each.outcome == "received"
    ]
    blocks.append(
        SignOff(
            [
                (t("Reporting organization (seal)"), "\n".join(senders)),
                (t("Signature of the person responsible"), ""),
                (t("Written by"), one.submitted_by),
                (t("Duty telephone"), telephone),
                (t("Time of report"), exact(one.submitted_at, t) if one.submitted_at else ""),
                (t("Received by (signature, time, receipt number)"), "\n".join(received)),
            ]
        )
    )
    blocks.append(Paragraph(t("Please reply with a receipt naming the serial number."), "plain"))
    marks = [t("Drill – not a real incident")] * one.exercise + [t("Draft – not handed over")] * one.is_draft
    return Document(
        t.of(form.title),
        blocks,
        t.locale,
        layout="form",
        left=f"{t('Serial number')}{t(': ')}{one.serial}",
        right=one.number,
        mark=" · ".join(marks),
        under=one.document_number or "",
        foot=one.serial,
    )
