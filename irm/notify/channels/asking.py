"""A provider is asked once, and what became of it is an answer or an outcome (`irm/outside.py` bounds the request).

Nothing of the address, which may hold a key, is told in the words of an outcome.
"""

import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import httpx2

from irm.jobs import Resources
from irm.notify.channels.protocol import Outcome
from irm.outside import Answer, client, fetch

LONGEST_DETAIL: Final = 300
PERHAPS_LATER: Final = frozenset({408, 425, 429})
NEVER: Final = frozenset({501, 505})
GATEWAY_TIMEOUT: Final = 504
SERVER_ERROR: Final = 500
REDIRECT: Final = 300


async def ask(
    resources: Resources,
    method: str,
    url: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    ca: Path | None = None,
) -> Answer | Outcome:
    """The answer of any status, or what became of a request without one: `failed` while nothing can have gone out,
    `unknown` from the moment that the request may have been read, `refused` for an address that is none."""
    try:
        async with AsyncExitStack() as stack:
            http = resources.http if ca is None else await stack.enter_async_context(client(ca))
            return await fetch(http, method, url, content=content, headers=headers)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as trouble:
        return Outcome("failed", type(trouble).__name__)
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError) as trouble:
        return Outcome("refused", type(trouble).__name__)
    except (httpx2.HTTPError, TimeoutError) as trouble:
        return Outcome("unknown", type(trouble).__name__)
    except (ssl.SSLError, OSError) as trouble:
        return Outcome("failed", type(trouble).__name__)


def trouble_of(answer: Answer) -> Outcome | None:
    """What the status alone decides; None for a success, whose body has to be read."""
    status = answer.status
    if status == GATEWAY_TIMEOUT:
        return Outcome("unknown", f"HTTP {status}")
    if status in PERHAPS_LATER or (status >= SERVER_ERROR and status not in NEVER):
        return Outcome("failed", f"HTTP {status} {excerpt(answer.text)}")
    if status >= REDIRECT:
        return Outcome("refused", f"HTTP {status} {excerpt(answer.text)}")
    return None


def excerpt(text: str, *secrets: str) -> str:
    """The beginning of what a provider said, without what only the two of them know."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text.replace("\x00", "")[:LONGEST_DETAIL]
