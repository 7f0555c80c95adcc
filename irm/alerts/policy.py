"""The city's figures for what machines send (`policy.yaml`), read once."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, PositiveInt

from irm.positions import parse


class AlertPolicy(BaseModel):
    """The file `policy.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    most_alerts: PositiveInt
    longest_alert: PositiveInt
    longest_payload: PositiveInt
    deepest: PositiveInt
    longest_line: PositiveInt
    longest_text: PositiveInt
    tolerance_seconds: PositiveInt
    old_secret_hours: PositiveInt
    rate_per_minute: PositiveInt
    most_rate_per_minute: PositiveInt
    waiting_messages: PositiveInt
    waiting_bytes: PositiveInt
    batch_messages: PositiveInt
    batch_bytes: PositiveInt
    group_messages: PositiveInt
    mute_hours: tuple[PositiveInt, ...]
    longest_mute_hours: PositiveInt
    folds: PositiveInt
    alerts_shown: PositiveInt
    severities: Mapping[str, tuple[str, ...]]
    resolved_words: tuple[str, ...]


@cache
def alert_policy() -> AlertPolicy:
    file = "alerts/policy.yaml"
    return parse((files("irm.alerts") / "policy.yaml").read_text("utf-8"), AlertPolicy, file=file)[1]
