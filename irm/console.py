"""What commands have in common. A feature's `commands.py` holds click commands that take the Console:

    @click.group()
    def account() -> None:
        "Accounts of people."

    @account.command("create")
    @click.argument("login")
    @json_option
    @click.pass_obj
    def create(console: Console, login: str, as_json: bool) -> None:
        async def work(db: Database) -> dict[str, object]:
            async with db.transaction(SYSTEM) as tx:
                ...
                return {"login": login}

        made = console.run(work)
        console.show(made, as_json=as_json)

`irm/cli.py` names the modules and imports them only when their command is used. An IrmError ends a command with its text
and exit code 1; with --json as problem object on standard output.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar
from uuid import UUID

import click

from irm.clock import SHANGHAI, DatabaseClock
from irm.errors import IrmError
from irm.i18n import N_, Translator, locale_of_terminal, translator

if TYPE_CHECKING:
    from irm.config import Settings
    from irm.db import Database
    from irm.ledger import Wiring
    from irm.positions import LanguageError

T = TypeVar("T")

LEAST_ROOM: Final = 9
"""Characters below which a folded column is no longer read."""

json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""`as_json` arrives as a flag."""

NO_DATABASE: Final = N_("No database: set IRM_DATABASE_URL, or start irm in this folder (make up).")
NO_ANSWER: Final = N_("The database does not answer: %(reason)s")


class Console:
    """Reads the settings when they are first needed; speaks the terminal's language (`locale_of_terminal`)."""

    def __init__(self, wiring: "Callable[[], Wiring]") -> None:
        self._wiring = wiring

    @cached_property
    def settings(self) -> "Settings":
        from irm.config import Settings  # noqa: PLC0415 - slow to import; not every command has to do with a database

        try:
            return Settings.read()
        except IrmError as error:
            raise Refused(error, self.t) from error

    @cached_property
    def t(self) -> Translator:
        return translator(locale_of_terminal(os.environ, sys.stdout.encoding))

    def run(self, work: "Callable[[Database], Awaitable[T]]") -> T:
        """Do it on a database of its own loop. `db.clock.now()` is the moment."""
        from sqlalchemy.exc import InterfaceError, OperationalError  # noqa: PLC0415 - see `settings`

        from irm.db import Database  # noqa: PLC0415 - see `settings`

        if not self.settings.database_url:
            raise Failed(self.t(NO_DATABASE), self.t)

        async def inside() -> T:
            clock = DatabaseClock()
            url = self.settings.async_database_url
            db = Database.connect(url, clock=clock, wiring=self._wiring(), pool_size=2)
            try:
                await clock.anchor(db.engine)
                return await work(db)
            finally:
                await db.dispose()

        try:
            return asyncio.run(inside())
        except IrmError as error:
            raise Refused(error, self.t) from error
        except (OSError, OperationalError, InterfaceError) as error:
            raise Failed(self.t(NO_ANSWER, reason=str(error).splitlines()[0]), self.t) from error

    def faulty(self, error: "LanguageError", *, as_json: bool) -> NoReturn:
        """Ends the command over a file that people wrote: every fault with its place, and exit code 1."""
        if as_json:
            self.show(problem(error, self.t), as_json=True)
        else:
            for fault in error.faults:
                click.echo(fault.text(self.t), err=True)
        sys.exit(1)

    def show(self, value: Any, *, as_json: bool) -> None:
        """A mapping as lines `name: value`, a sequence of mappings as a table, or any of it as JSON."""
        if is_dataclass(value) and not isinstance(value, type):
            value = asdict(value)
        if as_json:
            click.echo(json.dumps(value, default=plain, ensure_ascii=False, indent=2))
        elif isinstance(value, Mapping):
            from rich.cells import cell_len  # noqa: PLC0415 - see `table`

            lines = dict(_lines(value))
            width = max(map(cell_len, lines), default=0)
            for name, one in lines.items():
                click.echo(f"{name}{' ' * (width - cell_len(name))}  {_cell(one)}")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            table([row if isinstance(row, Mapping) else asdict(row) for row in value])
        else:
            click.echo(str(value))


