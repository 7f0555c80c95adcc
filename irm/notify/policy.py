"""The city's figures for messages that become one (`bundling.yaml`) and for channels (`channels.yaml`), read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from irm.notify.bundling import Bundling
from irm.notify.circuit import CircuitPolicy
from irm.notify.throttle import Throttle
from irm.schedule import Daily


@cache
def bundling() -> Bundling:
    given = YAML(typ="safe").load((files("irm.notify") / "bundling.yaml").read_text("utf-8"))
    return Bundling(
        alone_up_to=given["alone_up_to"],
        unproven=given["unproven_counts_as"],
        channels=frozenset(given["channels"]),
        owed_about=frozenset(given["owed_about"]),
        duty=timedelta(seconds=given["duty_seconds"]),
        storm_incidents=given["storm_incidents"],
        storm=timedelta(seconds=given["storm_seconds"]),
        most=given["most"],
        named=dict(given["named"]),
    )


@dataclass(frozen=True)
class ChannelPolicy:
    """The city's figures for channels, as `channels.yaml` explains them."""

    sms_segments: int
    repeated: str
    limit_of_the_day: str
    nothing: str
    automatic_subjects: tuple[str, ...]
    circuit: CircuitPolicy
    at_once: Mapping[str, int]
    throttle: Mapping[str, Throttle]
    rings: frozenset[str]
    alive_every: Mapping[str, timedelta]
    progress: timedelta
    proof_every: Daily
    proof_latest: timedelta
    proof_channels: tuple[str, ...]
    proof_red_after: int
    proof_weeks_shown: int
    synthetic_every: timedelta
    synthetic_kept: timedelta
    synthetic_bounds: Mapping[str, timedelta]

    def at_once_by(self, channel: str) -> int:
        """Messages that may be under way."""
        return self.at_once.get(channel, self.at_once["other"])

    def synthetic_within(self, channel: str) -> timedelta:
        """In which a synthetic message must have arrived."""
        return self.synthetic_bounds.get(channel, self.synthetic_bounds["other"])


@cache
def channel_policy() -> ChannelPolicy:
    given = YAML(typ="safe").load((files("irm.notify") / "channels.yaml").read_text("utf-8"))
    seconds = {name: timedelta(seconds=value) for name, value in given["circuit"].items() if name != "failures"}
    return ChannelPolicy(
        sms_segments=given["sms_segments"],
        repeated=given["repeated"],
        limit_of_the_day=given["limit_of_the_day"],
        nothing=given["nothing"],
        automatic_subjects=tuple(given["automatic_subjects"]),
        circuit=CircuitPolicy(
            failures=given["circuit"]["failures"],
            within=seconds["within_seconds"],
            open_for=seconds["open_seconds"],
            probe=seconds["probe_seconds"],
        ),
        at_once=dict(given["at_once"]),
        throttle={
            name: Throttle(each["most"], timedelta(seconds=each["seconds"])) for name, each in given["throttle"].items()
        },
        rings=frozenset(given["rings"]),
        alive_every={name: timedelta(seconds=given["alive"][f"{name}_seconds"]) for name in ("url", "mail", "sms")},
        progress=timedelta(seconds=given["alive"]["progress_seconds"]),
        proof_every=Daily(time.fromisoformat(given["proof"]["at"]), on=(given["proof"]["weekday"],)),
        proof_latest=timedelta(hours=given["proof"]["latest_hours"]),
        proof_channels=tuple(given["proof"]["channels"]),
        proof_red_after=given["proof"]["red_after_weeks"],
        proof_weeks_shown=given["proof"]["weeks_shown"],
        synthetic_every=timedelta(seconds=given["synthetic"]["every_seconds"]),
        synthetic_kept=timedelta(days=given["synthetic"]["kept_days"]),
        synthetic_bounds={
            name: timedelta(seconds=value) for name, value in given["synthetic"]["within_seconds"].items()
        },
    )
