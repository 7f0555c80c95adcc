"""The city's order about the press (`media.yaml`), read once: who answers, through whom that post is reached, reminders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML


@dataclass(frozen=True)
class MediaPolicy:
    """Texts in both languages. `reached_through` is a target as playbooks write it."""

    answerer: Mapping[str, str]
    rule: Mapping[str, str]
    reached_through: str
    before: tuple[timedelta, ...]
    """How long before the promised moment the post and the desk are reminded; the earliest first."""


@cache
def media_policy() -> MediaPolicy:
    given = YAML(typ="safe").load((files("irm.obligations") / "media.yaml").read_text("utf-8"))
    return MediaPolicy(
        answerer=given["answerer"],
        rule=given["rule"],
        reached_through=given["reached_through"],
        before=tuple(timedelta(minutes=one) for one in sorted(given["remind_minutes_before"], reverse=True)),
    )
