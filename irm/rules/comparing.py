"""What one version of a rule pack says otherwise than another: rule by rule, aspect by aspect. Pure.

Two rules are the same one when their own ids are. What a rule only takes over from its pack (the instrument, which text of
it) is told once, at the pack. Comments, tests and the order of the file decide nothing and are not compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final, Literal

from irm.rules.pack import (
    Citation,
    DutyRule,
    Effective,
    Figure,
    GradingRule,
    KeepRule,
    Pack,
    ReportItem,
    Rule,
    Status,
    Switch,
    Texts,
)
from irm.rules.periods import written

Happened = Literal["added", "removed", "changed"]

PACK: Final = "pack"
POLICY: Final = "policy"
_NO_TIME: Final = frozenset({"citation", "effective", "when", "bearer", "limit"})
"""Of a duty: what is not about when it is to be done."""


@dataclass(frozen=True)
class Difference:
    """One aspect, as JSON has it; None where there is none."""

    aspect: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """One thing that was added, removed or changed. `id` is its own; `differences` only of what was changed.

    `part`: pack, rule, item, figure, switch, policy."""

    part: str
    id: str
    title: Texts
    happened: Happened
    differences: tuple[Difference, ...]
    before: Any
    """The rule, item, figure or switch itself, for those who put it into words."""
    after: Any

    @property
    def present(self) -> Any:
        """As it is now; of what was removed, as it was."""
        return self.before if self.after is None else self.after


@dataclass(frozen=True)
class Comparison:
    before: Pack
    after: Pack
    changes: tuple[Change, ...]

    @property
    def only_the_text(self) -> bool:
        """The files differ, but in nothing that decides: comments, tests, order, the version itself."""
        return not self.changes and self.before.digest != self.after.digest

    def of(self, happened: Happened) -> tuple[Change, ...]:
        return tuple(one for one in self.changes if one.happened == happened)


def compare(before: Pack, after: Pack) -> Comparison:
    """Changes in the order of the newer file, what was removed behind; first what holds for the pack as a whole."""
    changes = [
        *_whole("pack", PACK, before, after, _pack_aspects(before), _pack_aspects(after)),
        *_each("rule", before.rules, after.rules, before, after),
        *_each("item", before.items, after.items, before, after),
        *_each("figure", before.figures, after.figures, before, after),
        *_each("switch", before.switches, after.switches, before, after),
        *_whole("policy", POLICY, before, after, _policy_aspects(before), _policy_aspects(after)),
    ]
    return Comparison(before, after, tuple(changes))


def aspects(thing: Any, pack: Pack) -> dict[str, Any]:
    """Everything about a rule, item, figure or switch that decides or is shown, by name, as JSON has it."""
    if isinstance(thing, Rule):
        return _rule_aspects(thing, pack)
    if isinstance(thing, ReportItem):
        return {
            "title": dict(thing.title),
            "form": thing.form,
            "number": thing.number,
            **_cited(thing.citation, thing.status, pack),
            "first": thing.first,
        }
    if isinstance(thing, Figure):
        return {
            "title": dict(thing.title),
            "figure": thing.written,
            **_cited(thing.citation, thing.status, pack),
        }
    if isinstance(thing, Switch):
        return {
            "title": dict(thing.title),
            "default": thing.default,
            "readings": {
                one.id: {"title": dict(one.title), **_cited(one.citation, one.status, pack)} for one in thing.readings
            },
        }
    message = f"nothing is known of {type(thing).__name__}"
    raise TypeError(message)


def _whole(
    part: str,
    name: str,
    before: Pack,
    after: Pack,
    was: Mapping[str, Any],
    becomes: Mapping[str, Any],
) -> Iterator[Change]:
    differences = differences_of(was, becomes)
    if differences:
        yield Change(part, name, after.title, "changed", differences, before, after)


def _each(part: str, was: Sequence[Any], becomes: Sequence[Any], before: Pack, after: Pack) -> Iterator[Change]:
    known, left = {_own_id(one): one for one in was}, {_own_id(one) for one in becomes}
    for one in becomes:
        old = known.get(_own_id(one))
        if old is None or type(old) is not type(one):
            if old is not None:  # a duty that became a keeping time is another rule under the same name
                yield Change(part, _own_id(one), old.title, "removed", (), old, None)
            yield Change(part, _own_id(one), one.title, "added", (), None, one)
            continue
        differences = differences_of(aspects(old, before), aspects(one, after))
        if differences:
            yield Change(part, _own_id(one), one.title, "changed", differences, old, one)
    for one in was:
        if _own_id(one) not in left:
            yield Change(part, _own_id(one), one.title, "removed", (), one, None)


def _own_id(thing: Any) -> str:
    """Without the pack's."""
    return str(thing.id).rpartition("/")[2]


