"""One bounded HTTP request to a provider: whatever the other side does, it ends in an answer or an outcome, in time.

No redirect is followed, no more than `MOST` bytes are read, and nothing of the address, which may hold a key, is told in
the words of an outcome.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec

from irm.jobs import Resources
from irm.notify.channels.protocol import Outcome

TIMEOUT: Final = httpx2.Timeout(8, connect=4)
HARD_SECONDS: Final = 12.0
"""Of a whole request: one that drips a byte at a time never meets the time-out of a read."""
MOST: Final = 64 * 1024
LONGEST_DETAIL: Final = 300
PERHAPS_LATER: Final = frozenset({408, 425, 429})
NEVER: Final = frozenset({501, 505})
GATEWAY_TIMEOUT: Final = 504
SERVER_ERROR: Final = 500
REDIRECT: Final = 300


@dataclass(frozen=True)
class Answer:
    """What the provider said; `body` at most `MOST` bytes, `is_cut`: there was more."""

    status: int
    body: bytes
    is_cut: bool = False
    request_id: str | None = None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").replace("\x00", "")

    def fields(self) -> dict[str, Any] | None:
        """The body as a JSON object, whatever its media type says; None where it is none."""
        if self.is_cut:
            return None
        try:
            decoded = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return None
        return decoded if isinstance(decoded, dict) else None


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
        async with asyncio.timeout(HARD_SECONDS), _client(resources, ca) as http:
            asked = http.stream(
                method,
                url,
                content=content,
                # What was compressed would be longer unpacked than anybody asked for.
                headers={**(headers or {}), "accept-encoding": "identity"},
                timeout=TIMEOUT,
                follow_redirects=False,
            )
            async with asked as response:
                kept = b""
                async for chunk in response.aiter_raw():
                    kept += chunk
                    if len(kept) > MOST:
                        break
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as trouble:
        return Outcome("failed", type(trouble).__name__)
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError) as trouble:
        return Outcome("refused", type(trouble).__name__)
    except (httpx2.HTTPError, TimeoutError) as trouble:
        return Outcome("unknown", type(trouble).__name__)
    except (ssl.SSLError, OSError) as trouble:
        return Outcome("failed", type(trouble).__name__)
    return Answer(response.status_code, kept[:MOST], len(kept) > MOST, response.headers.get("x-request-id"))


@asynccontextmanager
async def _client(resources: Resources, ca: Path | None) -> AsyncGenerator[httpx2.AsyncClient]:
    if ca is None:
        yield resources.http
        return
    trusted = ssl.create_default_context(cafile=ca)
    async with httpx2.AsyncClient(verify=trusted, trust_env=False) as http:
        yield http


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
