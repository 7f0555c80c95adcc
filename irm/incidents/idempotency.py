"""The same request twice gives one incident and the same answer (Idempotency-Key; the form's own key on the page)."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from irm.db import Tx
from irm.errors import Conflict, Invalid
from irm.i18n import N_
from irm.incidents.models import IdempotencyRow

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
OTHER_BODY: Final = N_("This Idempotency-Key was used before with another content.")


def fingerprint(body: bytes) -> str:
    return sha256(body).hexdigest()


async def answered(tx: Tx, *, scope: str, key: str) -> str | None:
    """The fingerprint of the request that this key stands for; None: it stands for none yet."""
    return await tx.scalar(
        select(IdempotencyRow.request_hash).where(IdempotencyRow.scope == scope, IdempotencyRow.key == key)
    )


async def once(
    tx: Tx,
    *,
    scope: str,
    key: str | None,
    request_hash: str,
    now: datetime,
    act: Callable[[], Awaitable[tuple[int, Mapping[str, Any]]]],
) -> tuple[int, dict[str, Any], bool]:
    """(status, body, repeated). Runs `act` in this transaction unless `key` was answered before within `scope`.

    A second request with the same key waits for the first one's transaction (unique key), so there is no gap between
    looking and writing. Raises Conflict for the same key with another body, Invalid for a key that is none. What `act`
    raises is not remembered: the transaction goes, and the key with it.
    """
    if key is None:
        status, body = await act()
        return status, dict(body), False
    if not _KEY.fullmatch(key):
        raise Invalid(N_("An Idempotency-Key is 1 to 200 visible ASCII characters."), field="Idempotency-Key")
    taken = await tx.execute(
        insert(IdempotencyRow)
        .values(scope=scope, key=key, request_hash=request_hash, created_at=now)
        .on_conflict_do_nothing(index_elements=[IdempotencyRow.scope, IdempotencyRow.key])
        .returning(IdempotencyRow.key)
    )
    if taken.scalar_one_or_none() is None:
        row = await tx.scalar(select(IdempotencyRow).where(IdempotencyRow.scope == scope, IdempotencyRow.key == key))
        if row is None or row.request_hash != request_hash:
            raise Conflict(OTHER_BODY, code="idempotency_key_reused", field="Idempotency-Key")
        return row.status or 200, dict(row.body or {}), True
    status, body = await act()
    await tx.execute(
        update(IdempotencyRow)
        .where(IdempotencyRow.scope == scope, IdempotencyRow.key == key)
        .values(status=status, body=dict(body))
        .execution_options(synchronize_session=False)
    )
    return status, dict(body), False
