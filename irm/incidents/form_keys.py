"""The form of a report carries a key of its own: the same form twice (double click, back and again) is one incident.

What was typed since under the key of a filed form is another report: it gets another key, and nothing of it is lost. A draft
that the browser sent at the very moment of filing comes after it; it holds what is filed already, and nothing else.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from irm.db import Tx
from irm.incidents.idempotency import answered, fingerprint

NO_CONTENT: Final = frozenset({"csrf_token", "key"})


def scope(account_id: UUID) -> str:
    return f"report:{account_id}"


def key_in(values: Mapping[str, Any]) -> str:
    """Whatever else than a key of ours stands there is replaced."""
    try:
        return str(UUID(str(values.get("key"))))
    except ValueError:
        return str(uuid4())


def content(values: Mapping[str, Any]) -> str:
    """The same for a form and for the draft of it: a form ends its lines by CRLF, a draft by LF."""
    typed = {name: value for name, value in values.items() if name not in NO_CONTENT}
    return fingerprint(json.dumps(typed, sort_keys=True).replace("\\r\\n", "\\n").encode())


async def filed(tx: Tx, account_id: UUID, values: Mapping[str, Any]) -> Literal["not", "same", "other"]:
    """Whether the key of these stands for a filed report: for one of the same content, or of another."""
    request_hash = await answered(tx, scope=scope(account_id), key=key_in(values))
    if request_hash is None:
        return "not"
    return "same" if request_hash == content(values) else "other"
