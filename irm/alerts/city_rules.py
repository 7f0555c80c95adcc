"""Which alerts become an incident to be verified without a person: the city's rules, as YAML. Pure.

    rules:
      - id: portal-critical
        title: {zh-CN: 门户网站严重告警, en: Critical alert of the portal}
        when: 'alert.severity == "critical" && alert.system == "portal"'
        group_minutes: 120        # what follows within this time joins the incident, while it is open
        at_most_per_hour: 3       # what would be more waits on the board for a person

`when` is CEL over the mapped alert (`DECLARED`). The first rule that holds files it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from irm.alerts.vocabulary import KINDS, SEVERITIES
from irm.conditions import Choice, Condition, ConditionError, FactType, compile_condition
from irm.errors import said
from irm.positions import Fault, LanguageError, parse, texts

DECLARED: Final[Mapping[str, FactType | Choice]] = {
    "alert.source": FactType.STRING,
    "alert.kind": Choice(*KINDS),
    "alert.severity": Choice(*SEVERITIES),
    "alert.title": FactType.STRING,
    "alert.grouping": FactType.STRING,
    "alert.system": FactType.STRING,
    "alert.resource": FactType.STRING,
    "alert.category": FactType.STRING,
    "alert.count": FactType.INT,
}
MOST_RULES: Final = 100


class RuleText(BaseModel):
    """One rule as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,47}$")]
    title: Annotated[Mapping[str, str], AfterValidator(texts)]
    when: str
    group_minutes: Annotated[int, Field(ge=1, le=10_080)]
    at_most_per_hour: Annotated[int, Field(ge=1, le=100)]


class RulesText(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: Annotated[list[RuleText], Field(max_length=MOST_RULES)]


@dataclass(frozen=True)
class CityRule:
    id: str
    title: Mapping[str, str]
    condition: Condition
    group_within: timedelta
    at_most_per_hour: int


@lru_cache(maxsize=16)
def read_rules(text: str) -> tuple[CityRule, ...]:
    """Raises LanguageError with every fault at its place."""
    document, found = parse(text, RulesText, file="alert-rules.yaml")
    faults: list[Fault] = []
    rules = []
    seen: set[str] = set()
    for index, one in enumerate(found.rules):
        if one.id in seen:
            faults.append(document.fault(("rules", index, "id"), said("“%(name)s” stands here twice.", name=one.id)))
        seen.add(one.id)
        try:
            condition = compile_condition(one.when, DECLARED)
        except ConditionError as error:
            faults += document.faults_of(("rules", index, "when"), error)
            continue
        within = timedelta(minutes=one.group_minutes)
        rules.append(CityRule(one.id, one.title, condition, within, one.at_most_per_hour))
    if faults:
        raise LanguageError(faults)
    return tuple(rules)


def first_that_holds(rules: tuple[CityRule, ...], values: Mapping[str, object]) -> CityRule | None:
    """`values` by the names of DECLARED, all of them."""
    return next((one for one in rules if one.condition.evaluate(values)), None)
