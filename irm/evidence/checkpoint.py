"""A checkpoint: how many entries the log has and the root over them, at a moment, as the text of a signed note. Pure.

irm-ledger-1a2b3c4d          the log (C2SP tlog-checkpoint: origin)
1260                         entries
n5A0…=                       root hash
at 2026-11-21T03:41:07Z      when it was signed, by the database host's clock
"""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Self


class NoCheckpoint(ValueError):
    """The text is not that of a checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    at: datetime

    @property
    def text(self) -> str:
        at = self.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\nat {at}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoCheckpoint."""
        lines = text.splitlines()
        try:
            origin, size, root, at = lines[:4]
            made = cls(
                origin,
                int(size),
                b64decode(root, validate=True),
                datetime.fromisoformat(at.removeprefix("at ")),
            )
        except (ValueError, binascii.Error) as error:
            raise NoCheckpoint(text) from error
        if made.size < 0 or len(made.root) != sha256().digest_size or made.at.tzinfo is None or made.text != text:
            raise NoCheckpoint(text)
        return made
