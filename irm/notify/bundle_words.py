"""The words of a message that stands for several. Pure. Like any message that leaves irm: numbers, never content."""

from collections.abc import Sequence

from irm.i18n import Translator
from irm.notify.bundling import Lane
from irm.notify.messages import Text


def compose(
    lane: Lane,
    numbers: Sequence[str],
    t: Translator,
    *,
    asks: bool,
    code: str | None,
    exercise: bool,
    named: int,
) -> Text:
    """`numbers`: what each carried message is about, gravest first; the first `named` different ones are spelt out.

    Incidents are counted by number, since one incident may call twice; duties and news by message.
    """
    different = list(dict.fromkeys(numbers))
    shown = t(", ").join(different[:named])
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
