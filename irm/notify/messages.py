"""The words of a message, by channel and language. Pure: the translator is an argument.

What leaves the network carries number, level and "sign in to handle it", never content. SMS is always Chinese (carriers
block other texts) and keeps to the registered templates; its 【signature】 is put first by the channel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from irm.i18n import DEFAULT_LOCALE, N_, Translator
from irm.rules.levels import level_word

Texts = Mapping[str, str] | str

SMS_LOCALE: Final = DEFAULT_LOCALE
IN_CHINESE: Final = frozenset({"sms", "voice"})
"""Texts that a carrier has registered, and what its machine reads out."""
FULL_DETAIL: Final = frozenset({"in_app"})
"""Channels that do not leave irm."""
LONGEST_SMS_TITLE: Final = 60


OF_IRM: Final[Mapping[str, str]] = {
    "ledger": N_("A check found that the ledger was changed. Keep the database as it is and sign in."),
    "missed": N_("irm has not done something in time. Sign in and see on the board what it is."),
    "test": N_("This is a test of the channel. Nothing has happened and nothing is to be done."),
    "proof": N_("Weekly test whether you can be reached. Nothing has happened."),
    "channel": N_("A test message did not arrive in time. Sign in and see on the board which channel it is."),
    "alive": N_("irm works. Where this message fails to come, look after irm."),
}
"""What irm says of itself, by matter."""
TITLES: Final[Mapping[str, str]] = {
    "work": N_("Please confirm receipt: irm could not finish a task"),
    "ledger": N_("Please confirm receipt: the ledger was changed"),
    "missed": N_("Please confirm receipt: something was not done in time"),
    "channel": N_("Please confirm receipt: a channel has fallen silent"),
    "test": N_("Test message"),
    "alive": N_("irm works"),
    "proof": N_("Weekly test: please confirm receipt"),
}

Basis = Literal["settled", "possible", "clock"]
Matter = Literal[
    "incident",
    "duty",
    "approval",
    "work",
    "drill",
    "ledger",
    "missed",
    "version",
    "roster",
    "account",
    "channel",
    "test",
    "alive",
    "proof",
]


@dataclass(frozen=True)
class About:
    """What a message is about. `title` and `body` are shown only where the message does not leave irm, or is a report.

    `level` None: not graded; `basis`: reached or assessed, only possible, or the one by which clocks run. `path` is the page in irm (`/incidents/SJ-2026-000123`).
    `matter`: what it concerns; `duty` is something owed that is about no incident, `approval` a report that somebody has to approve, `work` a task that irm itself gave up, `drill` the
    drill as such, `ledger` a past that was changed, `missed` what the auditor found undone, `version` a text of the
    city's (a playbook) that waits for a second person, or what became of it, `roster` a turn of duty, `account` the reader's own
    account; `channel` one that fell silent, `test` that a channel is tried, `alive` that irm works, `proof` whether a person can be reached.
    """

    number: str
    level: int | None
    path: str
    title: Texts = ""
    body: Texts = ""
    basis: Basis = "settled"
    matter: Matter = "incident"
    short: Texts = ""
    """Of a drill, a version, a roster or an account: what may be said of it outside irm too."""
    others: int = 0
    """How many further matters the message names in its text only."""

    @classmethod
    def incident(cls, facts: Mapping[str, Any], *, title: Texts = "", body: Texts = "") -> "About":
        """From a run's facts copy. The level is the one by which clocks run: assessed or reached, else possible."""
        incident = facts.get("incident") or facts
        number = str(incident["number"])
        level = level_of(incident)
        known = [int(incident[key]) for key in ("reached", "assessed") if incident.get(key)]
        basis: Basis = "settled" if level in known else "possible"
        return cls(number, level, f"/incidents/{number}", title or str(incident.get("title") or ""), body, basis)


@dataclass(frozen=True)
class Text:
    title: str
    body: str
    detail: str
    locale: str
    titles: Mapping[str, str] = field(default_factory=dict)
    """By locale, for whoever reads it in irm later; empty: `title` for all."""
    bodies: Mapping[str, str] = field(default_factory=dict)


def level_of(incident: Mapping[str, Any]) -> int | None:
    """The gravest of what is reached and assessed; before a person has assessed, what is possible counts."""
    keys = ("reached", "assessed") if incident.get("assessed") else ("reached", "possible")
    levels = [int(incident[key]) for key in keys if incident.get(key)]
    return min(levels, default=None)


def matter_of(subject: str) -> Matter:
    """What something owed is about, by the path of its subject (`incident/…`) or of its page (`/incidents/…`)."""
    return "incident" if subject.lstrip("/").startswith("incident") else "duty"


def locale_for(channel: str, locale: str) -> str:
    return SMS_LOCALE if channel in IN_CHINESE else locale


def compose(purpose: str, channel: str, about: About, t: Translator, *, code: str | None, exercise: bool) -> Text:
    """`t` speaks `locale_for(channel, …)`. A drill says so with its first word."""
    level = _level(about, t)
    heading = _heading(purpose, about, level, t)
    brief = _brief(purpose, about, level, code, t)
    if channel in FULL_DETAIL:
        title, body, detail = t.of(about.title) or heading, t.of(about.body) or brief, "full"
    else:
        title, body, detail = heading, brief, "minimal"
    if channel == "voice" and purpose == "page":
        body = f"{body}{t(' Press 1 to confirm receipt.')}"
    if exercise:
        title, body = t("Exercise: %(text)s", text=title), t("Exercise: %(text)s", text=body)
    return Text(title, body, detail, t.locale)


