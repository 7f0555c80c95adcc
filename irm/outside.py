"""One bounded HTTP request to an address outside: whatever the other side does, it ends in an answer or an error, in time.

No redirect is followed, no more than `most` bytes are read, nothing is unpacked, and no proxy of the environment is asked.
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

TIMEOUT: Final = httpx2.Timeout(8, connect=4)
HARD_SECONDS: Final = 12.0
"""Of a whole request: one that drips a byte at a time never meets the time-out of a read."""
MOST: Final = 64 * 1024
AWAY: Final = (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError, TimeoutError, ssl.SSLError, OSError)
"""What `fetch` raises."""


@dataclass(frozen=True)
class Answer:
    """What the other side said; `body` at most as many bytes as were asked for, `is_cut`: there was more."""

    status: int
    body: bytes
    is_cut: bool = False
    request_id: str | None = None
    date: str | None = None
    """Its clock, as its header says."""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").replace("\x00", "")

    def fields(self) -> dict[str, Any] | None:
        """The body as a JSON object, whatever its media type says; None where it is none."""
        if self.is_cut:
            return None
        try:
            decoded = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return decoded if isinstance(decoded, dict) else None


async def fetch(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    most: int = MOST,
) -> Answer:
    """The answer of any status. Raises one of `AWAY`; nothing of the address, which may hold a key, is in its type."""
    async with asyncio.timeout(HARD_SECONDS):
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
                if len(kept) > most:
                    break
    said = response.headers
    return Answer(response.status_code, kept[:most], len(kept) > most, said.get("x-request-id"), said.get("date"))


@asynccontextmanager
async def client(ca: Path | None) -> AsyncGenerator[httpx2.AsyncClient]:
    """`ca`: certificates of the authority that the other side's own is checked with; None: those of the machine."""
    trusted = ssl.create_default_context(cafile=ca)
    async with httpx2.AsyncClient(verify=trusted, trust_env=False) as http:
        yield http
