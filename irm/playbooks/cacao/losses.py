"""What CACAO has no place for in a playbook of irm: step, what, and why. irm's extension of the document keeps all of it,
so that irm reads back what it wrote; any other reader goes without. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from irm.errors import InBothLanguages, said
from irm.i18n import LOCALES
from irm.playbooks.cacao.vocabulary import Loss
from irm.playbooks.steps import Call, Decide, Notice, Page, Playbook, Report, Step, Task, Until, WaitUntil, targets_of

SAID: Final = frozenset(
    {"id", "title", "after", "when", "page", "until", "notice", "report", "task", "decide", "wait", "call", "run"}
)
"""What a step of the language may say, as far as the losses below speak of it."""


def losses(
    playbook: Playbook, written: Mapping[str, Any], waits_more: Mapping[str, tuple[str, ...]]
) -> tuple[Loss, ...]:
    """First of the playbook as a whole, then step by step. `written`: the data of the file."""
    steps = {str(one.get("id")): one for one in written.get("steps", ())}
    return (
        *_of_playbook(playbook),
        *(
            loss
            for step in playbook.steps
            for loss in (
                *_of_order(playbook, step, waits_more.get(step.id, ())),
                *_of_action(step),
                *_of_the_rest(step, steps.get(step.id, {})),
            )
        ),
    )


def _of_playbook(playbook: Playbook) -> Iterator[Loss]:
    events = ", ".join(playbook.start.on)
    yield Loss(
        "",
        playbook.title,
        said("when it begins: %(events)s", events=events),
        said("A CACAO playbook is started by whoever runs it."),
    )
    if playbook.start.when_source:
        yield Loss(
            "",
            playbook.title,
            said("for which incidents it begins: %(condition)s", condition=playbook.start.when_source),
            said("A CACAO playbook is started by whoever runs it."),
        )
    if playbook.start.fallback:
        yield Loss(
            "",
            playbook.title,
            said("that it begins only where no other playbook does"),
            said("CACAO documents do not know of each other."),
        )
    if all(locale in playbook.title for locale in LOCALES):
        yield Loss(
            "", playbook.title, said("the texts in the other language"), said("CACAO keeps one text, in one language.")
        )
    yield Loss("", playbook.title, said("the remarks of the file"), said("JSON has no remarks."))


def _of_order(playbook: Playbook, step: Step, more: tuple[str, ...]) -> Iterator[Loss]:
    if more:
        titles = {one.id: one.title for one in playbook.steps}
        names = [InBothLanguages(titles[one]) if titles[one] else one for one in more[:3]]
        shown = [*names, *[""] * (3 - len(names))]
        what = (
            said("that it need not wait for “%(first)s”", first=shown[0]),
            said("that it need not wait for “%(first)s” and “%(second)s”", first=shown[0], second=shown[1]),
            said(
                "that it need not wait for “%(first)s”, “%(second)s” and %(count)s more",
                first=shown[0],
                second=shown[1],
                count=len(more) - 2,
            ),
        )[min(len(more), 3) - 1]
        why = said(
            "CACAO knows only “one after the other” and “side by side until all are done”. The step waits longer there."
        )
        yield Loss(step.id, step.title, what, why)
    if step.when_source:
        yield Loss(
            step.id,
            step.title,
            said(
                "that its condition is judged again while the incident goes on: %(condition)s",
                condition=step.when_source,
            ),
            said("CACAO judges a condition once. The document asks for a variable that whoever runs it has to set."),
        )


def _of_action(step: Step) -> Iterator[Loss]:
    def loss(what: Any, why: Any) -> Loss:
        return Loss(step.id, step.title, what, why)

    action = step.action
    if any(target.kind != "person" for target in targets_of(action)):
        yield loss(
            said("who is on duty or holds the role at that moment"),
            said("CACAO names an agent; irm reads rosters and roles when the message goes out."),
        )
    match action:
        case Page():
            yield loss(
                said("the rungs, by which channels and how often is called"),
                said("A CACAO step has one agent and one time-out. The rungs stand there as words."),
            )
            if action.until is not Until.NONE:
                yield loss(
                    said("that it is over with the answer, and loud where nobody answers"),
                    said("CACAO knows no receipt: a step is done, or its time is over."),
                )
        case Notice():
            yield loss(
                said("the channels, and that delivery is recorded"), said("CACAO knows no channels of messages.")
            )
        case Report():
            yield loss(
                said("the duty %(rule)s with its clock, its approval and its receipt", rule=action.rule),
                said("CACAO knows no legal duties. The rule is named in words."),
            )
        case Task() if action.evidence:
            yield loss(
                said("that it is done only with a file that is kept, or with a reason"),
                said("CACAO keeps no evidence."),
            )
        case Decide():
            yield loss(
                said("that “%(option)s” holds where nobody decides in time", option=action.default),
                said("In CACAO a time-out is a failure. The default stands there as the first value of a variable."),
            )
        case WaitUntil():
            yield loss(said("for which event of irm it waits"), said("CACAO waits for a time, not for an event."))
        case Call():
            yield loss(
                said("the address and the signature of “%(name)s”", name=action.endpoint),
                said("They stand in the settings of irm and are not given away."),
            )
        case _:
            pass
    if isinstance(action, Report | Task):
        yield loss(
            said("that it stays open when its time is over, and whoever owes it is told once more"),
            said("In CACAO a time-out is a failure; the document lets the next step begin."),
        )


def _of_the_rest(step: Step, written: Mapping[str, Any]) -> Iterator[Loss]:
    for name in written:
        if name not in SAID:
            yield Loss(step.id, step.title, said("“%(name)s”", name=name), said("CACAO has nothing of the kind."))
