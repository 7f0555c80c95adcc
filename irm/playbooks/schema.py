"""The JSON Schema of playbooks as irm publishes it."""

from functools import cache
from typing import Final

from irm.json_schema import Schema, one_or_several, optional, published, words_of
from irm.playbooks.language import CHANNELS, PlaybookModel
from irm.playbooks.steps import WAITABLE
from irm.playbooks.targets import SELECTORS

NAME: Final = "playbook.v1"
DURATION: Final = "^([0-9]{1,4}d)?([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,7}s)?$"
TARGET: Final = {
    "type": "string",
    "pattern": r"^\s*(on_duty|role|person|organization)\s*\(.+\)\s*$",
    "examples": [
        "on_duty(cloud_authority)",
        "role(cloud_authority, duty_leader)",
        *(f"on_duty({one})" for one in SELECTORS),
    ],
}
VIA: Final = {"anyOf": [{"const": "preferred"}, one_or_several({"enum": list(CHANNELS)}), {"const": ["preferred"]}]}
TEXTS: Final[Schema] = {
    "type": "object",
    "properties": {"zh-CN": {"type": "string", "minLength": 1}, "en": {"type": "string"}},
    "required": ["zh-CN"],
    "additionalProperties": False,
}
WAIT: Final[Schema] = {"anyOf": [{"enum": list(WAITABLE)}, {"type": "string", "pattern": DURATION}]}


@cache
def playbook_schema() -> Schema:
    """The same object each time: whoever wants another changes a copy."""
    duration = {"type": "string", "pattern": DURATION}
    item: Schema = {"anyOf": [{"type": "string", "minLength": 1}, TEXTS]}
    more: dict[str, Schema] = {
        ".title": TEXTS,
        "Start.on": _start(),
        "Step.title": optional(TEXTS),
        "Step.wait": optional(WAIT),
        "Notice.text": optional(TEXTS),
        "Rung.every": optional(duration),
        "Task.checklist": {"type": "array", "items": item},
        **dict.fromkeys(("Decide.title", "Option.title", "Task.title"), TEXTS),
        **dict.fromkeys(("Rung.to", "Notice.to", "Report.by", "Task.to", "Decide.to"), one_or_several(TARGET)),
        **dict.fromkeys(("Rung.via", "Notice.via"), VIA),
        **dict.fromkeys(
            ("Rung.within", "Report.within", "Task.within", "Decide.within", "Call.within", "Expires.after"), duration
        ),
    }
    return published(PlaybookModel, NAME, words_of("irm.playbooks"), more)


def _start() -> Schema:
    """`on` may be one event without brackets."""
    made = PlaybookModel.model_json_schema(by_alias=True)["$defs"]["StartModel"]["properties"]["on"]["items"]
    return one_or_several({"enum": made["enum"]})
