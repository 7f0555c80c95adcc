"""How steps and plans are said to people. Pure."""

from typing import Final

from irm.access.policy import Role
from irm.access.vocabulary import ROLE_NAMES
from irm.i18n import DEFAULT_LOCALE, N_, Translator
from irm.notify.reasons import REASONS
from irm.playbooks.steps import Target
from irm.rules.levels import level_word

KINDS: Final = {
    "page": N_("Call and wait for an answer"),
    "notice": N_("Notice"),
    "report": N_("Report"),
    "task": N_("Task"),
    "decide": N_("Decision"),
    "wait": N_("Wait"),
    "call": N_("Automatic call to another system"),
    "run": N_("Further playbook"),
    "exhausted": N_("Nobody has answered"),
    "overran": N_("Not done in time"),
    "noted": N_("Remark"),
    "done": N_("Step done"),
    "finished": N_("Playbook finished"),
}

STAGES: Final = {
    "waiting": N_("not begun"),
    "dormant": N_("does not apply at present"),
    "active": N_("under way"),
    "done": N_("done"),
    "skipped": N_("not needed"),
    "cancelled": N_("no longer needed"),
    "joined": N_("goes on in the main incident"),
}

OUTCOMES: Final = {
    "acknowledged": N_("receipt confirmed"),
    "received": N_("received"),
    "exhausted": N_("nobody answered"),
    "sent": N_("sent"),
    "reported": N_("reported"),
    "superseded": N_("no longer owed"),
    "done": N_("done"),
    "decided": N_("decided"),
    "default": N_("nobody decided, the default holds"),
    "happened": N_("happened"),
    "elapsed": N_("time has passed"),
    "no_answer": N_("no answer"),
    "not_configured": N_("not configured"),
    "failed": N_("failed"),
    "started": N_("playbook started"),
    "no_target": N_("nobody is meant"),
    "condition": N_("the condition does not hold"),
    "nothing_owed": N_("nothing is owed under its rule"),
    "dismissed": N_("the incident was dismissed"),
    "withdrawn": N_("the incident was withdrawn"),
    "merged": N_("the incident was merged"),
}

WAITS: Final = {
    "incident.handled": N_("until the incident is handled"),
    "incident.assessed": N_("until the level is assessed"),
    "obligation.overdue": N_("until the limit passes"),
    "obligation.submitted": N_("until it is submitted"),
    "obligation.met": N_("until it is met"),
    "condition": N_("when its condition holds"),
    "nothing_owed": N_("when something is owed under its rule"),
}

STATUSES: Final = {
    "running": N_("under way"),
    "finished": N_("finished"),
    "cancelled": N_("no longer needed"),
}


PREFERRED: Final = N_("preferred way")

STARTS: Final = {
    "incident.reported": N_("an incident is filed"),
    "incident.graded": N_("an incident is graded"),
    "obligation.opened": N_("a duty arises"),
    "obligation.due_soon": N_("a limit is near"),
    "obligation.overdue": N_("a limit has passed"),
    "drill.started": N_("a drill begins"),
}

WHO: Final = {
    "cloud_authority": N_("Cloud authority"),
    "city_cyberspace_office": N_("Municipal cyberspace office"),
    "provincial_cyberspace_office": N_("Provincial cyberspace office"),
    "public_security": N_("Public security"),
    "duty_general": N_("General duty office"),
    "incident.operators": N_("Operators concerned"),
    "incident.using_units": N_("Using units concerned"),
    "incident.maintainers": N_("Maintainers concerned"),
    "incident.vendors": N_("Vendors concerned"),
    "incident.protection_departments": N_("Protection departments concerned"),
    "obligation.bearer": N_("Organization that owes it"),
}


CONDITIONS: Final = {
    "!obligation.overdue": N_("the limit has not passed yet"),
    "!obligation.submitted": N_("nothing is handed over yet"),
    'incident.cii != "no"': N_("critical information infrastructure is or may be concerned"),
    'incident.cii != "yes"': N_("critical information infrastructure is not concerned, or not for certain"),
    "incident.crime_suspected": N_("a crime is suspected"),
}
MAY_BE: Final = {
    1: N_("the level is or may be especially grave"),
    2: N_("the level is or may be grave or graver"),
    3: N_("the level is or may be considerable or graver"),
}
"""What the library asks, in words. Any other condition stands as it is written: it is exact, and words are a guess."""


def condition_words(source: str, t: Translator) -> str:
    """Empty: there are no words for it."""
    may_be = {f'incident.may_be("{level_word(level, DEFAULT_LOCALE)}")': words for level, words in MAY_BE.items()}
    words = (CONDITIONS | may_be).get(source.strip(), "")
    return t(words) if words else ""


def target_words(target: Target, t: Translator) -> str:
    """Whom a step names, as people say it."""
    if target.kind == "person":
        return t("a named person")
    who = t(WHO[target.who]) if target.who in WHO else target.who.removeprefix("code:")
    if target.kind == "on_duty":
        return t("%(who)s: duty desk", who=who)
    if target.kind == "role":
        return t("%(who)s: %(role)s", who=who, role=t(ROLE_NAMES[Role(target.role or "")]))
    return who


def stage_words(stage: str, outcome: str | None, t: Translator, *, late: bool = False) -> str:
    """What to say of a step: its outcome once it is over or asleep, else where it stands."""
    if stage == "active":
        return t("not done in time, still open") if late else t(STAGES[stage])
    if outcome is not None and outcome in OUTCOMES:
        return t(OUTCOMES[outcome])
    return t(STAGES.get(stage, stage))


def waits_words(waits_for: str, titles: dict[str, str], t: Translator) -> str:
    if waits_for in WAITS:
        return t(WAITS[waits_for])
    if not waits_for:
        return ""
    return t("after “%(step)s”", step=titles.get(waits_for) or waits_for)


def gap_words(gap: str, t: Translator) -> str:
    return t(REASONS[gap]) if gap in REASONS else gap
