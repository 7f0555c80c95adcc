"""From where somebody signs in, as the services know it; `rates.caller_of` reads it from a request."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    ip: str = ""
    user_agent: str = ""
    """The browser's own description."""
    device: str = ""
    """The mark by which irm knows the browser again, as its cookie says; empty: it has none, or sends none."""
