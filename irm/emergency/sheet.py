"""The emergency sheet as a document: duty list, telephones, open limits and incidents, and paper to go on with. Pure."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

from irm.clock import SHANGHAI
from irm.documents.tree import Block, Break, Cell, Document, Heading, Paragraph, SignOff, Table
from irm.emergency.content import Content, Desk, Limit, OpenIncident, Watch
from irm.i18n import N_, Translator
from irm.notify.words import ROLE_NAMES
from irm.obligations.forms import Form
from irm.obligations.words import citation_text
from irm.rules.levels import NAMES
from irm.web.wording import exact, month_day, numbered

LEVEL_WORDS: Final = {
    "reached": N_("reached"),
    "possible": N_("possible (to be assessed)"),
    "assessed": N_("assessed"),
}
STEPS: Final = (
    N_(
        "Report by telephone first; follow by fax or in writing with the blank initial report of this sheet. "
        "Limits run on while irm is away."
    ),
    N_("Work through the open limits below from the top; each line names whom to call."),
    N_("Write down on the record sheet what happens, when it happens, and who said it."),
    N_(
        "When irm is back, enter everything with both times: when it happened (from the paper), and when it is entered. "
        "irm marks it as entered afterwards and counts by the time on paper."
    ),
)
ROOM: Final = 5
"""Lines to write in for an item that must be given; others have fewer."""
LITTLE_ROOM: Final = 2


def sheet(one: Content, form: Form, t: Translator, *, hours: int, days: int, lines: int) -> Document:
    """`form`: the blank report at its end. `hours` and `days`: how far duty list and limits look. `lines`: of the record."""
    blocks: list[Block] = [Heading(1, t("What to do when irm cannot be used"))]
    blocks += [Paragraph(f"{number}. {t(text)}", "plain") for number, text in enumerate(STEPS, 1)]
    blocks += _incidents(one, t)
    blocks += _limits(one, t, days)
    blocks += _watches(one, t, hours)
    blocks += _desks(one, t)
    blocks += _record(t, lines)
    blocks += _blank(form, one, t)
    made = t("As of %(moment)s", moment=exact(one.made_at, t))
    return Document(
        t("Emergency sheet of the duty"),
        blocks,
        t.locale,
        layout="form",
        left=one.organization,
        right=t("Duty telephone %(number)s", number=one.telephone) if one.telephone else "",
        mark=t("Internal. Holds telephone numbers and open matters: keep it locked, destroy it when it is replaced."),
        under=made,
        foot=made,
    )


def _incidents(one: Content, t: Translator) -> Iterator[Block]:
    yield Heading(1, t("Open incidents (%(n)s)", n=len(one.incidents) + one.further_incidents))
    if not one.incidents:
        yield Paragraph(t("None."), "plain")
        return
    head = [t("Number"), t("Level"), t("Title"), t("Status"), t("Known since")]
    yield Table(head, [_incident(each, t) for each in one.incidents], widths=(4, 4, 8, 3, 3))
    if one.further_incidents:
        yield Paragraph(t("%(n)s further ones do not stand here.", n=one.further_incidents), "note")


def _incident(one: OpenIncident, t: Translator) -> list[Cell]:
    level = t("%(level)s, %(how)s", level=t(NAMES[one.level]), how=t(LEVEL_WORDS[one.level_kind]))
    return [Cell(one.number), Cell(level), Cell(one.title), Cell(t(one.status)), Cell(_since(one.discovered_at, t))]


def _limits(one: Content, t: Translator, days: int) -> Iterator[Block]:
    count = len(one.limits) + one.further_limits
    yield Heading(1, t("Open limits, the nearest first (%(n)s; the next %(days)s days)", n=count, days=days))
    if not one.limits:
        yield Paragraph(t("None."), "plain")
        return
    head = [t("Limit"), t("Matter"), t("Owed by"), t("Whom to report to"), t("Telephone / fax")]
    yield Table(head, [_limit(each, one.made_at, t) for each in one.limits], widths=(4, 7, 4, 4, 4))
    if one.further_limits:
        yield Paragraph(t("%(n)s further ones do not stand here.", n=one.further_limits), "note")


def _limit(one: Limit, now: datetime, t: Translator) -> list[Cell]:
    over = f"\n{t('overdue')}" if one.due_at <= now else ""
    matter = f"{one.about}\n{t.of(one.title)}\n{citation_text(one.citation, t)}"
    return [
        Cell(f"{_until(one.due_at, t)}\n{t(one.word)}{over}"),
        Cell(matter),
        Cell(one.bearer),
        Cell(one.recipient),
        Cell(_numbers(one.telephone, one.fax, t)),
    ]


def _watches(one: Content, t: Translator, hours: int) -> Iterator[Block]:
    yield Heading(1, t("Duty list (the next %(hours)s hours)", hours=hours))
    if not one.watches:
        yield Paragraph(t("None."), "plain")
        return
    head = [t("Organization"), t("On duty"), t("Telephone"), t("Duty begins"), t("Duty ends")]
    rows = [row for watch in one.watches for row in _watch(watch, one.made_at, t)]
    yield Table(head, rows, widths=(6, 5, 5, 3, 3))


def _watch(one: Watch, now: datetime, t: Translator) -> Iterator[list[Cell]]:
    if not any(turn.holds(now) for turn in one.turns):
        yield [Cell(one.organization), Cell(t("Nobody on duty now")), Cell(one.telephone or "–"), Cell("–"), Cell("–")]
    for turn in one.turns:
        who = t("%(name)s (%(role)s)", name=turn.name or t("has left"), role=t(ROLE_NAMES[turn.role]))
        yield [
            Cell(one.organization),
            Cell(who),
            Cell(turn.telephone or one.telephone or "–"),
            Cell(_since(turn.starts_at, t)),
            Cell(_until(turn.ends_at, t)),
        ]


def _desks(one: Content, t: Translator) -> Iterator[Block]:
    yield Heading(1, t("Telephones and faxes"))
    head = [t("Organization"), t("Kind"), t("Telephone"), t("Fax"), t("Last checked")]
    yield Table(head, [_desk(each, t) for each in one.desks], widths=(7, 4, 4, 4, 4))
    if any(each.is_old for each in one.desks):
        yield Paragraph(
            t("▲: nobody has checked these numbers lately; look for another one if nobody answers."), "note"
        )


def _desk(one: Desk, t: Translator) -> list[Cell]:
    checked = one.checked_on.isoformat() if one.checked_on else t("never")
    return [
        Cell(one.organization),
        Cell(t(one.kind)),
        Cell(one.telephone or "–"),
        Cell(one.fax or "–"),
        Cell(f"▲ {checked}" if one.is_old else checked),
    ]


def _record(t: Translator, lines: int) -> Iterator[Block]:
    yield Break()
    yield Heading(1, t("Record sheet while irm is away"))
    head = [
        t("Happened at (day, time)"),
        t("Incident"),
        t("What happened, who called whom, what was said"),
        t("Written by"),
        t("Entered in irm at"),
    ]
    yield Table(head, [[Cell(" \n ") for _ in head] for _ in range(lines)], widths=(3, 3, 10, 3, 3))


def _blank(form: Form, one: Content, t: Translator) -> Iterator[Block]:
    yield Break()
    yield Heading(1, t("%(title)s (blank)", title=t.of(form.title)))
    yield SignOff([(t("To (organization, telephone, fax)"), ""), (t("Incident and own number"), "")])
    for item in form.items:
        room = ROOM if item.needed else LITTLE_ROOM
        yield SignOff([(numbered(t.of(item.number), t.of(item.title)), "\n ".join(" " for _ in range(room)))])
    yield SignOff(
        [
            (t("Reporting organization (seal)"), one.organization),
            (t("Known since (day, time)"), ""),
            (t("Signature of the person responsible"), ""),
            (t("Written by, telephone"), ""),
            (t("Handed over at (day, time), by what means"), ""),
            (t("Received by (signature, time, receipt number)"), ""),
        ]
    )


def _since(at: datetime, t: Translator) -> str:
    here = at.astimezone(SHANGHAI)
    return f"{month_day(here.date(), t)} {here:%H:%M}"


def _until(at: datetime, t: Translator) -> str:
    """What ends with a day ends at its 24:00."""
    here = at.astimezone(SHANGHAI)
    if here.time() != time():
        return _since(at, t)
    return f"{month_day(here.date() - timedelta(days=1), t)} 24:00"


def _numbers(telephone: str | None, fax: str | None, t: Translator) -> str:
    lines = [telephone or "", t("Fax: %(number)s", number=fax) if fax else ""]
    return "\n".join(line for line in lines if line) or "–"
