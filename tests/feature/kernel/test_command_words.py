"""Click's own words are Chinese at a Chinese terminal and English at an English one."""

import os
import subprocess
import sys

import pytest


def irm(*words: str, locale: str) -> str:
    environment = {"PATH": os.environ["PATH"], "IRM_LOCALE": locale, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "irm.cli", *words], env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (
            ("--help",),
            ("用法：", "选项:", "命令:", "显示本说明后退出。", "值班表：何时由谁值班。"),
            "Show this message and exit.",
        ),
        (("drill", "--help"), ("批准演练计划。", "暂停演练时钟。"), "Stop its clock."),
        (("roster", "import", "--help"), ("导入 CSV 文件中的班次", "以 JSON 输出。"), "Add the shifts of a CSV file"),
        (("nonsense",), ("错误：没有“nonsense”这个命令。", "查看说明："), "No such command 'nonsense'."),
        (("web", "--foo"), ("没有“--foo”这个选项。",), "No such option '--foo'."),
    ],
)
def test_a_terminal_s_language(words: tuple[str, ...], zh: tuple[str, ...], en: str) -> None:
    said = irm(*words, locale="zh")
    assert [text for text in zh if text not in said] == []
    assert "Usage" not in said
    assert en in irm(*words, locale="en")
