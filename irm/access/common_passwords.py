"""Is a password one that many people choose? Pure.

A list of the commonest holds what was found elsewhere years ago; this asks instead how people make them: words and names
with ornament around, walks over the keyboard, dates and telephone numbers, one piece again and again. The words stand in
`policies/common.yaml`. ASVS 5.0 6.2.4 asks to refuse the 3,000 most common that fit the policy;
tests/unit/access/test_common_passwords.py makes more than that many by people's own recipes and finds all of them refused.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

from ruamel.yaml import YAML

_LOOKS_LIKE: Final = str.maketrans("@4031!$57", "aaoeiisst")
_UNSHIFTED: Final = str.maketrans("!@#$%^&*()", "1234567890")
"""What the keys of a row of digits give while shift is held, on the keyboards that are sold here."""
_WALKS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "01234567890",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "zaq12wsxcde34rfvbgt56yhn",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujm",
    "q1w2e3r4t5y6",
    "147258369",
)
_WALK: Final = 4
_LEAST_VARIETY: Final = 5
_LEAST_REPEATS: Final = 3


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    text = (files("irm.access") / "policies" / "common.yaml").read_text("utf-8")
    return {name: tuple(str(words).split()) for name, words in YAML(typ="safe").load(text).items()}


@cache
def common_words() -> frozenset[str]:
    return frozenset(_lists()["words"])


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, set(words)), key=lambda word: (-len(word), word)))


@cache
def _of_letters() -> re.Pattern[str]:
    """One or two of: a common word, a person's name (family name, one or two syllables)."""
    lists = _lists()
    name = f"(?:{_any_of(lists['family_names'])})(?:{_any_of(lists['given_names'])}){{1,2}}"
    return re.compile(f"(?:{_any_of(lists['words'])}|{name}){{1,2}}")


@cache
def _of_digits() -> re.Pattern[str]:
    """Dates (19880521, 880521), mobile numbers, and the numbers that people like."""
    date = r"(?:(?:19|20)?\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    return re.compile(rf"(?:{date}|1[3-9]\d{{9}}|(?:19|20)\d\d|{_any_of(_lists()['numbers'])})+")


def is_common(password: str, words: Iterable[str] = ()) -> bool:
    """`words`: further words that count as common, such as the city's name."""
    plain = password.lower()
    if len(set(plain)) < _LEAST_VARIETY or _repeats(plain):
        return True
    further = {word.lower() for word in words}
    bare = {re.sub(r"[^a-z]", "", form) for form in (plain, *_unmasked(plain))} - {""}
    if any(word in further or _of_letters().fullmatch(word) for word in bare):
        return True
    unshifted = plain.translate(_UNSHIFTED)
    if not bare and _of_digits().fullmatch(re.sub(r"\D", "", unshifted)):
        return True
    return any(len(_without_walks(form)) < len(plain) // 3 for form in (plain, unshifted))


def _unmasked(plain: str) -> Iterator[str]:
    """From the first letter to the last with look-alikes read as letters; a sign just before or after may be one too."""
    found = re.search(r"[a-z](?:.*[a-z])?", plain, re.DOTALL)
    if found is None:
        return
    begin, end = found.span()
    for first in {max(begin - 1, 0), begin}:
        for last in {end, end + 1}:
            yield plain[first:last].translate(_LOOKS_LIKE)


def _repeats(plain: str) -> bool:
    """One piece, again and again, perhaps broken off."""
    return any(
        plain == (plain[:length] * (len(plain) // length + 1))[: len(plain)]
        for length in range(1, len(plain) // _LEAST_REPEATS + 1)
    )


def _without_walks(plain: str) -> str:
    """What is left when runs along the alphabet, the digits and the keyboard's rows and columns are taken out."""
    rest = plain
    for row in _WALKS:
        for line in (row, row[::-1]):
            for length in range(min(len(line), len(rest)), _WALK - 1, -1):
                for start in range(len(line) - length + 1):
                    rest = rest.replace(line[start : start + length], "")
    return rest
