"""The list of findings as people keep it in Excel or WPS: its columns, the template, and the list written out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from irm.documents.sheets import Column
from irm.documents.tables import write_sheet, write_template
from irm.findings.lifecycle import ORIGIN_NAMES, RISK_NAMES, RISK_WORDS
from irm.findings.policy import finding_policy
from irm.i18n import N_, Translator

LARGEST_LIST: Final = 32 * 1024 * 1024
TITLE: Final = N_("Findings")
NEEDS_NONE: Final = frozenset({"organization", "systems", "origin", "origin_label", "found_on"})
"""What a list of one test's findings need not say: it follows from the test."""


def columns(*, of_one_test: bool = False) -> tuple[Column, ...]:
    """`of_one_test`: without what follows from the test."""
    policy = finding_policy()
    every = (
        Column("number", N_("Number of the finding"), "code", unique=True, help=N_("Empty for a new one.")),
        Column("title", N_("What was found"), required=True, most=policy.longest_line, synonyms=(N_("Finding"),)),
        Column(
            "organization",
            N_("Unit that rectifies"),
            required=not of_one_test,
            help=N_("Code, name or short name of the organization."),
        ),
        Column("systems", N_("Systems concerned"), "code", many=True, help=N_("Codes of systems, one per line.")),
        Column("risk", N_("Risk"), "choice", choices=RISK_NAMES, also=RISK_WORDS),
        Column("is_major", N_("Major hidden risk"), "boolean"),
        Column("clause", N_("Item of the standard"), most=policy.longest_line),
        Column("detail", N_("Description"), most=policy.longest_text),
        Column("origin", N_("Where from"), "choice", choices=ORIGIN_NAMES),
        Column("origin_label", N_("Document"), most=policy.longest_line),
        Column("found_on", N_("Found on"), "date"),
        Column("verifier", N_("Verified by"), help=N_("Code, name or short name of the organization.")),
        Column("due_on", N_("To be rectified by"), "date"),
        Column("due_set_by", N_("Day set by"), help=N_("The authority that ordered the day; empty for one's own.")),
        Column("due_document", N_("Document that sets the day"), most=policy.longest_line),
    )
    return tuple(one for one in every if not (of_one_test and one.name in NEEDS_NONE - {"systems"}))


def template(t: Translator, *, of_one_test: bool = False, organizations: Sequence[str] = ()) -> bytes:
    lists = {"organization": organizations, "verifier": organizations, "due_set_by": organizations}
    return write_template(columns(of_one_test=of_one_test), title=t(TITLE), t=t, lists=lists if organizations else None)


def written(rows: Iterable[Mapping[str, Any]], t: Translator) -> bytes:
    return write_sheet(columns(), rows, title=t(TITLE), t=t)
