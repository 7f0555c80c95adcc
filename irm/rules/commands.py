"""`irm rules`: its commands, each imported when it is used."""

import click

from irm.lazy_commands import Lazy

COMMANDS = {
    "check": "irm.rules.check_commands:check",
    "schema": "irm.rules.check_commands:schema",
    "publish": "irm.rules.version_commands:publish",
    "withdraw": "irm.rules.version_commands:withdraw",
    "diff": "irm.rules.city_commands:diff",
    "gaps": "irm.rules.city_commands:gaps",
    "list": "irm.rules.city_commands:list_packs",
    "adopt": "irm.rules.city_commands:adopt_pack",
    "preview": "irm.rules.city_commands:preview_pack",
    "read": "irm.rules.city_commands:read_switch",
    "workdays": "irm.rules.city_commands:workdays",
}


@click.group(cls=Lazy, lazily=COMMANDS)
def rules() -> None:
    """Rule packs: what the law asks, as data."""