def source(path: Path, t: Translator) -> str:
    """The text of a file in one of irm's languages. Raises Failed where it cannot be read, is no UTF-8, or far too large."""
    from irm.positions import LanguageError, read_file  # noqa: PLC0415 - few commands read such a file

    try:
        return read_file(path)
    except LanguageError as error:
        raise Failed("\n".join(fault.text(t) for fault in error.faults), t) from error
    except OSError as error:
        raise Failed(t("%(path)s cannot be read: %(told)s", path=path, told=error), t) from error


class Failed(click.ClickException):
    """Ends a command with exit code 1 and this text, which is in the reader's language already."""

    def __init__(self, text: str, t: Translator) -> None:
        super().__init__(text)
        self.t = t

    def show(self, file: Any = None) -> None:
        click.echo(self.t("Error: %(text)s", text=self.message), file=file or sys.stderr)


class Refused(Failed):
    """An IrmError at the command line."""

    def __init__(self, error: IrmError, t: Translator) -> None:
        super().__init__(error.text(t), t)
        self.error = error

    def show(self, file: Any = None) -> None:
        if "--json" in sys.argv:
            click.echo(json.dumps(problem(self.error, self.t), ensure_ascii=False))
            return
        super().show(file)
        for one in self.error.errors:
            text = one.text(self.t)
            if text != self.message:
                click.echo(f"  {text}" if text.startswith(one.field) else f"  {one.field}: {text}", err=True)


def problem(error: IrmError, t: Translator) -> dict[str, Any]:
    """An error as commands print it with --json."""
    fields = [{"field": one.field, "message": one.text(t)} for one in error.errors]
    return {"code": error.code, "detail": error.text(t), "errors": fields}


def _lines(value: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """What lies inside under dotted names, as the API's error fields have them."""
    for key, one in value.items():
        if isinstance(one, Mapping) and one:
            yield from _lines(one, f"{before}{key}.")
        else:
            yield f"{before}{key}", one


def table(rows: Sequence[Mapping[str, Any]], *, width: int | None = None) -> None:
    """Columns as wide as they need to be; nothing for no rows. `width`: of the terminal, or of the one that is there.

    In what is wider than the terminal, sentences are folded; numbers, codes and days stay whole, and ids stand last: a
    folded id cannot be copied. Where sentences get no room beside them, each row is a block of lines. What goes to a
    file or another command is never folded.
    """
    from rich.cells import cell_len  # noqa: PLC0415 - slow to import, and JSON needs none of it
    from rich.console import Console as Terminal  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above

    if not rows:
        return
    cells = [{str(name): _cell(value) for name, value in row.items()} for row in rows]
    needs = {name: max(cell_len(one) for one in (name, *(row[name] for row in cells))) for name in cells[0]}
    whole = [name for name in needs if all(row[name].isascii() and " " not in row[name] for row in cells)]
    names, ids = list(needs), [name for name in whole if any(_is_id(row[name]) for row in cells)]
    natural = sum(needs.values()) + 2 * len(needs)
    is_bound = width is not None or sys.stdout.isatty()
    terminal = Terminal(width=width if is_bound else natural, highlight=False, markup=False)
    title = max(cell_len(name) for name in names)
    if natural > terminal.width:
        names = [name for name in needs if name not in ids] + ids
        room = terminal.width - sum(needs[name] + 2 for name in whole)
        if room < LEAST_ROOM * (len(names) - len(whole)):
            terminal.print(
                "\n\n".join(
                    "\n".join(f"{name}{' ' * (title - cell_len(name))}  {row[name]}" for name in names) for row in cells
                )
            )
            return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        shown.add_column(name, overflow="fold", no_wrap=name in whole)
    for row in cells:
        shown.add_row(*(row[name] for name in names))
    terminal.print(shown)


def _is_id(cell: str) -> bool:
    try:
        return str(UUID(cell)) == cell
    except ValueError:
        return False


def _cell(value: Any) -> str:
    """For people: moments in Beijing time, to the minute."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    return "" if value is None else str(value)


def plain(value: Any) -> Any:
    """For `json.dumps`: moments as RFC 3339, ids as text, sets as sorted lists."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
