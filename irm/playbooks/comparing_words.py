"""A comparison of two versions of a playbook as people read it. The translator is an argument."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from irm.i18n import N_, Translator
from irm.notify.words import CHANNEL_NAMES
from irm.playbooks import wording
from irm.playbooks.durations import parse_duration
from irm.playbooks.steps import Expiry
from irm.playbooks.targets import parse_target
from irm.rules.comparing import Difference
from irm.web.wording import duration

ASPECTS: Final[Mapping[str, str]] = {
    "title": N_("Title"),
    "task_title": N_("Title of the task"),
    "kind": N_("Kind of step"),
    "whom": N_("Whom"),
    "via": N_("By what way"),
    "until": N_("Done when"),
    "expires": N_("How long the answer holds"),
    "within": N_("Time for it"),
    "waits": N_("Waits"),
    "form": N_("Form"),
    "rule": N_("Rule"),
    "text": N_("Text of the notice"),
    "checklist": N_("Checklist"),
    "evidence": N_("Asks for a file as evidence"),
    "options": N_("Choices"),
    "default": N_("Holds if nobody decides"),
    "endpoint": N_("System that is called"),
    "playbook": N_("Further playbook"),
    "after": N_("Comes after"),
    "condition": N_("Only if"),
    "on": N_("Begins with"),
    "fallback": N_("Only where no other playbook answers"),
}
PARTS: Final[Mapping[str, str]] = {"playbook": N_("The playbook as a whole"), "step": N_("Step")}
UNTIL: Final[Mapping[str, str]] = {
    "acknowledged": N_("one has confirmed"),
    "acknowledged_by_all": N_("every organization has confirmed"),
    "received": N_("the message has arrived"),
    "none": N_("at once"),
}


def aspect_words(aspect: str, t: Translator) -> str:
    return t(ASPECTS.get(aspect, aspect))


def both_sides(one: Difference, t: Translator) -> tuple[str, str]:
    """(before, after). Where the reader's words are the same, what the file itself says, so that a difference is seen."""
    was, becomes = value_words(one.aspect, one.before, t), value_words(one.aspect, one.after, t)
    return (was, becomes) if was != becomes else (_written(one.before), _written(one.after))


def gist(says: Mapping[str, Any], t: Translator) -> str:
    """What a step that was added or taken out does, in one line."""
    named = [value_words(name, says[name], t) for name in ("kind", "whom", "waits", "within") if says.get(name)]
    return t("; ").join(named)


def value_words(aspect: str, value: Any, t: Translator) -> str:
    """`value` as `comparing.aspects` gives it."""
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if value is None or value in ("", [], {}):
        return t("at once") if aspect == "after" else t("none")
    return _SAID[aspect](value, t) if aspect in _SAID else _written(value)


def _people(value: Sequence[Any], t: Translator) -> str:
    return t("; ").join(_rung(one, t) if isinstance(one, Mapping) else _whom(one, t) for one in value)


def _wait(value: str, t: Translator) -> str:
    return t(wording.WAITS[value]) if value in wording.WAITS else _time(value, t)


def _rung(rung: Mapping[str, Any], t: Translator) -> str:
    said = [" / ".join(_whom(one, t) for one in rung["whom"]), t("within %(time)s", time=_time(rung["within"], t))]
    if rung.get("every"):
        said.append(t("every %(time)s", time=_time(rung["every"], t)))
    return " · ".join([*said, _channels(rung["via"], t)])


def _whom(target: str, t: Translator) -> str:
    return wording.target_words(parse_target(target), t)


def _channels(channels: list[str], t: Translator) -> str:
    names = {**CHANNEL_NAMES, "preferred": wording.PREFERRED}
    return " / ".join(t(names[one]) if one in names else one for one in channels)


def _time(written: str, t: Translator) -> str:
    return duration(parse_duration(written), t)


def _expiry(value: Mapping[str, Any], t: Translator) -> str:
    expiry = Expiry(parse_duration(value["after"]), value["unless"], value["times"])
    return wording.expiry_words(expiry, {}, t, lambda time: duration(time, t))


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _texts(value: Mapping[str, str], t: Translator) -> str:
    return t.of(value)


def _list_of_texts(value: Sequence[Mapping[str, str]], t: Translator) -> str:
    return t("; ").join(t.of(one) for one in value)


_SAID: Final[Mapping[str, Callable[[Any, Translator], str]]] = {
    "title": _texts,
    "task_title": _texts,
    "text": _texts,
    "kind": lambda value, t: t(wording.KINDS[value]),
    "whom": _people,
    "via": _channels,
    "until": lambda value, t: t(UNTIL.get(value, value)),
    "within": _time,
    "expires": _expiry,
    "waits": _wait,
    "on": lambda value, t: t("; ").join(t(wording.STARTS.get(one, one)) for one in value),
    "condition": lambda value, t: wording.condition_words(value, t) or str(value),
    "checklist": _list_of_texts,
    "options": lambda value, t: _list_of_texts(list(value.values()), t),
    "after": lambda value, t: t("; ").join(value),
}
