"""Tables whose heads can be read: no number broken, no sign alone on a line, words where the figures leave room."""

from collections.abc import Sequence

from hypothesis import given, strategies as st

from irm.documents.columns import SIDES, columns, width_of
from irm.documents.tree import Cell, Table

ROOM = 442.0
"""The width of the standard's page in points."""


def table(head: Sequence[str], *rows: Sequence[str]) -> Table:
    return Table(head, [[Cell(each) for each in row] for row in rows], right=frozenset(range(1, len(head))))


def test_short_labels_leave_the_heads_on_one_line() -> None:
    head = ("保护等级", "系统", "已备案", "未备案", "证明有效", "应换证", "证明过期", "未登记", "备案率")
    laid = columns(table(head, ("第三级", "1", "1", "0", "1", "0", "0", "0", "100.0%")), room=ROOM, size=12)
    assert laid.head == head, "no head is broken where there is room for it"
    assert sum(laid.widths) <= ROOM + 0.01


def test_a_long_label_takes_what_the_figures_leave() -> None:
    head = ("应办事项及条款", "按时", "迟报", "已逾期", "未到期", "不再需要", "无时限已办", "按时率")
    article = "云服务商 30 分钟内报告政务云主管部门（《本市政务云网络安全事件报告内控要求（建议稿）》内控要求一）"
    laid = columns(table(head, (article, "4", "6", "0", "0", "0", "0", "40.0%")), room=ROOM, size=12)
    assert laid.widths[0] > 0.3 * ROOM
    assert laid.head == ("应办事项及条款", "按时", "迟报", "已逾期", "未到期", "不再\n需要", "无时限\n已办", "按时率")
    assert not laid.hyphenate


def test_english_heads_break_between_words_only() -> None:
    head = (
        "Organization",
        "Systems",
        "Filed",
        "Not filed",
        "Certificate valid",
        "To be renewed now",
        "Certificate expired",
        "Not registered",
        "Share filed",
    )
    laid = columns(table(head, ("Health", "1", "1", "0", "1", "0", "0", "0", "100.0%")), room=ROOM, size=12)
    assert not laid.hyphenate
    assert laid.head == head
    for word, width in zip(("Certificate", "registered"), (laid.widths[4], laid.widths[7]), strict=True):
        assert width_of(word, laid.size) <= width - SIDES * laid.size + 0.01


def test_a_hash_and_a_file_name_share_the_page_with_the_rest() -> None:
    row = ("1", "访问日志 access-2026-07-04.log", "59b52ab5" * 8, "1", "封存完好")
    one = Table(("序号", "名称", "SHA-256", "数量", "状态"), [[Cell(each) for each in row]])
    laid = columns(one, room=ROOM, size=12)
    assert not laid.hyphenate
    assert laid.head == ("序号", "名称", "SHA-256", "数量", "状态")
    assert laid.widths[2] == max(laid.widths)


def test_widths_that_somebody_chose_stay() -> None:
    one = Table(["a", "b"], [[Cell("x" * 80), Cell("1")]], widths=(3, 1))
    assert columns(one, room=400, size=12).widths == (300, 100)


def test_what_fits_nowhere_is_hyphenated_and_still_a_page_wide() -> None:
    head = tuple("Unpronounceablecompoundword" for _ in range(12))
    laid = columns(table(head, tuple("1" for _ in head)), room=ROOM, size=12)
    assert laid.hyphenate
    assert abs(sum(laid.widths) - ROOM) < 0.01


@given(
    st.lists(st.text("一二三四ab ", min_size=1, max_size=12), min_size=1, max_size=12),
    st.lists(st.integers(0, 10**7), max_size=4),
)
def test_every_table_is_as_wide_as_the_page(head: list[str], figures: list[int]) -> None:
    rows = [[f"{figure:,}" for _ in head] for figure in figures]
    laid = columns(table(head, *rows), room=ROOM, size=12)
    assert abs(sum(laid.widths) - ROOM) < 0.01
    assert ["".join(word.split("\n")) for word in laid.head] == head
