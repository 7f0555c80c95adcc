"""Wire types of the life of a version, and of CACAO documents. Texts are in the reader's language."""

from msgspec import Struct


class Why(Struct, forbid_unknown_fields=True, frozen=True):
    """`reason`: it stands beside the version."""

    reason: str = ""


class JudgedView(Struct, frozen=True):
    """`verdict`: declined, withdrawn (by its author), reinstated (back in use) or retired (nothing begins with it)."""

    id: str
    version: int
    active: bool
    verdict: str | None


class LossView(Struct, frozen=True):
    """What could not be carried, or was guessed. `step`: its title; of the whole playbook, the playbook's."""

    step: str
    what: str
    why: str


class ImportedView(Struct, frozen=True):
    """`source`: a draft in irm's language, kept nowhere. `whole`: the document is irm's own and nothing was guessed."""

    source: str
    whole: bool
    losses: list[LossView]


class LossList(Struct, frozen=True):
    id: str
    version: int
    losses: list[LossView]
