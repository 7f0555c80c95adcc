"""Figures: counted with their records, summed, compared, written and read back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from irm.documents.tree import Picture
from irm.i18n import translator
from irm.obligations.owed import Term
from irm.reports.outcomes import JUDGED, OUTCOME_TITLES, outcome
from irm.reports.paper import document, share
from irm.reports.span import Span
from irm.reports.tally import (
    Chapter,
    Column,
    Figures,
    Grid,
    Pool,
    Record,
    Tally,
    both,
    canonical,
    changes,
    digest,
    flat,
    read,
)

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
COLUMNS = (
    Column("open", both("Open")),
    Column("closed", both("Closed")),
    Column("rate", both("Share"), (("closed",), ("open", "closed"))),
)


def figures(*counted: tuple[str, str, str]) -> Figures:
    """(line, column, record's label), …"""
    pool = Pool()
    tally = Tally(pool)
    for line, column, label in counted:
        tally.add(line, column, pool.add(f"/x/{label}", label))
    lines = tally.lines([("a", {"en": "A"}), ("b", {"en": "B"}), ("c", {"en": "C"})], COLUMNS, empty=False)
    grid = Grid("g", both("Grid"), both("Head"), COLUMNS, lines, total=True, chart=("open", "closed"))
    chapter = Chapter("c", both("Chapter"), (grid,))
    return Figures("annual/1", 2026, "city", "City", "city", NOW.isoformat(), None, (chapter,), pool.records())


def test_a_figure_leads_to_what_it_counts() -> None:
    one = figures(("a", "open", "r1"), ("a", "open", "r2"), ("b", "open", "r1"))
    found = one.figure(("c", "g", "a", "open"))
    assert found is not None
    assert (found.value, one.records(found)) == (2, [Record("/x/r1", "r1"), Record("/x/r2", "r2")])
    whole = one.figure(("c", "g", "=", "open"))
    assert whole is not None
    assert (whole.value, [each.label for each in one.records(whole)]) == (3, ["r1", "r2"])
    for unknown in (("c", "g", "z", "open"), ("c", "g", "a", "rate"), ("c", "z", "a", "open"), ("z", "g", "a", "open")):
        assert one.figure(unknown) is None


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["open", "closed"]), st.sampled_from("rstuv"))))
def test_written_and_read_back_they_are_the_same(counted: list[tuple[str, str, str]]) -> None:
    one = figures(*counted)
    text = canonical(one)
    assert read(text) == one
    assert digest(canonical(read(text))) == digest(text)
    assert sum(flat(one).values()) == len(counted)


def test_what_differs_is_named_with_its_records() -> None:
    before = figures(("a", "open", "r1"), ("b", "closed", "r2"))
    after = figures(("a", "closed", "r1"), ("b", "closed", "r2"), ("b", "closed", "r3"))
    found = {
        (each.line["en"], each.column["en"]): (each.before, each.after, each.added, each.removed)
        for each in changes(before, after)
    }
    assert found == {
        ("A", "Open"): (1, 0, (), (Record("/x/r1", "r1"),)),
        ("A", "Closed"): (0, 1, (Record("/x/r1", "r1"),), ()),
        ("B", "Closed"): (1, 2, (Record("/x/r3", "r3"),), ()),
    }
    assert changes(before, before) == []
    gone = figures(("a", "open", "r1"))
    assert [(each.before, each.after) for each in changes(before, gone)] == [(1, None)]


def test_a_share_is_divided_when_it_is_written() -> None:
    one = figures(("a", "open", "r1"), ("a", "closed", "r2"), ("a", "closed", "r3"), ("b", "open", "r4"))
    lines = one.chapters[0].grids[0].lines
    assert [share(COLUMNS[2], line) for line in lines] == ["66.7%", "0.0%"]
    assert share(Column("rate", {}, (("closed",), ("other",))), lines[0]) == "—"


def test_the_document_is_the_same_for_the_same_edition_and_says_the_words_of_people() -> None:
    one = figures(("a", "open", "r1"), ("b", "closed", "r2"))
    words = {"overview": "总体平稳。\n\n无重大事件。", "c": "说明。"}
    for locale in ("zh-CN", "en"):
        t = translator(locale)
        first = document(one, words, number=2, digest="d" * 64, t=t)
        assert first == document(one, words, number=2, digest="d" * 64, t=t)
        texts = str(first)
        assert all(text in texts for text in ("总体平稳。", "无重大事件。", "说明。", "d" * 64))
    linked = document(one, {}, number=2, digest="d" * 64, t=translator("en"), link="/".join)
    assert "c/g/a/open" in str(linked)
    assert "c/g/a/closed" not in str(linked), "nought leads nowhere"


