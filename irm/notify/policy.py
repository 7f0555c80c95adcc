"""The city's figures for messages that become one (`bundling.yaml`) and for channels (`channels.yaml`), read once."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from irm.notify.bundling import Bundling


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


@cache
def channel_policy() -> ChannelPolicy:
    given = YAML(typ="safe").load((files("irm.notify") / "channels.yaml").read_text("utf-8"))
    return ChannelPolicy(sms_segments=given["sms_segments"])
