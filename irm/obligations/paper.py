"""A report on A4 as a document: the same tree for PDF and DOCX. Pure."""

from collections.abc import Mapping
from typing import Final

from irm.documents.tree import Block, Document, Facts, Heading, Paragraph, SignOff
from irm.i18n import N_, Translator
from irm.obligations.forms import Form
from irm.obligations.views import Receipt, Submission
from irm.obligations.words import period_words, whom
from irm.web.wording import numbered, on_paper

NUMBERS: Final[Mapping[str, str]] = {
    "incident": N_("Number of the incident"),
    "finding": N_("Number of the finding"),
    "change": N_("Number of the change"),
    "drill": N_("Number of the drill"),
}
"""By the first word of a subject's path; what has no such number is called by its name."""


def letter(one: Submission, form: Form, t: Translator) -> Document:
    """Every item of the form; what is not given reads 待补报, because a gap must not look like nothing to say. Where nothing
    is owed for an empty item it reads 未填写: nobody should wait for it."""
    blocks: list[Block] = [Paragraph(t("To %(name)s:", name=whom(one.recipient, t)), "to")]
    for item in form.items:
        blocks.append(Heading(1, numbered(t.of(item.number), t.of(item.title))))
        empty = t("Not filled in.") if item.optional else t("To follow.")
        blocks.append(Paragraph(str(one.items.get(item.key) or "").strip() or empty, "plain"))
    if not form.items and not one.is_draft:
        blocks.append(Paragraph(t("The filing in irm itself is the report."), "plain"))
    files = dict.fromkeys((name, digest) for _, name, digest in one.files)  # one that was handed over again stands once
    if files:
        blocks.append(Heading(1, t("Files that go with it")))
        blocks.append(Facts([(name, f"SHA-256 {digest}") for name, digest in files]))
    senders = [one.sender.name] + [f"{t('Also on behalf of')}{t(': ')}{each.name}" for each in one.speaks_for]
    telephone = one.sender.telephone or ""
    if one.sender.fax:
        telephone = t("; ").join(filter(None, (telephone, t("Fax: %(number)s", number=one.sender.fax))))
    received = [_received_line(each, t) for each in one.receipts if each.outcome == "received"]
    blocks.append(Paragraph(t("Please reply with a receipt naming the serial number."), "plain"))
    blocks.append(
        SignOff(
            [
                (t("Reporting organization (seal)"), "\n".join(senders)),
                (t("Signature of the person responsible"), ""),
                (t("Written by"), one.submitted_by),
                (t("Duty telephone"), telephone),
                (t("Time of report"), on_paper(one.submitted_at, t) if one.submitted_at else ""),
                (t("Received by (signature, time, receipt number)"), "\n".join(received)),
            ]
        )
    )
    marks = [t("Drill – not a real incident")] * one.exercise + [t("Draft – not handed over")] * one.is_draft
    return Document(
        t.of(form.title),
        blocks,
        t.locale,
        layout="form",
        left=f"{t('Serial number')}{t(': ')}{one.serial}",
        right=_number_line(one, t),
        mark=" · ".join(marks),
        under=" · ".join(filter(None, (one.document_number, _about_line(one, t)))),
        foot=one.serial,
    )


def _number_line(one: Submission, t: Translator) -> str:
    """What kind of number it is, and the number; empty where the subject has none that an authority could use."""
    label = NUMBERS.get(one.subject.partition("/")[0])
    return f"{t(label)}{t(': ')}{one.number}" if label else ""


def _about_line(one: Submission, t: Translator) -> str:
    """The system that it is about, and for which month, half-year or year: without it a monthly paper is any month's."""
    system = one.system.name if one.system is not None else ""
    return " · ".join(filter(None, (system, period_words(one.owed_for, t) if one.owed_for is not None else "")))


def _received_line(one: Receipt, t: Translator) -> str:
    """A receipt given in irm is its recipient's, by the person who gave it."""
    who = one.received_by or (one.recorded_by if one.means == "irm" else "")
    return " ".join(filter(None, (who, one.number, on_paper(one.stated_at, t))))
