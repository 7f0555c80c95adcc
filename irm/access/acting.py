"""In whose name a command of this room acts, at which moment, with which files."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from irm.access.policy import Principal
from irm.access.principals import principal_of
from irm.access.queries import account_by_login
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import Forbidden
from irm.i18n import N_

CHUNK: Final = 1 << 20
MOMENT: Final = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])
"""As it is typed, in Shanghai; `here` makes a moment of it."""
as_option: Final = click.option("--as", "login", required=True, help="Login name of the account that acts.")


async def principal_as(tx: Tx, login: str, now: datetime) -> Principal:
    """Raises NotFound for a login that nobody has, Forbidden for an account that is disabled."""
    account = await account_by_login(tx, login, now=now)
    found = await principal_of(tx, account.id, now=now)
    if found is None:
        raise Forbidden(N_("This account is disabled."))
    return found


def here(typed: datetime | None) -> datetime | None:
    return typed.replace(tzinfo=SHANGHAI) if typed is not None else None


async def chunks_of(path: Path) -> AsyncIterator[bytes]:
    """What a file of this machine holds, in pieces."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
