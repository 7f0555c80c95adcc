"""Secrets at rest: what irm must read again (keys of second factors) is sealed before it goes into the database.

Whoever copies the database without IRM_HOME, or a backup of one without the other, can open none of them. `Cipher` is a
Protocol, so that a 国密 service can be put in (DESIGN §8).
"""

import os
import secrets
import stat
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from irm.errors import Unavailable
from irm.i18n import N_

FILE: Final = Path("keys") / "sealing.key"
KEY_BYTES: Final = 32
_NONCE: Final = 12
_NAME: Final = 4

NO_KEY: Final = N_("The key that seals secrets cannot be read or made: %(path)s.")
OTHERS_READ: Final = N_("Others can read the key that seals secrets: chmod 600 %(path)s.")
ODD_KEY: Final = N_("IRM_SEALING_KEY is not the base64 of 32 bytes.")
OTHER_KEY: Final = N_("This secret was sealed with another key. The system administrator has to reset it.")


class Cipher(Protocol):
    """`about` binds a sealed secret to its place (`account/<id>`): moved to another row it cannot be opened."""

    def seal(self, secret: bytes, about: str) -> bytes: ...

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """Raises Unavailable for what was sealed with another key, for another place, or changed."""
        ...


class Aes256Gcm:
    """The name of the key stands before each sealed secret, so that a wrong key is told from a changed secret."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._name = sha256(b"irm sealing key" + key).digest()[:_NAME]

    def seal(self, secret: bytes, about: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return self._name + nonce + self._aead.encrypt(nonce, secret, about.encode())

    def unseal(self, sealed: bytes, about: str) -> bytes:
        nonce, text = sealed[_NAME : _NAME + _NONCE], sealed[_NAME + _NONCE :]
        try:
            return self._aead.decrypt(nonce, text, about.encode())
        except (InvalidTag, ValueError) as fault:
            raise Unavailable(OTHER_KEY, code="sealed") from fault


def cipher_of(home: Path, given: str = "") -> Cipher:
    """With the key given (base64; IRM_SEALING_KEY), else the one in this home, made if there is none.

    Any number of processes may ask at once and all get the same. Raises Unavailable naming what is wrong with the key.
    """
    if given:
        return Aes256Gcm(_decoded(given, Unavailable(ODD_KEY, code="key")))
    path = home / FILE
    fault = Unavailable(NO_KEY, code="key", path=str(path))
    try:
        if not path.exists():
            _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Unavailable(OTHERS_READ, code="key", path=str(path))
        return Aes256Gcm(_decoded(path.read_text("ascii"), fault))
    except (OSError, ValueError) as error:
        raise fault from error


def _decoded(text: str, fault: Unavailable) -> bytes:
    try:
        key = b64decode(text.strip(), validate=True)
    except (NotBase64, ValueError):
        raise fault from None
    if len(key) != KEY_BYTES:
        raise fault
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = path.with_name(f".{secrets.token_hex(8)}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with suppress(FileExistsError):
        os.link(own, path)  # the first wins, and nobody ever sees half a key
    own.unlink()