def differences_of(was: Mapping[str, Any], becomes: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Aspect by aspect, in the order of the newer."""
    names = [*becomes, *(name for name in was if name not in becomes)]
    return tuple(
        Difference(name, was.get(name), becomes.get(name)) for name in names if was.get(name) != becomes.get(name)
    )


def _cited(citation: Citation, status: Status, pack: Pack) -> dict[str, Any]:
    own_instrument = dict(citation.instrument) != dict(pack.instrument["title"])
    return {
        "instrument": dict(citation.instrument) if own_instrument else None,
        "article": dict(citation.article),
        "text_version": citation.text_version if citation.text_version != pack.text_version else None,
        "status": status,
    }


def _rule_aspects(rule: Rule, pack: Pack) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": dict(rule.title),
        **_cited(rule.citation, rule.status, pack),
        "force": rule.force,
        "interpretation": dict(rule.interpretation) if rule.interpretation else None,
        "effective": _days(rule.effective),
        "condition": rule.when.source if rule.when else None,
    }
    match rule:
        case GradingRule():
            found |= {
                "level": rule.level,
                "scheme": rule.scheme,
                "figure": [{"fact": one.fact.name, "at_least": one.written} for one in rule.criteria],
                "seen_elsewhere": dict(rule.notes) or None,
            }
        case DutyRule():
            found |= {
                "kind": rule.kind,
                "subject": rule.subject,
                "bearer": _said(rule.bearer),
                "recipients": [_said(one) for one in rule.recipients],
                "figure": _when(rule),
                "start": {"event": rule.start_event, "fallback": rule.start_fallback, "after": rule.after},
                "form": rule.form,
                "satisfied_by": list(rule.satisfied_by),
                "waiver": dict(rule.waiver) if rule.waiver else None,
                "reading": dict(rule.readings) or None,
            }
        case KeepRule():
            found |= {"kept": rule.what, "figure": written(rule.months)}
    return found


def _when(rule: DutyRule) -> Any:
    """The limit, or whatever else says when: a cadence, a window before a date, working days ahead of one."""
    if rule.limit is not None:
        return str(rule.limit)
    parts = {one.name: getattr(rule, one.name) for one in fields(rule) if one.name not in _NO_TIME}
    return {name: _said(part) for name, part in parts.items() if is_dataclass(part)} or None


def _said(part: Any) -> dict[str, Any]:
    """What it says, without what it leaves open; spans as the pack writes them."""
    found = {one.name: getattr(part, one.name) for one in fields(part)}
    found = {name: written(value) if name == "months" else value for name, value in found.items() if value}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _days(effective: Effective) -> dict[str, Any] | None:
    if effective.since is None and effective.until is None:
        return None
    return {
        "from": effective.since.isoformat() if effective.since else None,
        "to": effective.until.isoformat() if effective.until else None,
    }


def _pack_aspects(pack: Pack) -> dict[str, Any]:
    return {
        "title": dict(pack.title),
        "instrument": dict(pack.instrument["title"]),
        "number": pack.instrument.get("number"),
        "text_version": pack.text_version,
        "jurisdiction": pack.jurisdiction,
        "force": pack.force,
        "effective": _days(pack.effective),
        "note": dict(pack.note) if pack.note else None,
    }


def _policy_aspects(pack: Pack) -> dict[str, Any]:
    policy = pack.policy
    if policy is None:
        return {}
    return {
        "filing_allowance": str(policy.filing_allowance) if policy.filing_allowance else None,
        "receipt_alarm": str(policy.receipt_alarm) if policy.receipt_alarm else None,
        **{f"internal_limit/{rule}": str(limit) for rule, limit in policy.internal_limits.items()},
    }