def _level(about: About, t: Translator) -> str:
    """Nobody is woken with a level that is only feared as if it were established."""
    if not about.level:
        return t("level not yet known")
    word = level_word(about.level, t.locale).lower()
    if about.basis == "possible":
        return t("possibly %(level)s", level=word)
    return word if about.basis == "settled" else t("clocks as for %(level)s", level=word)


def _heading(purpose: str, about: About, level: str, t: Translator) -> str:
    if about.matter in TITLES:
        return t(TITLES[about.matter])
    if about.matter == "drill":
        return t("Notice: drill %(number)s", number=about.number)
    if about.matter in {"version", "roster", "account"}:
        return t.of(about.short)
    if about.matter == "approval" and purpose == "page":
        return t("Please approve a report: %(what)s", what=_named(about, level, t))
    if about.matter == "approval":
        return t("News of a report's approval: %(what)s", what=_named(about, level, t))
    if about.matter == "duty":
        return _duty_heading(purpose, called(about.number, about.others, t), t)
    if purpose == "page":
        return t("Please confirm receipt: incident %(number)s, %(level)s", number=about.number, level=level)
    if purpose == "reminder":
        return t("A time limit is near: incident %(number)s, %(level)s", number=about.number, level=level)
    return t("Notice: incident %(number)s, %(level)s", number=about.number, level=level)


def _brief(purpose: str, about: About, level: str, code: str | None, t: Translator) -> str:
    if about.matter == "work":
        if code:
            return t("irm could not finish a task. Sign in to handle it. Reply %(code)s to confirm receipt.", code=code)
        return t("irm could not finish a task. Sign in to handle it.")
    if about.matter in OF_IRM:
        words = t(OF_IRM[about.matter])
        return f"{words}{t(' Reply %(code)s to confirm receipt.', code=code)}" if code else words
    if about.matter == "drill" and about.short:
        return t("%(number)s: %(what)s Sign in to read it.", number=about.number, what=t.of(about.short))
    if about.matter == "drill":
        return t("Drill %(number)s: there is news. Sign in to read it.", number=about.number)
    if about.matter in {"version", "roster", "account"}:
        return t("%(what)s. Sign in to read it.", what=t.of(about.short))
    if about.matter == "approval":
        return _approval_brief(purpose, _named(about, level, t), code, t)
    if about.matter == "duty":
        return _duty_brief(purpose, called(about.number, about.others, t), code, t)
    if code:
        return t(
            "Incident %(number)s, %(level)s. Sign in to handle it. Reply %(code)s to confirm receipt.",
            number=about.number,
            level=level,
            code=code,
        )
    if purpose == "reminder":
        return t(
            "Incident %(number)s, %(level)s: a time limit is near. Sign in to handle it.",
            number=about.number,
            level=level,
        )
    return t("Incident %(number)s, %(level)s. Sign in to handle it.", number=about.number, level=level)


def called(first: str, others: int, t: Translator) -> str:
    """`first`, and how many go with it."""
    if not others:
        return first
    return t.plural("%(first)s and %(n)s other matter", "%(first)s and %(n)s other matters", others, first=first)


def _duty_heading(purpose: str, number: str, t: Translator) -> str:
    """A system, a finding, a month's papers: nobody is to be woken as for an incident."""
    if purpose == "page":
        return t("Please confirm receipt: something is owed for %(number)s", number=number)
    if purpose == "reminder":
        return t("A time limit is near: something is owed for %(number)s", number=number)
    return t("Notice: something is owed for %(number)s", number=number)


def _duty_brief(purpose: str, number: str, code: str | None, t: Translator) -> str:
    if code:
        return t(
            "Something is owed for %(number)s. Sign in to handle it. Reply %(code)s to confirm receipt.",
            number=number,
            code=code,
        )
    if purpose == "reminder":
        return t("Something is owed for %(number)s and a time limit is near. Sign in to handle it.", number=number)
    return t("Something is owed for %(number)s. Sign in to handle it.", number=number)


def _named(about: About, level: str, t: Translator) -> str:
    """What is about no incident has no level."""
    return t("incident %(number)s, %(level)s", number=about.number, level=level) if about.level else about.number


def _approval_brief(purpose: str, what: str, code: str | None, t: Translator) -> str:
    """Who is asked to approve is not asked to confirm only: a leader who is woken reads what is wanted of him."""
    if code:
        return t(
            "A report waits for your approval: %(what)s. Sign in to read it. Reply %(code)s to confirm receipt.",
            what=what,
            code=code,
        )
    if purpose == "page":
        return t("A report waits for your approval: %(what)s. Sign in to read it.", what=what)
    return t("There is news of a report's approval: %(what)s. Sign in to read it.", what=what)


def mail_footer(t: Translator, *, link: str | None, page: str, answered: bool = False) -> str:
    """What a mail adds to its text: where to confirm, where to read. `link` only in pages; `answered`: an answer by mail
    comes back to irm."""
    lines = []
    if link:
        lines.append(t("Confirm receipt: %(link)s", link=link))
    if answered:
        lines.append(t("Or answer this mail with “received” as the first word, and leave the code in the subject."))
    lines.append(t("Open in irm: %(page)s", page=page))
    return "\n".join(lines)
