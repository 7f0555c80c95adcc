"""The paper for the night on which irm is away: what stands on it, how it is kept, when it is written."""

import stat
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from irm.documents.screen import to_html
from irm.emergency import folder
from irm.emergency.content import Content, Desk, Limit, OpenIncident, Turn, Watch
from irm.emergency.policy import sheet_policy
from irm.emergency.queries import planned
from irm.emergency.sheet import sheet
from irm.i18n import translator
from irm.obligations.forms import form_of

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def content() -> Content:
    return Content(
        made_at=NOW,
        organization="示例市数据局",
        telephone="0375-1000001",
        watches=[
            Watch(
                "示例市数据局",
                "0375-1000001",
                (
                    Turn("王值班", "primary", "13900000001", NOW - HOUR, NOW + 2 * HOUR),
                    Turn("李接班", "primary", "13900000002", NOW + 2 * HOUR, NOW + 14 * HOUR),
                ),
            ),
            Watch("示例市文旅局", "0375-1000009"),
        ],
        desks=[
            Desk("示例市网信办", "Cyberspace office", "0375-2000001", "0375-2000002", date(2026, 11, 1), is_old=False),
            Desk("示例省网信办", "Cyberspace office", None, None, None, is_old=True),
        ],
        limits=[
            Limit(
                NOW + HOUR,
                "Statutory limit",
                {"zh-CN": "向市级网信部门报告", "en": "Report to the city office"},
                {
                    "instrument": {"zh-CN": "报告管理办法", "en": "Measures"},
                    "article": {"zh-CN": "第四条", "en": "Art. 4"},
                },
                "SJ-2026-000001",
                "示例市人社局",
                "示例市网信办",
                "0375-2000001",
                "0375-2000002",
            )
        ],
        incidents=[OpenIncident("SJ-2026-000001", "门户被篡改", 2, "possible", "Being handled", NOW - HOUR)],
        further_limits=3,
    )


def text(locale: str = "zh-CN") -> str:
    document = sheet(content(), form_of("initial"), translator(locale), hours=36, days=7, lines=4)
    return to_html(document).decode()


def test_it_says_whom_to_call_and_until_when() -> None:
    found = text()
    for wanted in ("王值班", "13900000001", "李接班", "11月20日 20:00", "当前无人值班", "0375-1000009"):
        assert wanted in found, wanted
    assert "0375-2000002" in found, "the fax of the office"
    assert "▲" in found, "numbers that nobody has checked are marked"


def test_a_limit_and_a_shift_that_end_with_a_day_end_at_its_24_00_and_the_next_begins_at_00_00() -> None:
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)
    turns = (
        Turn("王值班", "primary", "13900000001", NOW, midnight),
        Turn("李接班", "primary", "13900000002", midnight, midnight + 8 * HOUR),
    )
    given = content()
    limits = [replace(given.limits[0], due_at=midnight)]
    given = replace(given, limits=limits, watches=[Watch("示例市数据局", "0375-1000001", turns)])
    found = to_html(sheet(given, form_of("initial"), translator("zh-CN"), hours=36, days=7, lines=4)).decode()
    assert found.count("11月20日 24:00") == 2
    assert found.count("11月21日 00:00") == 1


def test_it_names_each_open_limit_with_article_and_addressee() -> None:
    found = text()
    for wanted in (
        "SJ-2026-000001",
        "第四条",
        "示例市人社局",
        "示例市网信办",
        "11月20日 19:00",
        "共 4 项",
        "另有 3 项未列出",
    ):
        assert wanted in found, wanted


def test_it_ends_with_paper_to_write_on() -> None:
    found = text()
    assert "补录时间" in found
    assert "网络安全事件初报（空白）" in found
    assert "签收" in found or "接收" in found


def test_it_is_one_file_that_needs_nothing_else() -> None:
    found = text("en")
    assert "<script" not in found
    assert "http" not in found
    assert "Emergency sheet" in found


def keep(where: Path, at: datetime, *, most: int = 30) -> list[folder.Kept]:
    return folder.keep(where, where.parent / "home", at, {"html": b"<p>", "pdf": b"%PDF"}, most=most)


def test_files_appear_whole_and_closed_to_others(tmp_path: Path) -> None:
    where = tmp_path / "outside"
    where.mkdir(mode=0o700)
    kept = keep(where, NOW)
    assert [one.name for one in kept] == ["emergency-sheet-20261120-180000.html", "emergency-sheet-20261120-180000.pdf"]
    assert sorted(each.name for each in where.iterdir()) == [one.name for one in kept]
    assert {stat.S_IMODE(each.stat().st_mode) for each in where.iterdir()} == {0o600}
    assert folder.age_of_newest(where, NOW + HOUR) == HOUR


def test_what_a_crash_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".emergency-sheet-20261120-170000.pdf.part").write_bytes(b"half")
    (tmp_path / ".emergency-sheet-20261120-180000.html.part").write_bytes(b"half")
    keep(tmp_path, NOW)
    assert not list(tmp_path.glob(".*.part"))
    assert keep(tmp_path, NOW)[0].sha256 == keep(tmp_path, NOW)[0].sha256, "the same moment again is the same file"


def test_only_the_newest_stay(tmp_path: Path) -> None:
    for hours in range(5):
        keep(tmp_path, NOW + hours * HOUR, most=3)
    (tmp_path / "notes.txt").write_text("somebody's own")
    assert len(folder.sheets_in(tmp_path)) == 3
    assert len(list(tmp_path.glob("emergency-sheet-*"))) == 6
    assert folder.sheets_in(tmp_path)[0].endswith("220000")


def test_a_share_that_is_not_mounted_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(folder.CannotKeep) as refused:
        keep(tmp_path / "not-there", NOW)
    assert refused.value.fault == "missing"
    assert not (tmp_path / "not-there").exists()


def test_irms_own_folder_is_no_place_either(tmp_path: Path) -> None:
    inside = tmp_path / "home" / "sheets"
    inside.mkdir(parents=True)
    with pytest.raises(folder.CannotKeep) as refused:
        folder.keep(inside, tmp_path / "home", NOW, {"html": b""}, most=3)
    assert refused.value.fault == "inside_home"


def test_it_is_written_at_the_citys_time_and_when_somebody_comes() -> None:
    six = [time(18)]
    at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # 18:00 in Shanghai
    assert planned(six, None, at + HOUR) == at
    assert planned(six, None, at - HOUR) == at - timedelta(days=1)
    assert planned(six, at + timedelta(minutes=30), at + HOUR) == at + timedelta(minutes=30)


def test_the_citys_figures_are_readable() -> None:
    policy = sheet_policy()
    assert policy.too_old > timedelta(days=1), "one a day is enough to be current"
    assert policy.pause_after(1) < policy.pause_after(99)
