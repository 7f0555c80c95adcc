"""A CACAO document as a draft in our language, with everything that was not carried or was guessed. Publishes nothing. Pure.

What irm itself has exported comes back as it was, by its extension. Of any other document each action becomes a task of
the cloud authority, each condition a decision by a person: irm does not judge conditions of another language.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from irm.errors import said
from irm.i18n import Translator, translator
from irm.playbooks.cacao.drafting import Draft
from irm.playbooks.cacao.export import Stamp, export
from irm.playbooks.cacao.flow import reached
from irm.playbooks.cacao.reading import Document, read_cacao
from irm.playbooks.cacao.vocabulary import EXTENSION, Loss
from irm.playbooks.language import MOST_STEPS, read_playbook
from irm.playbooks.writing import playbook_text
from irm.positions import LanguageError

_NOT_NAME: Final = re.compile(r"[^a-z0-9]+")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
_WHOLE: Final = (
    "workflow_exception", "playbook_variables", "target_definitions", "authentication_info_definitions", "signatures",
    "markings", "data_marking_definitions", "external_references", "valid_from", "valid_until", "derived_from",
    "related_to", "priority", "severity", "impact", "industry_sectors", "playbook_activities", "labels", "description",
)  # fmt: skip
"""Properties of a foreign document that irm has no place for."""
_OWN: Final = frozenset(
    {
        "type", "spec_version", "id", "name", "playbook_types", "playbook_processing_summary", "created_by", "created",
        "modified", "revoked", "workflow_start", "workflow", "agent_definitions", "extension_definitions",
        "playbook_extensions",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """`whole`: the document is irm's own and nothing had to be guessed. The text may still have faults: it is a draft."""

    text: str
    losses: tuple[Loss, ...]
    whole: bool
    name: str
    """What the document calls itself."""


def import_cacao(content: bytes, *, known: Mapping[str, str], t: Translator) -> Imported:
    """`known`: CACAO id → id of a playbook that this city has. Raises Invalid where the document cannot be read."""
    document = read_cacao(content)
    own = _own(document)
    if own is not None:
        return Imported(playbook_text(own), tuple(_altered(document, own)), whole=True, name=document.name)
    return _foreign(document, known, t)


def _own(document: Document) -> dict[str, Any] | None:
    """What irm's extension keeps, where it is complete."""
    kept = _extension(document.said.get("playbook_extensions"))
    head, order = kept.get("playbook"), kept.get("steps")
    if not isinstance(head, dict) or not isinstance(order, list):
        return None
    steps = []
    for name in order:
        step = (
            _extension(document.steps[name].said.get("step_extensions")).get("step") if name in document.steps else None
        )
        if not isinstance(step, dict):
            return None
        steps.append(step)
    return {**head, "steps": steps}


def _extension(extensions: Any) -> Mapping[str, Any]:
    found = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
    return found if isinstance(found, dict) else {}


def _altered(document: Document, own: Mapping[str, Any]) -> Iterator[Loss]:
    """Somebody has changed the document outside irm, and irm's part of it says what it said before."""
    try:
        read = read_playbook(playbook_text(own), file="cacao")
    except LanguageError:
        return  # the draft's faults say more
    kept = _extension(document.said.get("playbook_extensions"))
    stamp = Stamp(1, datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC))
    expected = export(read, stamp, translator(str(kept.get("locale")))).document["workflow"]
    was = sorted(_gist(name, one) for name, one in expected.items())
    now = sorted(_gist(name, one) for name, one in ((name, step.said) for name, step in document.steps.items()))
    for gist in (one for one in now if one not in was):
        yield Loss(
            "",
            {"zh-CN": gist[1]},
            said("what was changed outside irm"),
            said("irm's own part of the document was taken, and it does not have the change."),
        )
    if len(now) < len(was):
        yield Loss(
            "",
            {"zh-CN": document.name},
            said("what was taken out outside irm"),
            said("irm's own part of the document was taken, and it does not have the change."),
        )


def _gist(_name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reader sees of an object, identifiers left out: they depend on who exported it."""
    commands = "\n".join(str(command.get("command")) for command in one.get("commands") or ())
    seen = [one.get(name) for name in ("type", "name", "timeout", "delay", "condition")]
    return (str(seen[0]), str(seen[1] or ""), *(str(each) for each in seen[2:]), commands)


def _foreign(document: Document, known: Mapping[str, str], t: Translator) -> Imported:
    draft = Draft(document, known, t)
    title = draft.title_of(document.name)
    losses = [
        Loss(
            "", title, said("when it begins"), said("Put was: with every graded incident. Write for which it is meant.")
        ),
        *_of_the_whole(document, title),
        *draft.losses,
    ]
    if not _CHINESE.search(document.name):
        why = said("They stand as they were. Whoever is called at night reads Chinese: translate them.")
        losses.insert(1, Loss("", title, said("the texts in Chinese"), why))
    if EXTENSION in (document.said.get("playbook_extensions") or {}):
        losses.insert(
            0,
            Loss("", title, said("irm's own part of the document"), said("It is not complete, so the rest was read.")),
        )
    never = [one for name, one in document.steps.items() if name not in reached(document) and one.type != "end"]
    losses += [
        Loss("", draft.title_of(one.name or one.type), said("the step"), said("No way leads to it from the start."))
        for one in never
    ]
    if len(draft.steps) > MOST_STEPS:
        message = said("irm takes at most %(most)s steps; divide the playbook.", most=MOST_STEPS)
        losses.insert(
            0, Loss("", title, said("that it is one playbook: %(count)s steps", count=len(draft.steps)), message)
        )
    if not draft.steps:
        losses.insert(0, Loss("", title, said("any step"), said("The document has none that does something.")))
    data = {
        "apiVersion": "irm/v1",
        "kind": "Playbook",
        "id": _id(document),
        "title": title,
        "start": {"on": "incident.graded"},
        "steps": draft.steps,
    }
    return Imported(playbook_text(data), tuple(losses), whole=False, name=title["zh-CN"])


def _id(document: Document) -> str:
    plain = _NOT_NAME.sub("-", document.name.lower()).strip("-")[:40].rstrip("-")
    return (
        plain if plain and plain[0].isalpha() else f"cacao-{str(document.said['id']).rpartition('--')[2][:8].lower()}"
    )


def _of_the_whole(document: Document, title: Mapping[str, str]) -> Iterator[Loss]:
    for name in _WHOLE:
        if document.said.get(name):
            yield Loss("", title, said("“%(name)s”", name=name), said("irm has no place for it."))
    for name in document.said:
        if name not in _OWN and name not in _WHOLE:
            yield Loss(
                "", title, said("“%(name)s”", name=name), said("It is not in CACAO 2.0; irm did not look at it.")
            )
    if document.said.get("revoked") is True:
        yield Loss("", title, said("that its producer has revoked it"), said("Ask the producer before you use it."))
    if document.said.get("signatures"):
        yield Loss(
            "", title, said("its signature was not checked"), said("irm checks no signatures of CACAO documents.")
        )
