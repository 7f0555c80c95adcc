"""The city's figures for messages that become one (`bundling.yaml`), read once."""

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
