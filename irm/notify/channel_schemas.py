"""Wire types of channels and their providers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class ProviderView(msgspec.Struct, kw_only=True):
    """`standing`: closed (it works), open (it is left alone; pages go other ways)."""

    name: str
    standing: str
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    opened_at: datetime | None


class TriedView(msgspec.Struct, kw_only=True):
    """What the synthetic messages show. `how`: answered (the whole way and back), received (a receipt), accepted (taken by
    the provider; nobody said that it arrived), not; `at`, `seconds`: when the last one was heard of and how long it took."""

    how: str
    at: datetime | None
    seconds: int | None
    silent_since: datetime | None


class ChannelView(msgspec.Struct, kw_only=True):
    """`sent`, `failed`, `median_ms` (the provider's answer) are of the last day; `confirmed_by`: the means of a page."""

    name: str
    configured: bool
    interface: str | None
    """aliyun, tencent; aliyun_speaks: its calls take no key. None: the only one, or a gateway that is described."""
    pages: bool
    confirmed_by: str | None
    sent: int
    failed: int
    median_ms: int | None
    providers: list[ProviderView]
    tried: TriedView | None
    """None: this channel has no test destination."""


class TestMessage(msgspec.Struct):
    delivery: UUID


def channel_view(values: Mapping[str, Any]) -> ChannelView:
    """Of a `health.ChannelHealth` as a mapping."""
    return msgspec.convert(dict(values), ChannelView)
