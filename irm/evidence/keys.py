"""The log's signing key: Ed25519, made at first use in IRM_HOME/keys, readable by irm alone.

Whoever holds this file can sign checkpoints in the log's name; what protects the past against that person are the
witnesses, who keep the checkpoints of before.
"""

import os
import secrets
import stat
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from irm.errors import Unavailable
from irm.evidence.notes import ED25519, NoteInvalid, VerifierKey
from irm.i18n import N_

FOLDER: Final = "keys"
PRIVATE: Final = "log-signing.key"
PUBLIC: Final = "log-signing.pub"
PREFIX: Final = "PRIVATE+KEY"


@dataclass(frozen=True)
class FileSigner:
    """Signs with the key in IRM_HOME."""

    key: VerifierKey
    private: Ed25519PrivateKey

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text)


def signer_of(home: Path) -> FileSigner:
    """The key of this home, made if there is none; any number of processes may ask at once and all get the same.

    Raises Unavailable when it cannot be read or written, or is open to others.
    """
    path = home / FOLDER / PRIVATE
    try:
        if not path.exists():
            _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Unavailable(
                N_("Others can read the log's signing key: chmod 600 %(path)s."), code="key", path=str(path)
            )
        found = _read(path.read_text("ascii"))
        if public_key_of(home) != found.key:
            path.with_name(PUBLIC).write_text(f"{found.key}\n", "ascii")
    except (OSError, ValueError) as fault:
        raise Unavailable(
            N_("The log's signing key cannot be read or made: %(path)s."), code="key", path=str(path)
        ) from fault
    return found


def public_key_of(home: Path) -> VerifierKey | None:
    """None before the first checkpoint was signed here."""
    try:
        return VerifierKey.parse((home / FOLDER / PUBLIC).read_text("ascii"))
    except (OSError, NoteInvalid):
        return None


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    key = VerifierKey("irm-ledger-" + sha256(public).hexdigest()[:8], public)
    written = f"{PREFIX}+{key.name}+{key.id.hex()}+{b64encode(ED25519 + private.private_bytes_raw()).decode()}\n"
    own = path.with_name(f".{secrets.token_hex(8)}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, written.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        with suppress(FileExistsError):  # another process was first: then its key is the key
            path.hardlink_to(own)
    finally:
        own.unlink()


def _read(text: str) -> FileSigner:
    name, key_id, encoded = text.strip().removeprefix(f"{PREFIX}+").split("+", 2)
    data = b64decode(encoded, validate=True)
    private = Ed25519PrivateKey.from_private_bytes(data[1:])
    key = VerifierKey(name, private.public_key().public_bytes_raw())
    if not text.startswith(PREFIX) or data[:1] != ED25519 or key.id.hex() != key_id:
        raise ValueError(name)
    return FileSigner(key, private)
