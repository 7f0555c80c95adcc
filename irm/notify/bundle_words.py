"""The words of a message that stands for several. Pure. Like any message that leaves irm: numbers, never content."""

from collections.abc import Sequence

from irm.i18n import Translator
from irm.notify.bundling import Lane
from irm.notify.messages import Text
from irm.rules.levels import level_word


def compose(
    lane: Lane,
    numbers: Sequence[str],
    t: Translator,
    *,
    asks: bool,
    code: str | None,
    exercise: bool,
    named: int,
    feared: int | None = None,
) -> Text:
    """`numbers`: what each carried message is about, gravest first; the first `named` different ones are spelt out.
    `feared`: the level that the first may have, though nobody has proven it: it is named beside that number.

    Incidents are counted by number, since one incident may call twice; duties and news by message.
    """
    different = list(dict.fromkeys(numbers))
    spelt = different[:named]
    if feared and spelt:
        level = t("possibly %(level)s", level=level_word(feared, t.locale).lower())
        spelt[0] = t("%(number)s %(level)s", number=spelt[0], level=level)
    shown = t(", ").join(spelt)
    if len(different) > named:
        shown = t("%(numbers)s and others", numbers=shown)
    count = len(different) if lane == "incident" and asks else len(numbers)
    title = _title(lane, count, t, asks=asks)
    body = _body(lane, count, shown, t, asks=asks, code=code)
    if exercise:
        title, body = t("Exercise: %(text)s", text=title), t("Exercise: %(text)s", text=body)
    return Text(title, body, "minimal", t.locale)


def _title(lane: Lane, n: int, t: Translator, *, asks: bool) -> str:
    if not asks:
        return t.plural("%(n)s notice", "%(n)s notices", n)
    if lane == "incident":
        return t.plural("Please confirm receipt: %(n)s incident", "Please confirm receipt: %(n)s incidents", n)
    return t.plural("Please confirm receipt: %(n)s duty", "Please confirm receipt: %(n)s duties", n)


def _body(lane: Lane, n: int, shown: str, t: Translator, *, asks: bool, code: str | None) -> str:
    if lane == "incident":
        what = (
            t.plural("%(n)s incident: %(numbers)s.", "%(n)s incidents: %(numbers)s.", n, numbers=shown)
            if asks
            else t.plural(
                "%(n)s notice of incidents: %(numbers)s.", "%(n)s notices of incidents: %(numbers)s.", n, numbers=shown
            )
        )
    else:
        what = (
            t.plural("%(n)s duty: %(numbers)s.", "%(n)s duties: %(numbers)s.", n, numbers=shown)
            if asks
            else t.plural(
                "%(n)s notice of duties: %(numbers)s.", "%(n)s notices of duties: %(numbers)s.", n, numbers=shown
            )
        )
    if code:
        return t("%(what)s Sign in to handle them. Reply %(code)s to confirm receipt of all.", what=what, code=code)
    return t("%(what)s Sign in to handle them.", what=what)
