"""What people typed into the forms of this room, as the services take it. Raises Invalid naming the form's own fields."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import msgspec

from irm.clock import SHANGHAI
from irm.drills.schemas import Act, Improvement, Participant, PlanDrill, RecordDrill, Score, WriteReport
from irm.drills.scoring import ITEMS
from irm.errors import FieldError, Invalid, IrmError
from irm.i18n import N_, Translator
from irm.obligations.forms import form_of
from irm.web.forms import Form

CORRECT: Final = N_("Please correct what is marked.")
NOT_A_MOMENT: Final = N_("Enter date and time, for example 2026-11-21 03:41.")
NEEDED: Final = N_("This is needed.")
CHOOSE: Final = N_("Choose one from the list.")
PART: Final = "part_"
"""One field for each person and organization: `part_<person>[.<organization>]` = director | player | evaluator |
observer | (empty)."""
MOST_IMPROVEMENTS: Final = 12
Made = TypeVar("Made", PlanDrill, RecordDrill)


def text(values: Mapping[str, Any], name: str) -> str:
    found = values.get(name)
    return found.replace("\r\n", "\n").strip() if isinstance(found, str) else ""


def texts(values: Mapping[str, Any], name: str) -> list[str]:
    found = values.get(name)
    return [str(one) for one in found] if isinstance(found, list) else [str(found)] if found else []


def chosen_id(values: Mapping[str, Any], name: str) -> UUID | None:
    given = text(values, name)
    try:
        return UUID(given) if given else None
    except ValueError:
        raise Invalid(CORRECT, errors=[FieldError(name, CHOOSE)]) from None


def rate(values: Mapping[str, Any]) -> float:
    try:
        return float(text(values, "rate") or 1)
    except ValueError:
        raise Invalid(CORRECT, errors=[FieldError("rate", CHOOSE)]) from None


def moment(values: Mapping[str, Any], name: str, faults: list[FieldError]) -> datetime | None:
    given = text(values, name)
    if not given:
        faults.append(FieldError(name, NEEDED))
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        faults.append(FieldError(name, NOT_A_MOMENT))
        return None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def plan_in(values: Mapping[str, Any]) -> PlanDrill:
    faults: list[FieldError] = []
    begins, ends = moment(values, "planned_from", faults), moment(values, "planned_until", faults)
    if faults:
        raise Invalid(CORRECT, errors=faults)
    given = {
        **_common(values),
        "planned_from": begins,
        "planned_until": ends,
        "scenario": text(values, "scenario") or None,
        "scenario_source": text(values, "scenario_source") + "\n" if text(values, "scenario_source") else None,
        "version": int(text(values, "version")) if text(values, "version").isdecimal() else None,
        **_made_up(values, begins),
    }
    return _converted(given, PlanDrill)


def record_in(values: Mapping[str, Any]) -> RecordDrill:
    faults: list[FieldError] = []
    begins, ends = moment(values, "started_at", faults), moment(values, "ended_at", faults)
    if faults:
        raise Invalid(CORRECT, errors=faults)
    given = {**_common(values), "started_at": begins, "ended_at": ends, **_made_up(values, begins)}
    return _converted(given, RecordDrill)


def act_in(values: Mapping[str, Any]) -> Act:
    duties = [UUID(one) for one in texts(values, "duties")] if "duties_shown" in values else None
    given = {"action": text(values, "action"), "reason": text(values, "reason"), "rate": rate(values)}
    try:
        found = msgspec.convert(given, Act)
    except msgspec.ValidationError:
        raise Invalid(N_("There is no such action."), field="action") from None
    return msgspec.structs.replace(found, duties=duties)


def sheet_in(values: Mapping[str, Any]) -> Score:
    scores = {item: int(text(values, f"score_{item}")) for item in ITEMS if text(values, f"score_{item}").isdecimal()}
    advice = {item: text(values, f"advice_{item}") for item in ITEMS if text(values, f"advice_{item}")}
    return Score(scores, advice, text(values, "overall"), hand_in=text(values, "hand_in") == "yes")


def report_in(values: Mapping[str, Any]) -> WriteReport:
    items = {one.key: text(values, f"item_{one.key}") for one in form_of("drill_report").items}
    improvements = []
    faults: list[FieldError] = []
    for index in range(MOST_IMPROVEMENTS):
        title = text(values, f"improvement_{index}")
        if not title:
            continue
        day = f"improvement_due_{index}"
        due = text(values, day)
        improvements.append(
            Improvement(
                title,
                chosen_id(values, f"improvement_organization_{index}"),
                moment({day: f"{due}T18:00"}, day, faults) if due else None,
            )
        )
    if faults:
        raise Invalid(CORRECT, errors=faults)
    return WriteReport(items, improvements, submit=text(values, "submit") == "yes")


def refused(values: Mapping[str, Any], error: IrmError, t: Translator) -> Form:
    """People are one block of the form: what is wrong with any of them stands at it, all of it."""
    form = Form.refused(values, error, t)
    people = [one.text(t) for one in error.errors if one.field.partition(".")[0] == "participants"]
    others = {name: words for name, words in form.errors.items() if name.partition(".")[0] != "participants"}
    lines = [f"{name.partition(':')[2]}  {words}" for name, words in others.items() if name.startswith("scenario.yaml")]
    errors = {name: words for name, words in others.items() if not name.startswith("scenario.yaml")}
    if lines:
        errors["scenario_source"] = "\n".join([errors.get("scenario_source", ""), *lines]).strip()
    if people:
        errors["participants"] = "\n".join(dict.fromkeys(people))
    return Form(values, errors, form.message)


def _made_up(values: Mapping[str, Any], begins: datetime | None) -> dict[str, Any]:
    """Chosen in so many words; the reason alone makes nothing up."""
    if text(values, "makes_up") != "yes" or begins is None:
        return {}
    return {"year": begins.astimezone(SHANGHAI).year - 1, "makeup_reason": text(values, "makeup_reason")}


def _common(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": text(values, "title"),
        "kind": text(values, "kind"),
        "content": text(values, "content"),
        "range": text(values, "range") or "organization",
        "objectives": text(values, "objectives"),
        "place": text(values, "place"),
        "organization": chosen_id(values, "organization"),
        "organizations": [UUID(one) for one in texts(values, "organizations") if _is_id(one)],
        "system": text(values, "system") or None,
        "participants": [
            found
            for name, part in values.items()
            if name.startswith(PART) and isinstance(part, str) and part and (found := _participant(name, part))
        ],
    }


def part_field(person: UUID, organization: UUID) -> str:
    return f"{PART}{person}.{organization}"


def _participant(name: str, part: str) -> Participant | None:
    person, _, organization = name.removeprefix(PART).partition(".")
    if not _is_id(person) or (organization and not _is_id(organization)):
        return None
    return Participant(UUID(person), cast("Any", part), UUID(organization) if organization else None)


def _converted(given: Mapping[str, Any], kind: type[Made]) -> Made:
    """Checks the words of each list. Raises Invalid naming the field."""
    try:
        return msgspec.convert(msgspec.to_builtins(given), kind)
    except msgspec.ValidationError as error:
        where = str(error).rpartition("$.")[2].rstrip("`").split("[")[0]
        raise Invalid(CORRECT, errors=[FieldError(where or "title", CHOOSE)]) from None


def _is_id(given: str) -> bool:
    try:
        UUID(given)
    except ValueError:
        return False
    return True
