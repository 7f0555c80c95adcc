"""A report as plain text: for mail, and for the paper that is printed or faxed. Pure. Always Chinese: it goes to an office."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from irm.clock import SHANGHAI
from irm.i18n import DEFAULT_LOCALE, localized, translator
from irm.obligations.forms import Form


@dataclass(frozen=True)
class Letterhead:
    """Names as they stand on paper."""

    serial: str
    number: str
    document_number: str | None
    sender: str
    also_for: Sequence[str]
    recipient: str
    telephone: str | None
    exercise: bool = False


def title_of(form: Form, head: Letterhead) -> str:
    t = translator(DEFAULT_LOCALE)
    title = localized(form.title, DEFAULT_LOCALE)
    text = t("%(title)s (%(number)s)", title=title, number=head.number)
    return t("Exercise: %(text)s", text=text) if head.exercise else text


def text_of(
    form: Form, items: Mapping[str, str], head: Letterhead, at: datetime, files: Sequence[tuple[str, str]] = ()
) -> str:
    """Every item of the form with its number; what is not given reads 待补报. `files`: name and SHA-256 of each."""
    t = translator(DEFAULT_LOCALE)
    lines = [t("To %(name)s:", name=head.recipient), ""]
    for item in form.items:
        text = str(items.get(item.key) or "").strip() or t("To follow.")
        lines += [f"{localized(item.number, DEFAULT_LOCALE)}{localized(item.title, DEFAULT_LOCALE)}", text, ""]
    lines.append(t("Reporting organization: %(name)s", name=head.sender))
    if head.also_for:
        lines.append(t("Also on behalf of: %(names)s", names=t(", ").join(head.also_for)))
    if head.telephone:
        lines.append(t("Duty telephone: %(telephone)s", telephone=head.telephone))
    if head.document_number:
        lines.append(t("Document number: %(number)s", number=head.document_number))
    lines.append(t("Serial number: %(serial)s", serial=head.serial))
    if files:
        lines += ["", t("Files enclosed, with their SHA-256:")]
        lines += [f"{place}. {name}  {digest}" for place, (name, digest) in enumerate(files, 1)] + [""]
    lines.append(at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"))
    lines += ["", t("Please reply with a receipt naming the serial number.")]
    return "\n".join(lines)
