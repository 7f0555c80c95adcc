"""The JSON Schema of rule packs as irm publishes it."""

from functools import cache
from typing import Final

from irm.conditions import level_words
from irm.json_schema import Schema, one_of, optional, published, words_of
from irm.rules.declared import relations, subjects, vocabulary
from irm.rules.language import PackPart
from irm.rules.load import catalogue
from irm.rules.outside import outside

NAME: Final = "rule-pack.v1"
LIMIT: Final[Schema] = {"type": "string", "pattern": "^P([0-9]{1,4}D|T([0-9]{1,4}H)?([0-9]{1,6}M)?)$"}
CADENCE: Final[Schema] = {"type": "string", "pattern": "^P([1-9]Y|(1|3|6)M)$"}
SPAN: Final[Schema] = {"type": "string", "pattern": "^P([0-9]{1,2}Y)?([0-9]{1,3}M)?$"}
TEXTS: Final[Schema] = {
    "type": "object",
    "properties": {"zh-CN": {"type": "string", "minLength": 1}, "en": {"type": "string", "minLength": 1}},
    "required": ["zh-CN", "en"],
    "additionalProperties": False,
}


@cache
def pack_schema() -> Schema:
    """The same object each time: whoever wants another changes a copy."""
    force, status = one_of(vocabulary()["forces"]), one_of(vocabulary()["statuses"])
    more: dict[str, Schema] = {
        ".force": force,
        "Rule.force": optional(force),
        ".subject": one_of(list(subjects())),
        "Rule.subject": optional(one_of(list(subjects()))),
        "Grade.level": one_of(list(level_words())),
        "Criterion.fact": one_of(list(catalogue())),
        "Addressee.relation": optional(one_of(sorted(relations()))),
        "Addressee.outside": optional(one_of(list(outside()))),
        "Duty.within": optional(LIMIT),
        "Policy.filing_allowance": optional(LIMIT),
        "Policy.receipt_alarm": optional(LIMIT),
        "Policy.internal_limits": {"type": "object", "additionalProperties": LIMIT},
        "Every.period": CADENCE,
        **dict.fromkeys(("Window.opens", "Following.within", "Keep.at_least"), SPAN),
        **dict.fromkeys(("Rule.status", "Figure.status", "Reading.status", "Item.status"), status),
        **dict.fromkeys(
            (".title", "Instrument.title", "Citation.article", "Figure.title", "Switch.title", "Reading.title"), TEXTS
        ),
        **dict.fromkeys(("Rule.title", "Item.title"), TEXTS),
        **dict.fromkeys(
            (".note", "Instrument.issued_by", "Citation.instrument", "Rule.interpretation"), optional(TEXTS)
        ),
        "Duty.waiver": optional(TEXTS),
    }
    return published(PackPart, NAME, words_of("irm.rules"), more)
