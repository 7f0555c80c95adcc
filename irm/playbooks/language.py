"""Reading playbooks: YAML → pydantic → the frozen values that the engine walks, with every fault at its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from irm.conditions import Choice, ConditionError, compile_condition, meant, one_of
from irm.errors import Wrong, quoted, said
from irm.i18n import LOCALES
from irm.playbooks import steps as pb
from irm.playbooks.durations import duration_text, parse_duration
from irm.playbooks.targets import parse_target
from irm.playbooks.vocabulary import Declared, declared_for, judge_of
from irm.positions import Document, Fault, LanguageError, parse

Channel = Literal[
    "sms",
    "email",
    "in_app",
    "webhook",
    "voice",
    "wecom",
    "dingtalk",
    "feishu",
    "fax",
    "wecom_bot",
    "dingtalk_bot",
    "feishu_bot",
]
CHANNELS: Final = get_args(Channel)
MOST_STEPS: Final = 60
MOST_LAPSES: Final = 9
"""How often an acknowledgement may expire and be asked for anew."""


def _duration(value: object) -> timedelta:
    return parse_duration(str(value))


def _target(value: object) -> tuple[pb.Target, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts:
        raise Wrong(said("The list is empty."), said("name somebody"))
    return tuple(parse_target(str(text)) for text in texts)


def _via(value: object) -> tuple[str, ...]:
    channels = value if isinstance(value, list) else [value]
    if not channels:
        raise Wrong(said("The list is empty."), said("preferred, or channels"))
    for channel in channels:
        if channel != "preferred" and channel not in CHANNELS:
            known = ("preferred", *CHANNELS)
            message = said("There is no channel “%(name)s”.", name=quoted(channel))
            raise Wrong(message, meant(str(channel), known, one_of(known)))
    if "preferred" in channels and len(channels) > 1:
        raise Wrong(said("“preferred” stands alone."), said("it is the first address that works"))
    return tuple(channels)


def _texts(value: Mapping[str, str]) -> Mapping[str, str]:
    if unknown := set(value) - set(LOCALES):
        raise Wrong(said("There is no language “%(name)s”.", name=min(unknown)), one_of(LOCALES))
    if not value.get("zh-CN", "").strip():
        raise Wrong(said("The Chinese text is missing."), "{zh-CN: …, en: …}")
    return value


def _item(value: object) -> object:
    return {"zh-CN": value} if isinstance(value, str) else value


_TEXT: Final = {"type": "string"}
_TEXT_OR_LIST: Final = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}

Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({**_TEXT, "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"})
]
Targets = Annotated[tuple[pb.Target, ...], BeforeValidator(_target), WithJsonSchema(_TEXT_OR_LIST)]
Via = Annotated[tuple[str, ...], BeforeValidator(_via), WithJsonSchema(_TEXT_OR_LIST)]
Texts = Annotated[dict[str, str], AfterValidator(_texts)]
Item = Annotated[dict[str, str], BeforeValidator(_item), AfterValidator(_texts)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,47}$")]
Rule = Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class RungModel(Model):
    to: Targets
    via: Via = ("preferred",)
    within: Duration
    every: Duration | None = None

    @model_validator(mode="after")
    def _in_proportion(self) -> "RungModel":
        if self.every is not None and self.every > self.within:
            hint = said("at most %(most)s", most=duration_text(self.within))
            raise Wrong(said("“every” is longer than “within”."), hint)
        return self


class ExpiresModel(Model):
    after: Duration
    unless: str
    times: Annotated[int, Field(ge=1, le=MOST_LAPSES)] = 3


class NoticeModel(Model):
    to: Targets
    via: Via = ("preferred",)
    text: Texts | None = None


class ReportModel(Model):
    form: Literal[
        "initial", "progress", "closing", "correction", "notice", "pi_notice", "stakeholder_notice", "flaw_notice"
    ]
    by: Targets
    obligation: Rule
    within: Duration


class TaskModel(Model):
    title: Texts
    to: Targets
    within: Duration
    checklist: list[Item] = []
    evidence: Literal["required"] | None = None


class OptionModel(Model):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    title: Texts


class DecideModel(Model):
    title: Texts
    to: Targets
    options: Annotated[list[OptionModel], Field(min_length=2, max_length=9)]
    within: Duration
    default: str

    @model_validator(mode="after")
    def _default_is_an_option(self) -> "DecideModel":
        ids = [option.id for option in self.options]
        if len(set(ids)) < len(ids):
            raise Wrong(said("Two options have the same id."), said("every option needs its own id"))
        if self.default not in ids:
            raise Wrong(said("“%(value)s” is no option.", value=self.default), one_of(ids))
        return self


class CallModel(Model):
    endpoint: Name
    within: Duration


class StepModel(Model):
    id: Name
    title: Texts | None = None
    after: Annotated[list[str], Field(max_length=MOST_STEPS)] | None = None
    when: str | None = None
    page: Annotated[list[RungModel], Field(min_length=1, max_length=12)] | None = None
    until: Literal["acknowledged", "acknowledged_by_all", "received", "none"] | None = None
    expires: ExpiresModel | None = None
    notice: NoticeModel | None = None
    report: ReportModel | None = None
    task: TaskModel | None = None
    decide: DecideModel | None = None
    wait: str | None = None
    call: CallModel | None = None
    run: Name | None = None

    @property
    def kinds(self) -> list[str]:
        return [kind for kind in KINDS if getattr(self, kind) is not None]

    @model_validator(mode="after")
    def _one_kind(self) -> "StepModel":
        if len(self.kinds) != 1:
            if not self.kinds:
                raise Wrong(said("A step does one thing; this one has none."), one_of(KINDS))
            *others, last = self.kinds
            message = said(
                "A step does one thing; this one has %(one)s and %(last)s.", one=", ".join(others), last=last
            )
            raise Wrong(message, one_of(KINDS))
        if self.until is not None and self.page is None:
            raise Wrong(said("“until” belongs to a page."), said("leave it out"))
        if self.expires is not None and (self.page is None or self.until in ("received", "none")):
            message = said("Only what somebody acknowledges can expire.")
            raise Wrong(message, said("a page until acknowledged or acknowledged_by_all"))
        return self


KINDS: Final = ("page", "notice", "report", "task", "decide", "wait", "call", "run")


def _events(value: object) -> object:
    return [value] if isinstance(value, str) else value


class StartModel(Model):
    on: Annotated[
        list[
            Literal[
                "incident.reported",
                "incident.graded",
                "obligation.opened",
                "obligation.due_soon",
                "obligation.overdue",
                "drill.started",
            ]
        ],
        BeforeValidator(_events),
        Field(min_length=1),
    ]
    when: str | None = None
    fallback: bool = False

    @model_validator(mode="after")
    def _one_room(self) -> "StartModel":
        if len({event.partition(".")[0] for event in self.on}) > 1:
            raise Wrong(
                said("The start events are of different kinds."),
                said("one playbook for incidents, another for obligations"),
            )
        return self


class PlaybookModel(Model):
    api_version: Annotated[Literal["irm/v1"], Field(alias="apiVersion")]
    kind: Literal["Playbook"]
    id: Name
    title: Texts
    start: StartModel
    steps: Annotated[list[StepModel], Field(min_length=1, max_length=MOST_STEPS)]


@dataclass(frozen=True)
class ReadPlaybook:
    """What was read, and the document for findings of further checks."""

    playbook: pb.Playbook
    document: Document


def read_playbook(text: str, *, file: str) -> ReadPlaybook:
    """Raises LanguageError with all faults. What it returns is safe for the engine: names exist, no circles."""
    document, model = parse(text, PlaybookModel, file=file)
    faults = [*_names(document, model)]
    declared = dict(declared_for(tuple(model.start.on)))
    start_when = _condition(document, ("start", "when"), model.start.when, declared, faults)
    declared |= {
        f"decided.{step.id.replace('-', '_')}": _choice(step.decide) for step in model.steps if step.decide is not None
    }
    declared |= {
        f"called.{step.id.replace('-', '_')}": Choice(*pb.CALL_OUTCOMES)
        for step in model.steps
        if step.call is not None
    }
    built = []
    for index, step in enumerate(model.steps):
        when = _condition(document, ("steps", index, "when"), step.when, declared, faults)
        after = tuple(step.after) if step.after is not None else ((model.steps[index - 1].id,) if index else ())
        action = _action(document, index, step, faults)
        built.append(pb.Step(step.id, action, after, when, _title(step), step.when))
    if not faults:
        faults += _circles(document, tuple(built))
    if faults:
        raise LanguageError(faults)
    start = pb.Start(tuple(model.start.on), start_when, model.start.fallback, model.start.when)
    return ReadPlaybook(pb.Playbook(model.id, model.title, start, tuple(built)), document)


def _choice(decide: DecideModel) -> Choice:
    return Choice(*(option.id for option in decide.options))


def _title(step: StepModel) -> Mapping[str, str]:
    own = step.title or (step.task and step.task.title) or (step.decide and step.decide.title)
    return own or {}


def _names(document: Document, model: PlaybookModel) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    ids = [step.id for step in model.steps]
    for index, step in enumerate(model.steps):
        if step.id in seen:
            message = said("There is a step “%(name)s” already.", name=step.id)
            yield document.fault(("steps", index, "id"), message, said("every step needs its own id"))
        seen.setdefault(step.id, index)
        for number, name in enumerate(step.after or ()):
            if name not in ids:
                hint = meant(name, ids, one_of(one for one in ids if one != step.id))
                message = said("There is no step “%(name)s”.", name=quoted(name))
                yield document.fault(("steps", index, "after", number), message, hint)
        yield from _unless(document, index, step, ids, model.start.on[0].partition(".")[0])


def _unless(document: Document, index: int, step: StepModel, ids: list[str], room: str) -> Iterator[Fault]:
    """What keeps an acknowledgement from expiring: another step, or an event that runs of this start can see."""
    if step.expires is None:
        return
    known = [event for event in pb.WAITABLE if event.startswith(f"{room}.")] if room != "drill" else []
    if step.expires.unless not in {*known, *ids} - {step.id}:
        names = (*known, *(one for one in ids if one != step.id))
        hint = meant(step.expires.unless, names, one_of(names))
        message = said("Nothing that could be done about it is named “%(name)s”.", name=step.expires.unless)
        yield document.fault(("steps", index, "expires", "unless"), message, hint)


def _condition(
    document: Document, loc: tuple[str | int, ...], source: str | None, declared: Declared, faults: list[Fault]
) -> pb.Judge | None:
    if source is None:
        return None
    try:
        return judge_of(compile_condition(source, declared))
    except ConditionError as error:
        faults += document.faults_of(loc, error)
        return None


def _action(document: Document, index: int, step: StepModel, faults: list[Fault]) -> pb.Action:
    if step.page is not None:
        rungs = tuple(pb.Rung(rung.to, rung.via, rung.within, rung.every) for rung in step.page)
        held = step.expires
        expiry = pb.Expiry(held.after, held.unless, held.times) if held is not None else None
        return pb.Page(rungs, pb.Until(step.until or pb.Until.ACKNOWLEDGED), expiry)
    if step.notice is not None:
        return pb.Notice(step.notice.to, step.notice.via, step.notice.text or {})
    if step.report is not None:
        return pb.Report(step.report.form, step.report.by, step.report.obligation, step.report.within)
    if step.task is not None:
        asks = step.task.evidence is not None
        return pb.Task(step.task.title, step.task.to, step.task.within, tuple(step.task.checklist), asks)
    if step.decide is not None:
        options = {option.id: option.title for option in step.decide.options}
        return pb.Decide(step.decide.title, step.decide.to, options, step.decide.within, step.decide.default)
    if step.call is not None:
        return pb.Call(step.call.endpoint, step.call.within)
    if step.run is not None:
        return pb.RunPlaybook(step.run)
    return _wait(document, index, step.wait or "", faults)


def _wait(document: Document, index: int, text: str, faults: list[Fault]) -> pb.Action:
    if text in pb.WAITABLE:
        return pb.WaitUntil(text)
    try:
        return pb.WaitFor(parse_duration(text))
    except ValueError:
        otherwise = said("a duration such as 30m, or one of %(names)s", names=", ".join(pb.WAITABLE))
        message = said("Nothing to wait for is named “%(name)s”.", name=quoted(text))
        faults.append(document.fault(("steps", index, "wait"), message, meant(text, pb.WAITABLE, otherwise)))
        return pb.WaitUntil("incident.handled")


def _circles(document: Document, steps: tuple[pb.Step, ...]) -> Iterator[Fault]:
    """Kahn: what is left when everything that waits for nothing has been taken away, goes round in a circle."""
    left = {step.id: set(step.after) for step in steps}
    while ready := [name for name, after in left.items() if not after & left.keys()]:
        for name in ready:
            del left[name]
    for index, step in enumerate(steps):
        if step.id in left and _reaches_itself(step.id, left):
            hint = said("look at “after” of %(names)s", names=", ".join(sorted(left)))
            yield document.fault(("steps", index), said("“%(name)s” waits for itself.", name=step.id), hint)


def _reaches_itself(name: str, after: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    found = set(after[name]) & after.keys()
    while found - seen:
        seen |= found
        found = {above for one in found for above in after[one] if above in after}
    return name in seen
