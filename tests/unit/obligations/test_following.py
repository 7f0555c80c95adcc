"""Items of a draft follow newer facts, and nothing of a person's is changed by itself."""

from hypothesis import given, strategies as st

from irm.obligations.following import added, followed, taken

TEXT = st.text("ab\n ", max_size=8)
ITEMS = st.dictionaries(st.sampled_from(["unit", "course"]), TEXT)


def test_what_nobody_wrote_in_is_written_anew() -> None:
    first = followed({}, {}, {"course": "level: being assessed", "trend": ""})
    assert first.items == {"course": "level: being assessed"}
    second = followed(first.items, first.filled, {"course": "level: grave", "trend": "worse"})
    assert (second.items, second.newer) == ({"course": "level: grave", "trend": "worse"}, {})


def test_what_a_person_wrote_stays_and_is_told_what_is_newer() -> None:
    written = followed({"course": "mine"}, {"course": "level: being assessed"}, {"course": "level: grave\nusers: 5"})
    assert written.items == {"course": "mine"}
    assert written.newer == {"course": "level: grave\nusers: 5"}
    assert taken("mine", "level: being assessed", written.newer["course"]) == "mine\nlevel: grave\nusers: 5"


def test_an_item_that_a_person_emptied_stays_empty() -> None:
    assert followed({"trend": ""}, {"trend": "worse"}, {"trend": "worse still"}).items == {"trend": ""}


def test_a_line_that_went_is_nothing_newer() -> None:
    assert followed({"course": "mine"}, {"course": "a\nb"}, {"course": "a"}).newer == {}


@given(items=ITEMS, filled=ITEMS, now=ITEMS)
def test_nothing_a_person_wrote_is_lost(items: dict[str, str], filled: dict[str, str], now: dict[str, str]) -> None:
    after = followed(items, filled, now)
    for key, text in items.items():
        if text.strip() != filled.get(key, "").strip():
            assert after.items[key] == text
    again = followed(after.items, after.filled, now)
    assert again == after, "following the same facts twice changes nothing"


@given(written=TEXT, filled=TEXT, text=TEXT)
def test_taking_keeps_what_was_written_and_takes_all(written: str, filled: str, text: str) -> None:
    result = taken(written, filled, text)
    assert written.rstrip().strip("\n") in result
    assert set(added(filled, text)) <= {*result.splitlines(), *written.splitlines()}
