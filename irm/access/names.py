"""Keys by which Chinese names are sorted and found. Pure; the locale of the database is C.UTF-8 everywhere."""

from pypinyin import Style, lazy_pinyin


def sort_key(name: str) -> str:
    """Pinyin in lower case, syllables apart; other scripts as they are."""
    return " ".join(lazy_pinyin(name.strip().lower()))


def search_key(*names: str) -> str:
    """What a search looks into: each name as written, its pinyin without gaps, its initials.

    >>> search_key("政务云")
    '政务云 zhengwuyun zwy'
    """
    found: dict[str, None] = {}
    for name in names:
        plain = name.strip().lower()
        if not plain:
            continue
        found[plain] = None
        found["".join(lazy_pinyin(plain)).replace(" ", "")] = None
        found["".join(lazy_pinyin(plain, style=Style.FIRST_LETTER)).replace(" ", "")] = None
    return " ".join(found)
