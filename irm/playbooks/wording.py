"""How steps and plans are said to people. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import reduce
from typing import Final

from irm.access.policy import Role
from irm.access.vocabulary import ROLE_NAMES
from irm.i18n import DEFAULT_LOCALE, N_, Translator
from irm.notify.reasons import REASONS
from irm.playbooks.steps import Decide, Expiry, Playbook, Target
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
    "expired": N_("Confirmed and let lie; called again"),
    "let_lie": N_("Confirmed again and again, and let lie"),
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
    "let_lie": N_("confirmed, but let lie"),
    "sent": N_("sent"),
    "reported": N_("reported"),
    "superseded": N_("no longer owed"),
    "done": N_("done"),
    "decided": N_("decided"),
    "default": N_("nobody decided, the default holds"),
    "happened": N_("happened"),
    "elapsed": N_("time has passed"),
    "answered": N_("the other system answered"),
    "refused": N_("the other system refused"),
    "exercise_skipped": N_("not called in an exercise"),
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
    "incident.verified": N_("until the incident is verified"),
    "incident.handled": N_("until the incident is handled"),
    "incident.assessed": N_("until the level is assessed"),
    "obligation.overdue": N_("until the limit passes"),
    "obligation.submitted": N_("until it is submitted"),
    "obligation.met": N_("until it is met"),
    "condition": N_("when its condition holds"),
    "nothing_owed": N_("when something is owed under its rule"),
}

LED_TO: Final = {
    "incident.verified": N_("the incident is verified"),
    "incident.handled": N_("the incident is handled"),
    "incident.assessed": N_("the level is assessed"),
    "obligation.overdue": N_("the limit has passed"),
    "obligation.submitted": N_("the report is handed over"),
    "obligation.met": N_("the duty is met"),
}
"""What keeps an acknowledgement from expiring, besides a step."""

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
    'obligation.form == "initial"': N_("it is a first report"),
    'obligation.form != "initial"': N_("it is not a first report"),
    'incident.cii != "no"': N_("critical information infrastructure is or may be concerned"),
    'incident.cii != "yes"': N_("critical information infrastructure is not concerned, or not for certain"),
    "incident.crime_suspected": N_("a crime is suspected"),
    "!incident.handled": N_("the incident is not handled yet"),
    'incident.told_by == "machine"': N_("only machines have told of it"),
    'incident.status == "reported"': N_("nobody has verified it yet"),
    'incident.status == "open"': N_("it is not contained yet"),
    # What kind of incident it is.
    'incident.category == ""': N_("nobody has said what kind of incident it is"),
    'incident.category == "malware" && incident.subcategory == "ransomware"': N_("it is ransomware"),
    'incident.category == "attack" && incident.subcategory in ["defacement", "hidden_link"] '
    '|| incident.category == "content" && incident.subcategory in ["reactionary", "terror", "pornography", "falsehood"]': N_(
        "a web page was altered, or shows illegal content"
    ),
    'incident.category == "data" && incident.subcategory in ["", "leak", "theft", "interception", "abuse", "privacy"]': N_(
        "data has leaked or may have, or it is not said what happened to it"
    ),
    'incident.category == "facility"': N_("equipment or facilities have failed"),
    'incident.category == "attack" && incident.subcategory == "denial_of_service"': N_("it is a denial of service"),
    'incident.category == "attack" && incident.subcategory == "supply_chain"': N_(
        "it is an attack by the supply chain"
    ),
    'incident.category == "hidden"': N_("it is a hidden danger"),
    'incident.category == "violation" && incident.subcategory in '
    '["privilege_abuse", "privilege_forgery", "repudiation", "deliberate", "unauthorized_use"]': N_(
        "somebody used rights that he may not use"
    ),
}
MAY_BE: Final = {
    1: N_("the level is or may be especially grave"),
    2: N_("the level is or may be grave or graver"),
    3: N_("the level is or may be considerable or graver"),
}
"""What the library asks, in words. Any other condition stands as it is written: it is exact, and words are a guess."""
NOT_YET_GRAVER: Final = {
    3: N_("the level is not, and may not be, considerable or graver"),
}


DECIDED: Final = re.compile(r'decided\.(?P<step>\w+) (?P<sign>==|!=) "(?P<option>\w+)"')


def condition_words(source: str, t: Translator, playbook: Playbook | None = None) -> str:
    """Empty: there are no words for it. Of what is joined by “and” all parts have words, or none is said.

    What was decided is said in the words of the `playbook`'s own options: without it, or where it knows none, not at all.
    """
    known = CONDITIONS | _of_levels("", MAY_BE) | _of_levels("!", NOT_YET_GRAVER)
    whole = " ".join(source.split())
    parts = [whole] if whole in known else whole.split(" && ")
    said = [t(known[part]) if part in known else _decision_words(part, t, playbook) for part in parts]
    if not all(said):
        return ""
    return reduce(lambda first, then: t("%(first)s, and %(then)s", first=first, then=then), said)


def _decision_words(part: str, t: Translator, playbook: Playbook | None) -> str:
    asked = DECIDED.fullmatch(part)
    if asked is None or playbook is None:
        return ""
    step = next((one for one in playbook.steps if one.id.replace("-", "_") == asked["step"]), None)
    if step is None or not isinstance(step.action, Decide) or asked["option"] not in step.action.options:
        return ""
    what, option = t.of(step.title), t.of(step.action.options[asked["option"]])
    if asked["sign"] == "==":
        return t("“%(what)s” was decided as “%(option)s”", what=what, option=option)
    return t("“%(what)s” was not decided as “%(option)s”", what=what, option=option)


def _of_levels(sign: str, words: Mapping[int, str]) -> dict[str, str]:
    return {f'{sign}incident.may_be("{level_word(level, DEFAULT_LOCALE)}")': one for level, one in words.items()}


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


def expiry_words(expiry: Expiry, titles: Mapping[str, str], t: Translator, time: Callable[[timedelta], str]) -> str:
    """`time` says a duration; `titles` of the playbook's steps."""
    led_to = LED_TO.get(expiry.unless)
    return t.plural(
        "called again %(time)s after the answer unless %(event)s; once at most",
        "called again %(time)s after the answer unless %(event)s; %(n)s times at most",
        expiry.times,
        time=time(expiry.after),
        event=t(led_to) if led_to else t("“%(step)s” is done", step=titles.get(expiry.unless) or expiry.unless),
    )


def gap_words(gap: str, t: Translator) -> str:
    return t(REASONS[gap]) if gap in REASONS else gap
