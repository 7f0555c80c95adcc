"""Chapter: what a year's report is expected to say and irm holds no records of. Said, so that nobody takes silence for nought.

Whoever signs the report writes it into the text of this chapter.
"""

from typing import Final

from irm.i18n import N_
from irm.reports.tally import Chapter, Fact, both

MATTERS: Final = (
    (
        N_("Training"),
        N_(
            "Courses, attendance and examinations; whether the training that the rules ask for took place is counted under"
            " other duties"
        ),
    ),
    (
        N_("Inspections"),
        N_("Inspections by authorities as such; findings that came of them are counted under findings"),
    ),
    (
        N_("Notices of authorities"),
        N_("Notices and warnings of authorities as such; what they demand by a day is counted under other duties"),
    ),
    (N_("Vendor scorecards"), N_("Scores of vendors; whether their monthly papers came in time is counted above")),
    (N_("Budget"), N_("Budget of the next year")),
)


def chapter() -> Chapter:
    return Chapter(
        "not_collected",
        both(N_("Not collected in irm")),
        facts=tuple(Fact(both(name), both(what)) for name, what in MATTERS),
        lead=both(
            N_(
                "irm does not collect the following; this report gives no figures for it, which does not mean that nothing"
                " took place. The reporting organization states it here where it is asked for."
            )
        ),
    )
