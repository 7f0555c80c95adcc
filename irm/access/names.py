"""Keys by which Chinese names are sorted and found. Pure; the locale of the database is C.UTF-8 everywhere."""


def sort_key(name: str) -> str:
    """Pinyin in lower case, syllables apart; other scripts as they are."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - its dictionaries take 0.4 s of every start

    return " ".join(lazy_pinyin(name.strip().lower()))


def search_key(*names: str) -> str:
    """What a search looks into: each name without gaps, its pinyin, its initials.

    >>> search_key("政务云")
    '政务云 zhengwuyun zwy'
    """
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - see above

    found: dict[str, None] = {}
    for name in names:
        plain = "".join(name.lower().split())
        if not plain:
            continue
        found[plain] = None
        found["".join(lazy_pinyin(plain))] = None
        found["".join(lazy_pinyin(plain, style=Style.FIRST_LETTER))] = None
    return " ".join(found)


def sought(text: str) -> str:
    """What was typed into a search box, as `search_key` has it; signs that PostgreSQL cannot store are dropped."""
    return "".join(text.replace("\0", "").lower().split())
