"""The city's figures for the duty screen (`policy.yaml`), read once."""

from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, PositiveInt

from irm.positions import parse


class ScreenPolicy(BaseModel):
    """The file `policy.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sounds_from_level: PositiveInt
    clocks: PositiveInt
    asks_every_seconds: PositiveInt
    stale_after_seconds: PositiveInt
    sounds_every_seconds: PositiveInt
    cookie_days: PositiveInt
    seen_every_seconds: PositiveInt


@cache
def screen_policy() -> ScreenPolicy:
    file = "duty_screen/policy.yaml"
    return parse((files("irm.duty_screen") / "policy.yaml").read_text("utf-8"), ScreenPolicy, file=file)[1]
