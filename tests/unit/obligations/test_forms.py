"""Forms of report, words by force, stated moments, what people type."""

from datetime import UTC, datetime, timedelta

import pytest

from irm.errors import Invalid
from irm.obligations import typed_items
from irm.obligations.forms import form_of, forms
from irm.obligations.letter import Letterhead, text_of, title_of
from irm.obligations.moments import stated
from irm.obligations.policy import standing_of
from irm.web import typed

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def test_the_first_report_may_hold_items_one_and_two_only() -> None:
    initial = form_of("initial")
    assert [item.key for item in initial.items if item.needed] == ["unit", "course"]
    assert initial.missing({"unit": "a", "course": "b"}) == ()
    assert len(initial.pending({"unit": "a", "course": "b"})) == 6
    assert [item.key for item in initial.missing({"unit": " "})] == ["unit", "course"]


def test_every_form_speaks_both_languages() -> None:
    for form in forms().values():
        for texts in (form.title, form.short, *(item.title for item in form.items)):
            assert set(texts) == {"zh-CN", "en"}


@pytest.mark.parametrize(
    ("force", "standing"),
    [
        ("法律", "statutory"),
        ("行政法规", "statutory"),
        ("部门规章", "statutory"),
        ("规范性文件", "prescribed"),
        ("强制性标准", "prescribed"),
        ("上级要求", "prescribed"),
        ("合同", "prescribed"),
        ("本市内控", "internal"),
        ("推荐性标准", "advice"),
        ("惯例", "advice"),
    ],
)
def test_words_follow_the_force(force: str, standing: str) -> None:
    assert standing_of(force) == standing


def test_a_letter_names_what_is_still_to_follow() -> None:
    head = Letterhead(
        "BS-2026-000001", "SJ-2026-000001", None, "unit 1", ("vendor 1",), "office", "0375-1", exercise=True
    )
    text = text_of(form_of("initial"), {"unit": "a", "course": "b"}, head, NOW)
    assert text.count("待补报") == 6
    assert "BS-2026-000001" in text
    assert "vendor 1" in text
    assert "2026-11-21 04:00" in text
    assert "演练" in title_of(form_of("initial"), head)


def test_stated_moments() -> None:
    assert stated(None, "at", now=NOW) == NOW
    assert stated(NOW + timedelta(seconds=60), "at", now=NOW) == NOW  # a watch that is a little ahead
    assert stated(NOW - timedelta(hours=1), "at", now=NOW) == NOW - timedelta(hours=1)
    for bad in (NOW + timedelta(minutes=5), NOW.replace(tzinfo=None)):
        with pytest.raises(Invalid) as caught:
            stated(bad, "at", now=NOW)
        assert caught.value.errors[0].field == "at"
    with pytest.raises(Invalid):
        stated(NOW - timedelta(hours=1), "at", now=NOW, not_before=NOW)


def test_what_people_type() -> None:
    values = {"items.unit": "a", "means": " fax ", "at": "2026-11-21T03:41", "version": "3", "who": ""}
    assert typed_items.items_in(values) == {"unit": "a"}
    assert typed.line(values, "means") == "fax"
    assert typed.line(values, "who") is None
    moment = typed.moment(values, "at")
    assert moment is not None
    assert moment.astimezone(UTC) == datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
    assert typed.number(values, "version") == 3
    for read, name, bad in (
        (typed.moment, "at", "noon"),
        (typed.chosen, "id", "x"),
        (typed.several, "ids", ["x"]),
        (typed.number, "version", "x"),
    ):
        with pytest.raises(Invalid) as caught:
            read({name: bad}, name)
        assert caught.value.errors[0].field == name
