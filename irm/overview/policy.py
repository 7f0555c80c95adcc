"""How late things may be before the auditor names them (`auditing.yaml`), read once."""

from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict, PositiveInt

from irm.overview.auditing import Tolerances
from irm.positions import parse

FILE: Final = "auditing.yaml"


class Figures(BaseModel):
    """Seconds, but for the last two."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reminder: PositiveInt
    run: PositiveInt
    page: PositiveInt
    work: PositiveInt
    bulk_work: PositiveInt
    recurring: PositiveInt
    ledger: PositiveInt
    silent: PositiveInt
    most: PositiveInt
    sending_days: PositiveInt


@cache
def figures() -> Figures:
    return parse((files("irm.overview") / FILE).read_text("utf-8"), Figures, file=FILE)[1]


@cache
def tolerances() -> Tolerances:
    given = figures().model_dump(exclude={"most", "sending_days"})
    return Tolerances(**{name: timedelta(seconds=seconds) for name, seconds in given.items()})
