"""Which posts a unit lacks, which stand empty, and who holds two that one person should not hold together.

Pure. The kinds of posts and the rules are data (`staffing.yaml`); what is found is shown to people and hinders nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from irm.positions import parse

FILE: Final = "access/staffing.yaml"
What = Literal["missing", "conflict", "vacant"]


class PostKind(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    name: Mapping[str, str]


class Source(BaseModel):
    """Where a rule comes from. Nobody has laid the text of the standard beside it: more it cannot become by an edit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instrument: Mapping[str, str]
    article: Mapping[str, str]
    status: Literal["unverified", "local"]


class Apart(Source):
    """One person does not hold a post of `kind` and one of `from_kinds`; `level` None: in every unit."""

    kind: str
    from_kinds: tuple[str, ...] = Field(alias="from", min_length=1)
    level: int | None = None

    def divides(self, one: str, other: str) -> bool:
        return (one == self.kind and other in self.from_kinds) or (other == self.kind and one in self.from_kinds)


class Needed(Source):
    """Whoever answers for a system of at least this protection level has a post of each of these kinds."""

    kinds: tuple[str, ...] = Field(min_length=1)
    level: int


class Staffing(BaseModel):
    """The file `staffing.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[PostKind, ...] = Field(min_length=1)
    apart: tuple[Apart, ...] = ()
    needed: tuple[Needed, ...] = ()

    @model_validator(mode="after")
    def _kinds_are_known(self) -> "Staffing":
        known = {one.key for one in self.kinds}
        named = {kind for rule in self.apart for kind in (rule.kind, *rule.from_kinds)}
        named |= {kind for rule in self.needed for kind in rule.kinds}
        if named - known:
            raise ValueError(f"no such kind of post: {', '.join(sorted(named - known))}")
        return self

    def kind(self, key: str) -> PostKind:
        """Also of a kind that a city has since taken out of the file: its key is its name."""
        return next((one for one in self.kinds if one.key == key), PostKind(key=key, name={"zh-CN": key, "en": key}))


@cache
def staffing() -> Staffing:
    return parse((files("irm.access") / "staffing.yaml").read_text("utf-8"), Staffing, file=FILE)[1]


@dataclass(frozen=True)
class Staffed:
    """A post with who holds it now: (person, name)."""

    id: UUID
    name: str
    kind: str
    holders: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True)
class Found:
    """missing: the unit has no post of `kind` · conflict: `person` holds `posts` · vacant: nobody holds `posts`."""

    what: What
    kind: str = ""
    posts: tuple[Staffed, ...] = ()
    person_id: UUID | None = None
    person: str = ""
    rule: Needed | Apart | None = None


def found_in(posts: Sequence[Staffed], level: int | None, policy: Staffing) -> list[Found]:
    """What is amiss among the posts of one unit: what it lacks, then who holds too much, then what stands empty.

    `level`: the highest protection level of the systems that it answers for; None: it answers for none.
    """
    return [*_missing(posts, level, policy), *_conflicts(posts, level, policy), *_vacant(posts)]


def conflicts_of(person: UUID, posts: Sequence[Staffed], level: int | None, policy: Staffing) -> list[Found]:
    """What one person holds that should lie in two hands."""
    return [one for one in _conflicts(posts, level, policy) if one.person_id == person]


def _missing(posts: Collection[Staffed], level: int | None, policy: Staffing) -> list[Found]:
    there = {one.kind for one in posts}
    return [
        Found("missing", kind, rule=rule)
        for rule in policy.needed
        if level is not None and level >= rule.level
        for kind in rule.kinds
        if kind not in there
    ]


def _conflicts(posts: Sequence[Staffed], level: int | None, policy: Staffing) -> list[Found]:
    """Two posts of one person once, by the first rule that divides them."""
    rules = [rule for rule in policy.apart if rule.level is None or (level is not None and level >= rule.level)]
    held: dict[tuple[UUID, str], list[Staffed]] = {}
    for post in posts:
        for holder in post.holders:
            held.setdefault(holder, []).append(post)
    found = []
    for (person, name), theirs in held.items():
        for at, one in enumerate(theirs):
            for other in theirs[at + 1 :]:
                rule = next((each for each in rules if each.divides(one.kind, other.kind)), None)
                if rule is not None:
                    found.append(Found("conflict", rule.kind, (one, other), person, name, rule))
    return found


def _vacant(posts: Collection[Staffed]) -> list[Found]:
    return [Found("vacant", one.kind, (one,)) for one in posts if not one.holders]
