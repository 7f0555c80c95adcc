"""An incident on A4: what is known, who was told and how we know it, what is owed, who worked at it, what was done. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from irm.clock import SHANGHAI
from irm.documents.tree import Block, Cell, Document, Facts, Heading, Paragraph, Table
from irm.i18n import Translator
from irm.incidents.desk_schemas import HandoverView, NoteView, RoleView
from irm.incidents.informing_schemas import OwedLine, ToldView
from irm.incidents.queries import Incident
from irm.playbooks.queries import Task
from irm.web.wording import exact

WIDE = (3, 4, 5, 5)


@dataclass(frozen=True)
class OnPaper:
    """What stands on it, as far as its reader sees the incident. `entries`: (at, what, who), the oldest first."""

    incident: Incident
    facts: Sequence[tuple[str, str]]
    told: ToldView
    proof_names: dict[str, str]
    roles: Sequence[RoleView]
    notes: Sequence[NoteView]
    handovers: Sequence[HandoverView]
    tasks: Sequence[Task]
    entries: Sequence[tuple[datetime, str, str]]


def incident_on_paper(one: OnPaper, now: datetime, t: Translator) -> Document:
    blocks: list[Block] = [
        Facts([*one.facts, (t("As of"), exact(now, t))]),
        Paragraph(t("Moments below are Beijing time (UTC+8)."), "note"),
        Heading(1, t("Who was told when, and how we know")),
        _told(one, t),
        *_desk(one, t),
        *_tasks(one, t),
        Heading(1, t("Course of the incident")),
        Table(
            [t("When"), t("What"), t("By whom")],
            [[Cell(_when(at)), Cell(what), Cell(who or "–")] for at, what, who in one.entries],
            widths=(4, 8, 3),
        ),
    ]
    return Document(
        title=t("Incident %(number)s", number=one.incident.number),
        blocks=blocks,
        lang=t.locale,
        layout="form",
        under=one.incident.title,
        mark=t("Drill – not a real incident") if one.incident.exercise else "",
        foot=one.incident.number,
    )


def _when(at: datetime) -> str:
    """Short, for tables; the sheet says once whose time it is."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _told(one: OnPaper, t: Translator) -> Block:
    if not one.told.recipients:
        return Paragraph(t("Nobody has been told anything yet."), "plain")
    return Table(
        [t("Organization told"), t("First told"), t("How we know"), t("Still owed")],
        [
            [
                Cell(each.organization),
                Cell(f"{_when(each.first_at)} {each.first_means}" if each.first_at else t("not told yet")),
                Cell(_proof(one.proof_names[each.proof], each.proof_words, each.proof_at, t) if each.told else "–"),
                Cell("\n".join(_owed(line, t) for line in each.owed) or t("nothing")),
            ]
            for each in one.told.recipients
        ],
        widths=WIDE,
    )


def _proof(name: str, words: str, at: datetime | None, t: Translator) -> str:
    said = f"{name}{t(': ')}{words}"
    return f"{said}{t(', ')}{_when(at)}" if at else said


def _owed(line: OwedLine, t: Translator) -> str:
    if line.due_at is None:
        return t("%(what)s (%(who)s)", what=line.title, who=line.by)
    until = f"{line.limit_word} {_when(line.due_at)}".strip()
    return t("%(what)s (%(who)s), %(until)s", what=line.title, who=line.by, until=until)


def _desk(one: OnPaper, t: Translator) -> list[Block]:
    found: list[Block] = []
    if one.roles:
        found.append(Heading(1, t("Roles at the incident")))
        found.append(
            Table(
                [t("Role at the incident"), t("Person"), t("Organization"), t("Since"), t("Until")],
                [
                    [
                        Cell(each.words),
                        Cell(each.person_name),
                        Cell(each.organization_name),
                        Cell(_when(each.since)),
                        Cell(_when(each.until) if each.until else t("still holds it")),
                    ]
                    for each in one.roles
                ],
                widths=(3, 3, 4, 4, 4),
            )
        )
    if one.handovers:
        found.append(Heading(1, t("Hand-over to the next shift")))
        found.append(
            Table(
                [t("Given"), t("Taken"), t("What the next shift must know")],
                [
                    [
                        Cell(f"{_when(each.given_at)} {each.given_by}"),
                        Cell(f"{_when(each.taken_at)} {each.taken_by}" if each.taken_at else t("not taken over yet")),
                        Cell(each.text),
                    ]
                    for each in one.handovers
                ],
                widths=(4, 4, 6),
            )
        )
    if one.notes:
        found.append(Heading(1, t("Notes")))
        found.append(
            Table(
                [t("When"), t("By whom"), t("Content of the note")],
                [
                    [
                        Cell(_when(each.at)),
                        Cell(f"{each.by} {each.organization_name}"),
                        Cell(t("(corrected later) %(text)s", text=each.text) if each.corrected_by else each.text),
                    ]
                    for each in one.notes
                ],
                widths=(4, 3, 8),
            )
        )
    return found


def _tasks(one: OnPaper, t: Translator) -> list[Block]:
    if not one.tasks:
        return []
    return [
        Heading(1, t("Tasks")),
        Table(
            [t("Task"), t("Organization"), t("Standing"), t("Remark")],
            [
                [
                    Cell(t.of(each.title)),
                    Cell(each.organization),
                    Cell(_standing(each, t)),
                    Cell(each.note or each.no_evidence_reason or "–"),
                ]
                for each in one.tasks
            ],
            widths=(5, 3, 4, 4),
        ),
    ]


def _standing(one: Task, t: Translator) -> str:
    if one.done_at is not None:
        return t("done %(moment)s", moment=_when(one.done_at))
    if one.status == "cancelled":
        return t("no longer needed")
    return t("open until %(moment)s", moment=_when(one.due_at)) if one.due_at else t("open")
