"""From a file to a rule pack: names resolved, conditions compiled, every fault told at its place; and the facts catalogue.

`load_pack(text, file=…)` raises LanguageError with all faults. It does not run the pack's own tests: `pack_tests.py` does.
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from irm.conditions import Choice, Condition, ConditionError, FactType, compile_condition, level_words, meant, one_of
from irm.errors import FieldError, Invalid, Said, Wrong, said
from irm.i18n import N_
from irm.language_limits import MOST_FAULTS
from irm.positions import Document, Fault, LanguageError, Loc, read, validated
from irm.rules.declared import types_of, vocabulary
from irm.rules.facts import NONE, REGISTER_TYPES, UNKNOWN, Fact, FactValue, Step
from irm.rules.language import (
    AddresseePart,
    CitationPart,
    CriterionPart,
    EffectiveDays,
    EveryPart,
    FigurePart,
    PackPart,
    RulePart,
    SwitchPart,
    fits,
)
from irm.rules.moments import within
from irm.rules.pack import (
    Addressee,
    Ahead,
    Citation,
    CityPolicy,
    Criterion,
    DutyRule,
    Effective,
    Every,
    Figure,
    Following,
    GradingRule,
    KeepRule,
    Pack,
    Reading,
    ReportItem,
    Switch,
    Window,
)
from irm.rules.periods import cadence, span


@cache
def catalogue() -> Mapping[str, Fact]:
    """The facts that grading may read, in the order in which people are asked (`facts.yaml`)."""
    return {
        row["name"]: Fact(
            name=row["name"],
            kind=row["type"],
            label=row["label"],
            hint=row["hint"],
            bound=row.get("bound"),
            scale=tuple(Step(step["value"], step["label"]) for step in row.get("scale", ())),
        )
        for row in catalogue_file().data["facts"]
    }


@cache
def catalogue_file() -> Document:
    return read((files("irm.rules") / "facts.yaml").read_text("utf-8"), file="facts.yaml")


def fact_types() -> dict[str, FactType | Choice]:
    """`facts.<name>` as conditions declare them."""
    return {f"facts.{name}": fact.type for name, fact in catalogue().items()}


def check_facts(given: Mapping[str, Any], *, path: str = "facts") -> dict[str, FactValue]:
    """Facts as people sent them, every one a value of its kind, none or unknown. Raises Invalid naming each fault."""
    faults = []
    for name, value in given.items():
        fact = catalogue().get(name)
        where = f"{path}.{name}"
        if fact is None:
            faults.append(FieldError(where, N_("There is no such fact.")))
            continue
        try:
            fact.figure(value)
        except ValueError:
            faults.append(FieldError(where, _wanted(fact), {"most": fact.most, "values": _choices(fact)}))
    if faults:
        raise Invalid(N_("Some facts are not valid."), code="facts", errors=faults)
    return dict(given)


def _wanted(fact: Fact) -> str:
    match fact.kind:
        case "flag":
            return N_("Must be true, none or unknown.")
        case "scale":
            return N_("Must be one of %(values)s.")
        case _:
            return N_("Must be a whole number from 0 to %(most)s, none or unknown.")


def _choices(fact: Fact) -> str:
    return ", ".join([*(step.value for step in fact.scale), NONE, UNKNOWN])


def load_pack(text: str, *, file: str = "pack.yaml") -> Pack:
    """Raises LanguageError with every fault. The same text gives the same pack, once parsed."""
    return read_pack(text, file=file)[1]


@lru_cache(maxsize=256)  # every version in use, read in turn: one too many would read all of them anew each time
def read_pack(text: str, *, file: str = "pack.yaml") -> tuple[Document, Pack]:
    """The pack with its places in the file."""
    document = read(text, file=file)
    try:
        part = validated(document, PackPart)
    except LanguageError as error:
        raise LanguageError([*error.faults, *_faulty_conditions(document)]) from error
    loader = _Loader(document, part)
    pack = loader.pack()
    if loader.faults:
        raise LanguageError(loader.faults)
    return document, pack


def builtin_sources() -> Mapping[str, str]:
    """File name → text of the packs that irm brings along."""
    folder = files("irm.rules") / "packs"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    return {entry.name: entry.read_text("utf-8") for entry in found}


@cache
def builtin_packs() -> tuple[Pack, ...]:
    return tuple(load_pack(text, file=name) for name, text in builtin_sources().items())


def _faulty_conditions(document: Document) -> Iterator[Fault]:
    """Of a file whose shape is wrong elsewhere: so that one run tells all (as many as are told)."""
    told = 0
    rules = document.data.get("rules") if isinstance(document.data, dict) else None
    default = document.data.get("subject") if isinstance(document.data, dict) else None
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        when = rule.get("when") if isinstance(rule, dict) else None
        if isinstance(when, str):
            about = str(rule.get("subject") or default or "incident")
            try:
                compile_condition(when, grading_types() if "grade" in rule else duty_types(about))
            except ConditionError as error:
                yield from document.faults_of(("rules", index, "when"), error)
                told += 1
                if told == MOST_FAULTS:
                    return


class _Loader:
    """Collects faults while it translates; what is faulty is left out, so that one run tells all."""

    def __init__(self, document: Document, part: PackPart) -> None:
        self.document = document
        self.part = part
        self.faults: list[Fault] = []
        self.own = {f"{part.id}/{rule.id}" for rule in part.rules if rule.duty is not None}

    def pack(self) -> Pack:
        part = self.part
        self._unique()
        switches = tuple(self._switch(one) for one in part.switches)
        rules = [self._rule(rule, ("rules", index)) for index, rule in enumerate(part.rules)]
        return Pack(
            id=part.id,
            version=part.version,
            title=part.title,
            instrument=part.instrument.model_dump(mode="json", exclude_none=True),
            text_version=part.text_version,
            jurisdiction=part.jurisdiction,
            effective=_effective(part.effective),
            force=part.force,
            note=part.note,
            grading=tuple(rule for rule in rules if isinstance(rule, GradingRule)),
            duties=tuple(rule for rule in rules if isinstance(rule, DutyRule)),
            items=tuple(
                ReportItem(one.id, one.form, one.number, one.title, self._citation(one.citation), one.status, one.first)  # type: ignore[arg-type]  # a checked word
                for one in part.items
            ),
            policy=self._policy(),
            tests=tuple(part.tests),
            digest=sha256(self.document.text.encode()).hexdigest(),
            source=self.document.text,
            keeping=tuple(rule for rule in rules if isinstance(rule, KeepRule)),
            switches=switches,
            figures=tuple(self._figure(one) for one in part.figures),
        )

    def _figure(self, part: FigurePart) -> Figure:
        value = span(part.value) if isinstance(part.value, str) else part.value
        citation = self._citation(part.citation)
        return Figure(self._full(part.id), part.title, value, str(part.value), citation, part.status)  # type: ignore[arg-type]  # a checked word

    def _switch(self, part: SwitchPart) -> Switch:
        return Switch(
            self._full(part.id),
            part.title,
            part.default,
            tuple(
                Reading(one.id, one.title, self._citation(one.citation), one.status)  # type: ignore[arg-type]  # a checked word
                for one in part.readings
            ),
        )

    def _readings(self, part: RulePart, loc: Loc) -> dict[str, str]:
        known = {f"{self.part.id}/{one.id}": [each.id for each in one.readings] for one in self.part.switches}
        found = {}
        for name, reading in part.reading.items():
            full = self._full(name)
            if full not in known:
                self._fault((*loc, "reading"), said("There is no switch “%(name)s” in this pack.", name=name))
            elif reading not in known[full]:
                message = said("“%(name)s” is none of the readings.", name=reading)
                self._fault((*loc, "reading", name), message, one_of(known[full]))
            else:
                found[full] = reading
        return found

    def _fault(self, loc: Loc, message: Said, hint: str = "") -> None:
        self.faults.append(self.document.fault(loc, message, hint))

    def _unique(self) -> None:
        for what, ids in (
            ("rules", [one.id for one in self.part.rules]),
            ("switches", [one.id for one in self.part.switches]),
            ("items", [one.id for one in self.part.items]),
            ("figures", [one.id for one in self.part.figures]),
        ):
            for index, one in enumerate(ids):
                if one in ids[:index]:
                    self._fault((what, index, "id"), said("“%(name)s” stands here twice.", name=one))

    def _rule(self, part: RulePart, loc: Loc) -> GradingRule | DutyRule | KeepRule | None:
        grading = part.grade is not None
        about = part.subject or self.part.subject
        when = self._condition(part.when, grading_types() if grading else duty_types(about), (*loc, "when"))
        names = when.names if when else frozenset()
        common: dict[str, Any] = {
            "id": f"{self.part.id}/{part.id}",
            "title": part.title,
            "citation": self._citation(part.citation),
            "force": part.force or self.part.force,
            "status": part.status,
            "interpretation": part.interpretation,
            "effective": _effective(part.effective),
            "when": when,
            "reads": tuple(fact for name, fact in catalogue().items() if f"facts.{name}" in names),
        }
        if part.grade is not None:
            criteria = [self._criterion(one, (*loc, "grade", "all", at)) for at, one in enumerate(part.grade.all)]
            return GradingRule(
                **common,
                scheme=part.grade.scheme,
                level=level_words()[part.grade.level],
                criteria=tuple(one for one in criteria if one is not None),
                notes=part.notes,
            )
        if part.keep is not None:
            return KeepRule(**common, what=part.keep.what, months=span(part.keep.at_least))
        duty = part.duty
        if duty is None:  # the language sees to it that there is one
            return None
        if duty.kind == "timed" and not any((duty.within, duty.every, duty.window, duty.before, duty.following)):
            self._fault((*loc, "duty"), said("A timed duty has a figure."), said("within: PT4H, or kind: prompt"))
        try:
            fits(duty, about)
        except Wrong as error:
            self._fault((*loc, "duty"), error.message, error.hint)
        after = self._qualified(duty.after, (*loc, "duty", "after"))
        for at, one in enumerate(duty.recipients):
            for index, name in enumerate(one.same_as):
                self._qualified(name, (*loc, "duty", "recipients", at, "same_as", index))
        return DutyRule(
            **common,
            kind=duty.kind,
            bearer=self._addressee(duty.bearer),
            recipients=tuple(self._addressee(one) for one in duty.recipients),
            limit=within(duty.within) if duty.within else None,
            start_event=duty.start_event,
            start_fallback=duty.start_fallback,
            after=after,
            form=duty.form,
            satisfied_by=tuple(duty.satisfied_by) or (duty.form,),
            waiver=duty.waiver,
            subject=about,
            every=_every(duty.every) if duty.every else None,
            window=Window(duty.window.before, span(duty.window.opens)) if duty.window else None,
            ahead=Ahead(duty.before.event, duty.before.working_days, duty.before.clear) if duty.before else None,
            following=Following(duty.following.after, span(duty.following.within)) if duty.following else None,
            readings=self._readings(part, loc),
        )

    def _condition(self, source: str | None, types: Mapping[str, FactType | Choice], loc: Loc) -> Condition | None:
        if source is None:
            return None
        try:
            return compile_condition(source, types)
        except ConditionError as error:
            self.faults += self.document.faults_of(loc, error)
            return None

    def _criterion(self, part: CriterionPart, loc: Loc) -> Criterion | None:
        fact = catalogue().get(part.fact)
        if fact is None:
            message = said("There is no fact “%(name)s”.", name=part.fact)
            self._fault((*loc, "fact"), message, meant(part.fact, catalogue()))
            return None
        written = None if part.at_least is None else str(part.at_least)
        try:
            return Criterion(fact, None if part.at_least is None else _threshold(fact, part.at_least), written)
        except Wrong as error:
            self._fault((*loc, "at_least"), error.message, error.hint)
            return None

    def _citation(self, part: CitationPart) -> Citation:
        instrument = part.instrument or self.part.instrument.title
        return Citation(instrument, part.article, part.text_version or self.part.text_version)

    def _addressee(self, part: AddresseePart) -> Addressee:
        same_as = tuple(self._full(name) for name in part.same_as)
        return Addressee(
            part.role, part.kind, part.tier, tuple(part.prefer), part.relation, same_as, part.outside, part.otherwise
        )

    def _full(self, name: str) -> str:
        return name if "/" in name else f"{self.part.id}/{name}"

    def _qualified(self, name: str | None, loc: Loc) -> str | None:
        """Rules of other packs are not looked for: they may be published later."""
        if name is None:
            return None
        full = self._full(name)
        if full.startswith(f"{self.part.id}/") and full not in self.own:
            short = name.rpartition("/")[2]
            hint = meant(short, [one.partition("/")[2] for one in self.own])
            self._fault(loc, said("There is no duty “%(name)s” in this pack.", name=name), hint)
        return full

    def _policy(self) -> CityPolicy | None:
        part = self.part.policy
        if part is None:
            return None
        if part.internal_limits and self.part.force != vocabulary()["city_force"]:
            self._fault(("policy",), said("Only the city's own order sets internal limits."))
        return CityPolicy(
            filing_allowance=within(part.filing_allowance) if part.filing_allowance else None,
            receipt_alarm=within(part.receipt_alarm) if part.receipt_alarm else None,
            internal_limits={self._full(name): within(limit) for name, limit in part.internal_limits.items()},
        )


def _threshold(fact: Fact, value: int | str) -> int:
    if fact.kind == "minutes":
        if not isinstance(value, str):
            raise Wrong(said("%(fact)s is a duration.", fact=fact.name), "PT30M, PT24H")
        limit = within(value)
        if limit.days:
            raise Wrong(said("%(fact)s counts hours and minutes.", fact=fact.name), f"PT{limit.days * 24}H")
        return limit.minutes
    if isinstance(value, str) and fact.kind != "scale":
        raise Wrong(said("%(fact)s is a whole number, “%(value)s” is text.", fact=fact.name, value=value))
    try:
        return fact.figure(value) or 0
    except ValueError as error:
        known = [step.value for step in fact.scale]
        otherwise = one_of(known) if known else said("at most %(most)s", most=fact.most)
        message = said("“%(value)s” is no value of %(fact)s.", value=value, fact=fact.name)
        raise Wrong(message, meant(str(value), known, otherwise)) from error


@cache
def grading_types() -> Mapping[str, FactType | Choice]:
    return {**REGISTER_TYPES, **fact_types(), "incident.category": FactType.STRING}


@cache
def duty_types(about: str) -> Mapping[str, FactType | Choice]:
    """What its condition may read."""
    return {**types_of(about), **fact_types()} if about == "incident" else types_of(about)


def _every(part: EveryPart) -> Every:
    day, month = (None, None) if part.due == "end" else (part.due.day, part.due.month)
    return Every(cadence(part.period), day, month, part.count, tuple(part.since), part.anchor, part.last)


def _effective(part: EffectiveDays | None) -> Effective:
    return Effective(part.since, part.until) if part else Effective()
