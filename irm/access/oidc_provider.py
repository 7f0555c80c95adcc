"""The city's identity provider is asked: its discovery document and keys, which are kept for a while, and an ID token for a code.

Nothing here is called while a transaction is open. One of a process (`identity_door.py`); who waits for the same answer waits
for one request.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import structlog

from irm import outside
from irm.access.oidc_logout import ExpectedLogout, SignedOut, logout_of
from irm.access.oidc_metadata import (
    Client,
    Metadata,
    Odd,
    discovery_address,
    end_session_address,
    exchange,
    metadata_of,
)
from irm.access.oidc_tokens import Expected, Identity, PublicKey, UnknownKey, identity_of, keys_of

log = structlog.get_logger(__name__)

KEPT: Final = timedelta(minutes=10)
"""The document and the keys, before they are read anew."""
KEYS_AT_MOST: Final = timedelta(seconds=60)
"""Between two readings of the keys because of a token whose key is unknown: anybody can make such a token."""
LEFT_ALONE: Final = timedelta(seconds=10)
"""After it did not answer; who comes meanwhile is told at once."""
PATIENCE: Final = 3.0
"""Seconds that somebody who signs out waits for it."""
MOST: Final = 256 * 1024
"""Bytes of an answer; a set of keys with their certificates is the longest."""
GOOD: Final = 200
TURNED_DOWN: Final = (400, 401)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class ProviderTrouble(Exception):
    """`away`: no answer, or none in time; `odd`: one that is none of such a provider (`detail`: which part);
    `turned_down`: it does not give a token for this code."""

    def __init__(self, reason: Literal["away", "odd", "turned_down"], detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason: Literal["away", "odd", "turned_down"] = reason
        self.detail = detail


class Provider:
    def __init__(self, client: Client) -> None:
        self.client = client
        self.said_date: str | None = None
        """The clock of the answer that came last."""
        self._lock = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._metadata_at = self._keys_at = self._not_before = _NEVER
        self._keys: tuple[PublicKey, ...] = ()

    async def metadata(self, *, now: datetime) -> Metadata:
        """Raises ProviderTrouble."""
        async with self._lock:
            return await self._read_metadata(now)

    async def keys(self, *, now: datetime, anew: bool = False) -> tuple[PublicKey, ...]:
        """`anew`: a token named one that is not among them. Raises ProviderTrouble."""
        async with self._lock:
            metadata = await self._read_metadata(now)
            if now - self._keys_at >= (KEYS_AT_MOST if anew else KEPT):
                found = keys_of(await self._document(metadata.keys, now))
                if not found:
                    raise ProviderTrouble("odd", "jwks_uri")
                self._keys, self._keys_at = found, now
            return self._keys

    async def end_session(self, *, now: datetime) -> str | None:
        """Where to sign out at the provider; None: it has no such place, or does not say so soon."""
        try:
            async with asyncio.timeout(PATIENCE):
                return end_session_address(await self.metadata(now=now), self.client)
        except (ProviderTrouble, TimeoutError):
            return None

    async def identity(
        self, code: str, *, verifier: str, nonce: str, now: datetime, since: datetime | None = None
    ) -> Identity:
        """Whom the provider vouches for by this code; `since`: and has asked anew after then. Raises ProviderTrouble, TokenRefused."""
        metadata = await self.metadata(now=now)
        headers, body = exchange(metadata, self.client, code=code, verifier=verifier)
        answer = await self._ask("POST", metadata.token, content=body, headers=headers)
        if answer.status in TURNED_DOWN:
            raise ProviderTrouble("turned_down")
        given = answer.fields() if answer.status == GOOD else None
        token = given.get("id_token") if given else None
        if not isinstance(token, str):
            raise ProviderTrouble("odd", "token_endpoint")
        expected = Expected(self.client.issuer, self.client.client_id, nonce, metadata.algorithms, since)
        try:
            return identity_of(token, await self.keys(now=now), expected, now=now)
        except UnknownKey:
            return identity_of(token, await self.keys(now=now, anew=True), expected, now=now)

    async def signed_out(self, token: str, *, now: datetime) -> SignedOut:
        """Who has signed out there, by a logout token that anybody may have sent. Raises ProviderTrouble, TokenRefused."""
        metadata = await self.metadata(now=now)
        expected = ExpectedLogout(self.client.issuer, self.client.client_id, metadata.algorithms)
        try:
            return logout_of(token, await self.keys(now=now), expected, now=now)
        except UnknownKey:
            return logout_of(token, await self.keys(now=now, anew=True), expected, now=now)

    async def _read_metadata(self, now: datetime) -> Metadata:
        if self._metadata is None or now - self._metadata_at >= KEPT:
            raw = await self._document(discovery_address(self.client), now)
            try:
                self._metadata, self._metadata_at = metadata_of(raw, self.client), now
            except Odd as odd:
                raise ProviderTrouble("odd", str(odd)) from None
        return self._metadata

    async def _document(self, address: str, now: datetime) -> Mapping[str, Any]:
        if now < self._not_before:
            raise ProviderTrouble("away")
        try:
            answer = await self._ask("GET", address, headers={"accept": "application/json"})
        except ProviderTrouble:
            self._not_before = now + LEFT_ALONE
            raise
        fields = answer.fields() if answer.status == GOOD else None
        if fields is None:
            raise ProviderTrouble("odd", f"HTTP {answer.status}")
        return fields

    async def _ask(
        self, method: str, address: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> outside.Answer:
        try:
            async with outside.client(self.client.ca) as http:
                answer = await outside.fetch(http, method, address, content=content, headers=headers, most=MOST)
        except outside.AWAY as trouble:
            log.warning("identity provider away", error=type(trouble).__name__)
            raise ProviderTrouble("away", type(trouble).__name__) from None
        if answer.is_cut:
            raise ProviderTrouble("odd", "length")
        self.said_date = answer.date
        return answer
