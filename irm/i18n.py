"""Two languages, Chinese first. Catalogs are `irm/web/locale/<locale>/<feature>.po`, merged at first use.

English msgids are their own English text; an `en/*.po` exists only where a msgid is not a sentence.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from babel.messages.pofile import read_po

LOCALES: Final = ("zh-CN", "en")
DEFAULT_LOCALE: Final = "zh-CN"


def N_(msgid: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a constant for translation later."""
    return msgid


def locale_of_terminal(environment: Mapping[str, str], encoding: str | None) -> str:
    """The language of commands: IRM_LOCALE, else LC_ALL, LC_MESSAGES, LANG. C, POSIX and nothing say nothing: Chinese,
    the default, wherever the terminal's `encoding` can show it (None: it can). Any other language reads English."""
    named = next(
        (environment[key] for key in ("IRM_LOCALE", "LC_ALL", "LC_MESSAGES", "LANG") if environment.get(key)), ""
    )
    language = named.partition(".")[0].replace("-", "_").partition("_")[0].lower()
    return DEFAULT_LOCALE if language in {"zh", "c", "posix", ""} and _shows_chinese(encoding) else "en"


def _shows_chinese(encoding: str | None) -> bool:
    try:
        chr(0x4E2D).encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@cache
def catalog(locale: str) -> Mapping[str, tuple[str, ...]]:
    """What all features' texts are in one locale: a text, or its plural forms by the locale's own order. An unknown locale
    has none."""
    merged: dict[str, tuple[str, ...]] = {}
    folder = files("irm.web") / "locale" / locale.replace("-", "_")
    if not folder.is_dir():
        return merged
    for po in sorted((entry for entry in folder.iterdir() if entry.name.endswith(".po")), key=lambda entry: entry.name):
        with po.open("rb") as source:
            messages = read_po(source, locale=locale.replace("-", "_"))
        for message in messages:
            msgid = message.id if isinstance(message.id, str) else message.id[0]
            forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            if msgid and forms and all(forms):
                merged[msgid] = forms
    return merged


class Translator:
    """Speaks one language. `t("… %(n)s …", n=3)`; a percent sign stands doubled in a msgid with parameters."""

    def __init__(self, locale: str) -> None:
        self.locale = locale if locale in LOCALES else DEFAULT_LOCALE
        self._catalog = catalog(self.locale)

    def __call__(self, msgid: str, /, **params: Any) -> str:
        text = self._catalog.get(msgid, (msgid,))[0]
        return text % params if params else text

    def plural(self, one: str, many: str, /, n: int, **params: Any) -> str:
        """Chinese has one form, English two."""
        forms = self._catalog.get(one, (one, many))
        return forms[-1 if n != 1 else 0] % {"n": n, **params}

    def of(self, texts: Mapping[str, str] | str) -> str:
        """A text that carries its languages with it (rule packs, playbooks)."""
        return localized(texts, self.locale)


@cache
def translator(locale: str) -> Translator:
    return Translator(locale)


def localized(texts: Mapping[str, str] | str, locale: str) -> str:
    """The text in `locale`, else in the default, else whatever there is."""
    if isinstance(texts, str):
        return texts
    return texts.get(locale) or texts.get(DEFAULT_LOCALE) or next(iter(texts.values()), "")
