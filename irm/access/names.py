"""Keys by which Chinese names are sorted and found. Pure; the locale of the database is C.UTF-8 everywhere."""

from typing import Final

_ASIDE: Final = "\0"
"""Before what is no Chinese; no name holds it."""


def sort_key(name: str) -> str:
    """Pinyin in lower case, syllables apart; other scripts as they are."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - its dictionaries take 0.4 s of every start

    return " ".join(lazy_pinyin(name.strip().lower()))


def search_key(*names: str) -> str:
    """What a search looks into: each name without gaps, its pinyin, its initials.

    >>> search_key("政务云")
    '政务云 zhengwuyun zwy'
    """
    found: dict[str, None] = {}
    for name in names:
        plain = "".join(name.lower().split())
        if not plain:
            continue
        found[plain] = None
        if not plain.isascii():
            syllables = _syllables(plain)
            found["".join(syllable for syllable, _ in syllables)] = None
            found["".join(initial for _, initial in syllables)] = None
    return " ".join(found)


def _syllables(text: str) -> list[tuple[str, str]]:
    """Each with its initial; what has no pinyin as it stands. One look into the dictionaries: a list of 50,000 systems
    asks so often that asking again for the initials would be felt."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - see above

    read = lazy_pinyin(text, errors=lambda rest: _ASIDE + rest)
    return [(one[1:], one[1:]) if one.startswith(_ASIDE) else (one, one[:1]) for one in read]


def sought(text: str) -> str:
    """What was typed into a search box, as `search_key` has it; signs that PostgreSQL cannot store are dropped."""
    return "".join(text.replace("\0", "").lower().split())
