"""Registered templates: which number each kind of message has at the provider, and what its variables are filled with. Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from irm.notify.channels.protocol import TEST, Message
from irm.notify.policy import channel_policy

PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def kind_of(message: Message) -> str:
    """How the registered templates of a city are told apart: `page`, `pages` (several in one), `drill_page`, `test`, …"""
    return kinds_of(message)[0]


def kinds_of(message: Message) -> tuple[str, ...]:
    """The same with what takes its place where it has no number. A drill never reads like the real thing: no template that
    is not a drill's takes its place."""
    purpose = f"{message.purpose}s" if message.carries > 1 else message.purpose
    kinds = ("test", purpose, "default") if message.number == TEST else (purpose, "default")
    return tuple(f"drill_{each}" for each in kinds) if message.exercise else kinds


def code_of(message: Message, codes: Mapping[str, str]) -> str:
    """The number of the registered template; empty where there is none."""
    return next((codes[kind] for kind in kinds_of(message) if codes.get(kind)), "")


def params_of(message: Message, params: Any, values: Mapping[str, str]) -> Any:
    """The template's variables, filled: by name (an object) or by place (a list). Providers refuse one that is empty.

    `params` is those of every template by name, or an object of either by kind of message, where templates differ or go by
    place. A drill's template has its own, else those of the real thing's.
    """
    if isinstance(params, Mapping) and any(isinstance(each, list | Mapping) for each in params.values()):
        kinds = (*kinds_of(message), *kinds_of(replace(message, exercise=False)))
        params = next((params[kind] for kind in kinds if kind in params), {})
    return filled(params, {name: value or channel_policy().nothing for name, value in values.items()})


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """The template with every `{name}` of `values` replaced in every string; other braces stay as they are."""
    if isinstance(template, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)
    if isinstance(template, Mapping):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    return template


def variables_of(message: Message, content: str) -> dict[str, str]:
    """What a template may have as variables. Nothing beyond what the text itself may say outside irm."""
    return {
        "phone": message.address,
        "content": content,
        "id": str(message.delivery_id),
        "number": message.number,
        "level": message.level,
        "code": message.reply_code or "",
        "count": str(message.carries),
    }
