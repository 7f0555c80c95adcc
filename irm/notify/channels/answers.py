"""Whether a gateway said yes. Pure.

Gateways answer 200 to everything and put the refusal into the body, so a success has to be recognised, never assumed. How
is told by the city: `field=value,value`, or a condition (`body.Code == "OK"`, `body.Response.SendStatusSet[0].Code == "Ok"
&& status == 200`) in the language of rule packs. What says neither yes nor no is `unknown`: it may have gone out.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from irm.condition_text import tokens_of
from irm.condition_types import ConditionError, FactType
from irm.conditions import Condition, ConditionFailed, compile_condition
from irm.notify.channels.asking import excerpt, trouble_of
from irm.notify.channels.protocol import Outcome
from irm.outside import Answer

CODES: Final = ("code", "status", "result", "errcode", "error_code", "ret", "success")
YES: Final = frozenset({"0", "00", "000000", "200", "ok", "success", "true", "sent"})
IDS: Final = (
    "id",
    "message_id",
    "msgid",
    "msg_id",
    "taskid",
    "task_id",
    "smsid",
    "bizid",
    "call_id",
    "callid",
    "serialno",
)
SHORT_FORM: Final = re.compile(r"\s*(\w+)\s*=\s*([^=]*)")
PLACE: Final = re.compile(r"\[(\d{1,2})\]")
FIRST_WORD: Final = re.compile(r"\s*([A-Za-z0-9]+)")
DEEPEST: Final = 6


def verdict(answer: Answer, success: str = "") -> Outcome:
    """What the gateway's answer means. `success`: how it says yes; empty: the usual fields with the usual values.

    A rule that is wrong is `failed` with its fault: nothing is called sent by a rule that cannot be read.
    """
    if (trouble := trouble_of(answer)) is not None:
        return trouble
    told = excerpt(answer.text)
    fields = answer.fields()
    if fields is None:
        return _of_text(answer, success, told)
    provider_id = _id_in(fields)
    short = SHORT_FORM.fullmatch(success)
    if success and not short:
        try:
            good = _holds(success, fields, answer.status)
        except (ConditionError, ConditionFailed) as error:
            return Outcome("unknown", f"{told} ({error})", provider_id)
    else:
        low = {key.casefold(): value for key, value in fields.items()}
        if short:
            said, yes = low.get(short[1].casefold()), frozenset(_word(each) for each in short[2].split(","))
            good = said is not None and _word(said) in yes
        else:
            said = next((low[key] for key in CODES if key in low), None)
            good = said is None or _word(said) in YES
    return Outcome("sent", provider_id=provider_id) if good else Outcome("refused", told, provider_id)


def check_rule(success: str) -> None:
    """Raises ConditionError where the text can be no rule, whatever the answer."""
    if success and not SHORT_FORM.fullmatch(success):
        _compiled(_plain(success), tuple((name, FactType.STRING) for name in _names(success)))


def _of_text(answer: Answer, success: str, told: str) -> Outcome:
    """An answer without JSON: nothing at all is a yes where no rule was given, and so is a word that says so."""
    if success or answer.is_cut:
        return Outcome("unknown", told)
    word = FIRST_WORD.match(answer.text)
    if not answer.text.strip() or (word and word[1].casefold() in YES):
        return Outcome("sent", told)
    return Outcome("unknown", told)


def _holds(source: str, fields: Mapping[str, Any], status: int) -> bool:
    """A name that the answer does not have leaves the question open: ConditionFailed."""
    values: dict[str, object] = {"status": status}
    _flatten("body", fields, values, DEEPEST)
    names = _names(source)
    declared = tuple((name, _type_of(values.get(name))) for name in names)
    return _compiled(_plain(source), declared).evaluate({name: values.get(name) for name in names})


def _flatten(path: str, value: object, into: dict[str, object], depth: int) -> None:
    if not depth:
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            _flatten(f"{path}.{key}", each, into, depth - 1)
    elif isinstance(value, list):
        for index, each in enumerate(value[:100]):
            _flatten(f"{path}.at{index}", each, into, depth)
    else:
        into[path] = value


def _plain(source: str) -> str:
    """Places in a list as names, which the language of conditions can declare."""
    return PLACE.sub(r".at\1", source)


def _names(source: str) -> tuple[str, ...]:
    found = (token.text for token in tokens_of(_plain(source)) if token.kind == "name")
    return tuple(dict.fromkeys(name for name in found if name == "status" or name.startswith("body.")))


@lru_cache(maxsize=64)
def _compiled(source: str, declared: tuple[tuple[str, FactType], ...]) -> Condition:
    return compile_condition(source, dict(declared))


def _type_of(value: object) -> FactType:
    if isinstance(value, bool):
        return FactType.BOOL
    if isinstance(value, int):
        return FactType.INT
    return FactType.DOUBLE if isinstance(value, float) else FactType.STRING


def _id_in(value: object, depth: int = DEEPEST) -> str | None:
    """The provider's own number of the message, wherever in the answer it stands."""
    if not depth:
        return None
    if isinstance(value, Mapping):
        low = {str(key).casefold(): each for key, each in value.items()}
        own = next((str(low[key]) for key in IDS if isinstance(low.get(key), str | int) and low[key]), None)
        inner = (_id_in(each, depth - 1) for each in value.values() if isinstance(each, Mapping | list))
        return own or next((each for each in inner if each), None)
    if isinstance(value, list):
        return next((found for each in value[:1] if (found := _id_in(each, depth - 1))), None)
    return None


def _word(value: object) -> str:
    return str(value).strip().casefold()
