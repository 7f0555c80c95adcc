"""The report of a drill as a document (GB/T 38645-2020 A.10), and the first words that irm knows for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from irm.documents.tree import Block, Cell, Document, Facts, Heading, Paragraph, SignOff, Table
from irm.drills.evaluating import Evaluation
from irm.drills.models import DrillImprovementRow
from irm.drills.queries import Drill, Room
from irm.drills.reporting import evaluation_words
from irm.drills.scoring import ITEMS
from irm.drills.vocabulary import (
    CONTENT_NAMES,
    KIND_NAMES,
    MEASURES,
    PART_NAMES,
    RANGE_NAMES,
    Content,
    Kind,
    Part,
    Range,
)
from irm.i18n import N_, Translator
from irm.obligations.forms import form_of
from irm.web import wording

OUTCOMES = {
    "met": N_("in time"),
    "missed": N_("not in time"),
    "open": N_("still open"),
    "measured": N_("measured"),
    "none": N_("did not happen"),
}


@dataclass(frozen=True)
class Paper:
    drill: Drill
    room: Room | None
    evaluation: Evaluation
    improvements: Sequence[DrillImprovementRow]
    document: Document = field(default_factory=lambda: Document("", (), "zh-CN"))

    def first_words(self, t: Translator) -> dict[str, str]:
        """What irm knows by itself; the director writes on from here."""
        row, found = self.drill.row, {}
        found["overview"] = t(
            "%(title)s, %(kind)s, %(content)s; %(organizations)s took part, %(people)s people.",
            title=row.title,
            kind=t(KIND_NAMES[Kind(row.kind)]),
            content=t(CONTENT_NAMES[Content(row.content)]),
            organizations=t(", ").join(self.drill.organizations.values()),
            people=len(self.drill.people),
        )
        evaluators = [one.name for one in self.drill.people if one.part is Part.EVALUATOR]
        found |= evaluation_words(row.evaluated_at, row.place, evaluators, t)
        if self.evaluation.result is not None and self.evaluation.result.overall is not None:
            found["conclusion"] = t(
                "%(n)s evaluators, overall score %(score)s of 5.",
                n=self.evaluation.result.sheets,
                score=f"{self.evaluation.result.overall:.1f}",
            )
        return found


def paper_of(
    drill: Drill,
    room: Room | None,
    evaluation: Evaluation,
    improvements: Sequence[DrillImprovementRow],
    t: Translator,
) -> Paper:
    paper = Paper(drill, room, evaluation, improvements)
    row = drill.row
    # What the director left out is on record nevertheless: who evaluated, when and where.
    known = paper.first_words(t)
    blocks: list[Block] = [
        Facts(
            [
                (t("Number"), row.number),
                (t("Kind of drill"), t(KIND_NAMES[Kind(row.kind)])),
                (t("Range"), t(RANGE_NAMES[Range(row.range)])),
                (t("Content"), t(CONTENT_NAMES[Content(row.content)])),
                (t("Organized by"), drill.holder),
                (t("Taking part"), t(", ").join(drill.organizations.values())),
                (t("Time"), _time(drill, t)),
                *([(t("Venue"), row.place)] if row.place else []),
                *([(t("System"), drill.system.name)] if drill.system else []),
            ]
        )
    ]
    if row.recorded_afterwards:
        blocks.append(Paragraph(t("Held without irm and recorded afterwards."), "note"))
    for item in form_of("drill_report").items:
        text = str(row.report.get(item.key) or known.get(item.key, ""))
        blocks.append(Heading(2, wording.numbered(t.of(item.number), t.of(item.title))))
        if item.key == "conclusion":
            blocks += _scores(evaluation, t)
            blocks += _measures(room, t)
        blocks += [Paragraph(line) for line in text.splitlines() if line.strip()] or [Paragraph(t("not stated"))]
        if item.key == "improvement" and improvements:
            blocks.append(_improvements(drill, improvements, t))
        if item.key == "experts":
            blocks.append(_people(drill, t))
    blocks.append(SignOff([(t("Written by"), ""), (t("Approved by"), ""), (t("Date"), "")]))
    document = Document(
        title=t("%(title)s: report on the drill", title=row.title),
        blocks=blocks,
        lang=t.locale,
        left=row.number,
        mark="" if row.report_approved_at else t("Draft"),
        under=drill.holder,
    )
    return replace(paper, document=document)


def _scores(evaluation: Evaluation, t: Translator) -> list[Block]:
    if evaluation.result is None or not evaluation.result.means:
        return []
    rows = [
        [
            Cell(t(ITEMS[item])),
            Cell(t(", ").join(str(sheet.scores[item]) for sheet in evaluation.sheets if item in sheet.scores)),
            Cell(f"{mean:.1f}"),
        ]
        for item, mean in evaluation.result.means.items()
    ]
    if evaluation.result.overall is not None:
        rows.append([Cell(t("Overall")), Cell(""), Cell(f"{evaluation.result.overall:.1f}")])
    head = [t("What is judged"), t("Scores (1 poor, 3 sound, 5 excellent)"), t("Mean")]
    table = Table(head, rows, caption=t("Evaluation"), right=frozenset({2}), widths=(4, 3, 1), total=True)
    advice = [
        Paragraph(t("%(item)s: %(advice)s", item=t(ITEMS[item]), advice=words))
        for sheet in evaluation.sheets
        for item, words in sheet.advice.items()
        if item in ITEMS
    ]
    overall = [Paragraph(sheet.overall) for sheet in evaluation.sheets if sheet.overall]
    return [table, *advice, *overall]


def _measures(room: Room | None, t: Translator) -> list[Block]:
    if room is None:
        return []
    rows = [
        [
            Cell(t(MEASURES[one.measure])),
            Cell(wording.duration(one.after, t) if one.after is not None else t("did not happen")),
            Cell(wording.duration(one.within, t) if one.within is not None else t("not set")),
            Cell(t(OUTCOMES[one.outcome])),
        ]
        for one in room.measures
        if one.after is not None or one.within is not None
    ]
    head = [t("Measured"), t("Time taken"), t("Expected"), t("Result")]
    return [Table(head, rows, caption=t("Measured times from the ledger"), widths=(3, 3, 2, 2))] if rows else []


def _people(drill: Drill, t: Translator) -> Block:
    rows = [[Cell(t(PART_NAMES[one.part])), Cell(one.name), Cell(one.organization)] for one in drill.people]
    return Table([t("Part"), t("Name"), t("Organization")], rows, caption=t("Who took part"))


def _improvements(drill: Drill, improvements: Sequence[DrillImprovementRow], t: Translator) -> Block:
    rows = [
        [
            Cell(one.title),
            Cell(drill.organizations.get(one.organization_id, "")),
            Cell((one.due_at + timedelta(hours=8)).strftime("%Y-%m-%d") if one.due_at else ""),
        ]
        for one in improvements
    ]
    return Table([t("Improvement"), t("Organization"), t("By when")], rows, caption=t("Improvements"), widths=(5, 2, 2))


def _time(drill: Drill, t: Translator) -> str:
    row = drill.row
    begins, ends = row.started_at or row.planned_from, row.ended_at or row.planned_until
    return t("%(from)s to %(until)s", **{"from": wording.in_full(begins, t), "until": wording.in_full(ends, t)})
