"""Click's own words ("Usage", "Options", what is wrong with an option) in the language of the terminal.

Click asks gettext for them by English text, so the catalog `cli.po` holds its sentences as they are. Looked up when there is
something to say: a command that only works loads no catalog.
"""

import inspect
import os
import sys
from functools import cache

import click
from click import core, decorators, exceptions, formatting, parser, termui, types

from irm.i18n import Translator, locale_of_terminal, translator

ASKING = (core, decorators, exceptions, formatting, parser, termui, types)


@cache
def _translator() -> Translator:
    return translator(locale_of_terminal(os.environ, sys.stdout.encoding))


def word(text: str) -> str:
    return _translator()(text)


def _many(one: str, many: str, n: int) -> str:
    return _translator().plural(one, many, n)


def speak() -> None:
    """From now on; idempotent. Click binds gettext's functions in each of its modules, so each gets ours."""
    for module in ASKING:
        for name, ours in (("_", word), ("ngettext", _many)):
            if hasattr(module, name):
                setattr(module, name, ours)
    if core.Command.format_help is not _help:
        core.Command.format_help = _help  # type: ignore[method-assign]  # every room's commands are plain click commands


_HELP = core.Command.format_help


def _help(self: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Click's own, after the command and those below it were put into the reader's language."""
    in_words(self)
    if isinstance(self, click.Group):
        for name in self.list_commands(ctx):
            if (inner := self.get_command(ctx, name)) is not None:
                in_words(inner)
    _HELP(self, ctx, formatter)


def in_words(command: click.Command) -> click.Command:
    """The command with its own help, and that of its options, in the reader's language where the catalog has it."""
    if command.help:
        command.help = word(inspect.cleandoc(command.help))
    for param in command.params:
        if isinstance(param, click.Option) and param.help:
            param.help = word(param.help)
    return command
