"""The JSON Schema of scenarios as irm publishes it."""

from functools import cache
from typing import Final

from irm.drills.scenario import ScenarioModel
from irm.json_schema import Schema, optional, published, words_of
from irm.playbooks.schema import TEXTS

NAME: Final = "scenario.v1"


@cache
def scenario_schema() -> Schema:
    texts = (".title", ".summary", "File.text", "Message.text", "Inject.title")
    more: dict[str, Schema] = {
        **dict.fromkeys(texts, TEXTS),
        **dict.fromkeys(("File.title", "Inject.expect", "Expectation.title"), optional(TEXTS)),
        ".objectives": {"type": "array", "items": TEXTS, "minItems": 1, "maxItems": 12},
    }
    return published(ScenarioModel, NAME, words_of("irm.drills"), more)
