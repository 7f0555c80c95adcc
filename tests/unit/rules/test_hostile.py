"""No file that anybody sends takes more than a second and 100 MB, or ends in anything but a fault at its place."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from irm.playbooks.language import read_playbook
from irm.positions import LanguageError, read, read_file
from tests.unit.rules import hostile

CASES = list(hostile.cases())


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, str], hostile.Answer]:
    done = subprocess.run([sys.executable, "-m", hostile.__name__], capture_output=True, check=True)
    told = [hostile.Answer(**one) for one in json.loads(done.stdout)]
    return {(case.language, case.name): one for case, one in zip(CASES, told, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}: {case.name}")
def test_what_would_break_irm_is_refused_at_its_place(
    answers: dict[tuple[str, str], hostile.Answer], case: hostile.Case
) -> None:
    given = answers[case.language, case.name]
    assert not given.died
    assert given.en
    assert any(fault.startswith(f"f.yaml:{case.place}") and case.message in fault for fault in given.en), given.en[:5]
    assert all(len(fault) < 1_500 for fault in given.en)
    assert len(given.en) <= 101
    for fault in given.zh:
        place, words = re.fullmatch(r"f\.yaml:(\d+:\d+): (.+)", fault, re.DOTALL).groups()
        assert re.search("[\u4e00-\u9fff]", words), f"{place}: {words}"


def test_what_people_write_is_read_as_it_stands() -> None:
    text = (
        "a: no\nb: on\nc: 22:30\nd: 1_000\ne: 2026-11-21\nf: ~\ng: -3\nh: 1.5\ni: yes\nj: １２\nk: ٣\nl: 0\nm: 12e2\n"
        'n: "017"\no: 政务云 – “引号”\np: "a\\tb"\nq: |\n  one\n  two\nr: true\ns: 0x1F beginning\n'
    )
    assert read(text, file="f.yaml").data == {
        "a": "no", "b": "on", "c": "22:30", "d": 1000, "e": "2026-11-21", "f": None, "g": -3, "h": 1.5, "i": "yes",
        "j": "１２", "k": "٣", "l": 0, "m": 1200.0, "n": "017", "o": "政务云 – “引号”", "p": "a\tb", "q": "one\ntwo\n",
        "r": True, "s": "0x1F beginning",
    }  # fmt: skip


@pytest.mark.parametrize("begin", ["", "\ufeff", "---\n", "# a note\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_editor_s_line_ends_and_byte_order_mark_are_read(begin: str, end: str) -> None:
    text = (begin + hostile.HEAD + hostile.STEP).replace("\n", end)
    assert read_playbook(text, file="f.yaml").playbook.id == "chain"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_fault_stands_at_its_line_whatever_ends_the_lines(end: str) -> None:
    text = ("\ufeff" + hostile.when("incident.ci")).replace("\n", end)
    with pytest.raises(LanguageError) as caught:
        read_playbook(text, file="f.yaml")
    assert str(caught.value).startswith("f.yaml:9:12: There is nothing named “incident.ci”")


def test_a_file_of_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("id: a\ntitle: 例\n".encode("gb18030"))
    with pytest.raises(LanguageError, match=re.escape(f"{path}:2:8: This is no UTF-8 text. – save the file as UTF-8")):
        read_file(path)


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    with path.open("wb") as file:
        file.truncate(2**30)  # a hole: it takes no room
    with pytest.raises(LanguageError):
        read(read_file(path), file="f.yaml")