def test_a_picture_stands_where_it_says_more_than_its_table() -> None:
    """Two bars, or one in an empty year, say nothing that the table does not; pictures are numbered by themselves."""

    def pictures(*lines: str) -> list[str]:
        counted = [(line, "open", f"r{at}") for at, line in enumerate(lines)]
        tree = document(figures(*counted), {}, number=1, digest="d" * 64, t=translator("en"))
        return [block.caption for block in tree.blocks if isinstance(block, Picture)]

    assert pictures("a", "a", "b") == []
    assert pictures("a", "b", "c") == ["Figure 1-1 Grid"]


def test_a_table_of_certificates_stands_only_where_there_is_a_system() -> None:
    tally = Tally(Pool())
    columns = (Column("systems", both("Systems")),)

    def grid(key: str) -> Grid:
        return Grid(key, both("Title"), both("Head"), columns, tally.lines([("a", {"en": "A"})], columns, empty=True))

    assert grid("certificates").shown == ()
    assert len(grid("responsible").shown) == 1, "nobody registered is what the reader must see"


def test_a_moment_on_paper_is_written_out() -> None:
    one = figures(("a", "open", "r1"))
    chinese, english = (
        str(document(one, {}, number=1, digest="d" * 64, t=translator(locale))) for locale in ("zh-CN", "en")
    )
    assert "数据截至 2026年11月21日3时41分" in chinese, "as officials write moments, in Beijing time"
    assert "as of 2026-11-21 03:41" in english


LIMIT = NOW - timedelta(days=10)


def term(**given: object) -> Term:
    asked: dict[str, object] = {
        "kind": "timed",
        "standing": "statutory",
        "started_at": LIMIT - timedelta(hours=4),
        "arose_at": LIMIT - timedelta(hours=4),
        "due_at": LIMIT,
    }
    return Term(**(asked | given))


@pytest.mark.parametrize(
    ("given", "born_late", "overdue_at", "expected"),
    [
        ({"status": "met", "submitted_at": LIMIT}, False, None, "in_time"),
        ({"status": "submitted", "submitted_at": LIMIT - timedelta(1)}, False, None, "in_time"),
        ({"status": "met", "submitted_at": LIMIT + timedelta(seconds=1)}, False, LIMIT, "late"),
        ({}, False, None, "overdue"),
        ({"due_at": NOW}, False, None, "overdue"),
        ({"due_at": NOW + timedelta(1)}, False, None, "running"),
        ({}, True, None, "born_late"),
        ({"status": "met", "submitted_at": NOW}, True, LIMIT, "born_late"),
        ({"status": "superseded", "ended_at": NOW}, False, LIMIT, "late"),
        ({"status": "superseded", "ended_at": NOW}, False, None, "ended"),
        ({"status": "waived", "ended_at": NOW}, False, None, "ended"),
        ({"standing": "advice"}, False, None, "undone"),
        ({"standing": "advice", "status": "met", "submitted_at": NOW}, False, None, "done"),
        ({"due_at": None, "kind": "prompt"}, False, None, "undone"),
        ({"due_at": None, "kind": "prompt", "status": "superseded", "ended_at": NOW}, False, None, "ended"),
    ],
)
def test_each_duty_comes_out_in_one_way(
    given: dict[str, object], born_late: bool, overdue_at: datetime, expected: str
) -> None:
    assert outcome(term(**given), NOW, born_late=born_late, overdue_at=overdue_at) == expected
    assert expected in OUTCOME_TITLES
    assert set(JUDGED) <= set(OUTCOME_TITLES)


def test_the_year_is_that_of_shanghai() -> None:
    span = Span(2026, NOW)
    assert span.since.isoformat() == "2025-12-31T16:00:00+00:00"
    assert span.until.isoformat() == "2026-12-31T16:00:00+00:00"
    assert (span.first.isoformat(), span.last.isoformat(), span.today.isoformat()) == (
        "2026-01-01",
        "2026-12-31",
        "2026-11-21",
    )
