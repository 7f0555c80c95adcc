from irm.access.names import search_key, sort_key, sought


def test_names_are_found_by_pinyin_and_initials() -> None:
    key = search_key("示例市 OA 系统", "sys-oa")
    for typed in ("示例市", "shilishi", "slsoa", "OA 系统", "sys-oa", "oaxitong"):
        assert sought(typed) in key


def test_names_sort_by_pinyin() -> None:
    assert sorted(["住建局", "财政局", "OA"], key=sort_key) == ["财政局", "OA", "住建局"]


def test_a_search_drops_what_the_database_cannot_hold() -> None:
    assert sought("a\0 B") == "ab"
