"""Nine items, 1, 3 or 5; what counts and what is said of it."""

from hypothesis import given, strategies as st

from irm.drills.scoring import ITEMS, Sheet, faults_of, is_complete, may_read, result_of

WHOLE = dict.fromkeys(ITEMS, 3)


def test_nine_items_as_in_the_standard() -> None:
    assert len(ITEMS) == 9


def test_a_score_is_one_three_or_five() -> None:
    assert faults_of({"plan": 2, "beauty": 3, "goals": True}, whole=False).keys() == {"plan", "beauty", "goals"}
    assert faults_of(WHOLE, whole=True) == {}
    assert faults_of({}, whole=True).keys() == ITEMS.keys()


def test_only_what_was_handed_in_counts() -> None:
    result = result_of([Sheet(WHOLE), Sheet(dict.fromkeys(ITEMS, 5)), Sheet(dict.fromkeys(ITEMS, 1), handed_in=False)])
    assert (result.overall, result.sheets) == (4, 2)
    assert result_of([]).overall is None


def test_the_widest_spread_is_worth_talking_about() -> None:
    result = result_of([Sheet(WHOLE), Sheet({**WHOLE, "command": 1})])
    assert result.spread == ("command",)


@given(st.lists(st.fixed_dictionaries({item: st.sampled_from([1, 3, 5]) for item in ITEMS}), min_size=1, max_size=5))
def test_means_lie_between_the_scores(sheets: list[dict[str, int]]) -> None:
    result = result_of(Sheet(one) for one in sheets)
    for item, mean in result.means.items():
        assert min(one[item] for one in sheets) <= mean <= max(one[item] for one in sheets)


def test_blind_until_closed() -> None:
    assert may_read(is_own=True, is_closed=False)
    assert not may_read(is_own=False, is_closed=False)
    assert may_read(is_own=False, is_closed=True)
    assert [is_complete(2, 1), is_complete(2, 2), is_complete(0, 0)] == [False, True, False]
