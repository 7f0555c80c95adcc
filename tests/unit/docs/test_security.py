"""The review of docs/security.md leaves nothing out, names nothing twice, and leads to tests and files that there are."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.unit.docs.named import names_in

ROOT: Final = Path(__file__).parents[3]
TEXT: Final = (ROOT / "docs" / "security.md").read_text("utf-8")
ROW: Final = re.compile(
    r"^\| (V?[\d.]+(?: [a-g])?) \|(.*)\| (met|\*\*not met\*\*|not applicable) \| (.+) \|$", re.MULTILINE
)
NAMED: Final = re.compile(r"`((?:tests|irm|docs|requirements)/[\w./-]+?|pyproject\.toml)(?:::(\w+))?`")
ASVS: Final = {
    "V1.1": (1, 2),
    "V1.2": (1, 2, 3, 4, 5, 6, 7, 8, 9),
    "V1.3": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    "V1.4": (1, 2, 3),
    "V1.5": (1, 2),
    "V2.1": (1, 2, 3),
    "V2.2": (1, 2, 3),
    "V2.3": (1, 2, 3, 4),
    "V2.4": (1,),
    "V3.2": (1, 2),
    "V3.3": (1, 2, 3, 4),
    "V3.4": (1, 2, 3, 4, 5, 6),
    "V3.5": (1, 2, 3, 4, 5),
    "V3.7": (1, 2),
    "V4.1": (1, 2, 3),
    "V4.2": (1,),
    "V4.3": (1, 2),
    "V4.4": (1, 2, 3, 4),
    "V5.1": (1,),
    "V5.2": (1, 2, 3),
    "V5.3": (1, 2),
    "V5.4": (1, 2, 3),
    "V6.1": (1, 2, 3),
    "V6.2": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    "V6.3": (1, 2, 3, 4),
    "V6.4": (1, 2, 3, 4),
    "V6.5": (1, 2, 3, 4, 5),
    "V6.6": (1, 2, 3),
    "V6.8": (1, 2, 3, 4),
    "V7.1": (1, 2, 3),
    "V7.2": (1, 2, 3, 4),
    "V7.3": (1, 2),
    "V7.4": (1, 2, 3, 4, 5),
    "V7.5": (1, 2),
    "V7.6": (1, 2),
    "V8.1": (1, 2),
    "V8.2": (1, 2, 3),
    "V8.3": (1,),
    "V8.4": (1,),
    "V9.1": (1, 2, 3),
    "V9.2": (1, 2, 3, 4),
    "V10.1": (1, 2),
    "V10.2": (1, 2),
    "V10.3": (1, 2, 3, 4),
    "V10.4": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    "V10.5": (1, 2, 3, 4, 5),
    "V10.6": (1, 2),
    "V10.7": (1, 2, 3),
    "V11.1": (1, 2),
    "V11.2": (1, 2, 3),
    "V11.3": (1, 2, 3),
    "V11.4": (1, 2, 3, 4),
    "V11.5": (1,),
    "V11.6": (1,),
    "V12.1": (1, 2, 3),
    "V12.2": (1, 2),
    "V12.3": (1, 2, 3, 4),
    "V13.1": (1,),
    "V13.2": (1, 2, 3, 4, 5),
    "V13.3": (1, 2),
    "V13.4": (1, 2, 3, 4, 5),
    "V14.1": (1, 2),
    "V14.2": (1, 2, 3, 4),
    "V14.3": (1, 2, 3),
    "V15.1": (1, 2, 3),
    "V15.2": (1, 2, 3),
    "V15.3": (1, 2, 3, 4, 5, 6, 7),
    "V16.1": (1,),
    "V16.2": (1, 2, 3, 4, 5),
    "V16.3": (1, 2, 3, 4),
    "V16.4": (1, 2, 3),
    "V16.5": (1, 2, 3),
    "V17.1": (1,),
    "V17.2": (1, 2, 3, 4),
    "V17.3": (1, 2),
}
"""The numbers of levels 1 and 2 by section, as release 5.0.0 gives them."""
MLPS: Final = {
    1: "abcd",
    2: "abcdefg",
    3: "abcd",
    4: "abcdef",
    5: "",
    6: "",
    7: "ab",
    8: "ab",
    9: "abc",
    10: "ab",
    11: "ab",
}
"""GB/T 22239-2019 8.1.4.n and its letters."""


def test_every_requirement_is_judged_once() -> None:
    asked = [f"{section}.{number}" for section, numbers in ASVS.items() for number in numbers]
    assert [one[0] for one in ROW.findall(TEXT) if one[0].startswith("V")] == asked


def test_every_item_of_the_third_grade_is_judged_once() -> None:
    asked = [f"8.1.4.{one} {letter}".strip() for one, letters in MLPS.items() for letter in letters or " "]
    assert [one[0] for one in ROW.findall(TEXT) if one[0].startswith("8")] == asked


def test_the_sum_is_right() -> None:
    verdicts = [verdict for number, _, verdict, _ in ROW.findall(TEXT) if number.startswith("V")]
    said = f"{len(verdicts)} requirements of ASVS levels 1 and 2: {verdicts.count('met')} met, "
    said += f"{verdicts.count('**not met**')} not met, {verdicts.count('not applicable')} not applicable."
    assert said in TEXT.replace("\n", " ")


def test_what_is_met_is_shown_by_something() -> None:
    """A verdict without anything to look at would be a promise."""
    unshown = [number for number, _, verdict, why in ROW.findall(TEXT) if verdict == "met" and not NAMED.search(why)]
    assert [one for one in unshown if one not in BY_THEIR_MAKING] == []


BY_THEIR_MAKING: Final = {"V1.4.3", "V4.2.1", "V11.4.1"}
"""Met by the language, the server or the choice of algorithms: no single file shows it."""


@pytest.mark.parametrize("named", sorted(set(NAMED.findall(TEXT))), ids="::".join)
def test_what_is_named_is_there(named: tuple[str, str]) -> None:
    path, test = named
    assert (ROOT / path).exists()
    if test:
        assert test in names_in(path)
