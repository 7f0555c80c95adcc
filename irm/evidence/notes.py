"""Signed notes (C2SP signed-note) with Ed25519, the format in which a log's checkpoints travel.

A note is text that ends in a newline, an empty line, and one line per signature: `— <name> <base64(key id ‖ signature)>`.
A verifier key is `<name>+<key id in hex>+<base64(0x01 ‖ public key)>`; the key id is the first four bytes of
SHA-256(name ‖ newline ‖ 0x01 ‖ public key).
"""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519: Final = b"\x01"
DASH: Final = "\u2014 "
ID_BYTES: Final = 4


class NoteInvalid(ValueError):
    """Not a signed note, or not signed by the key that was asked for."""


@dataclass(frozen=True)
class VerifierKey:
    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:ID_BYTES]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key in groups of four, to be compared by eye or read out on the telephone."""
        digits = sha256(self.public).hexdigest()
        return " ".join(digits[at : at + 4] for at in range(0, 32, 4))

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoteInvalid."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            data = b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise NoteInvalid(text) from error
        made = cls(name, data[1:])
        if not name or data[:1] != ED25519 or made.id.hex() != key_id:
            raise NoteInvalid(text)
        return made


class Signer(Protocol):
    """Whoever signs for the log. A 国密 service (SM2) can stand here: it names its key and its own signature bytes."""

    @property
    def key(self) -> VerifierKey: ...

    def sign(self, text: bytes) -> bytes: ...


def signed(text: str, signer: Signer) -> str:
    """The note: `text` (which must end in a newline) with the signer's line under it."""
    if not text.endswith("\n"):
        message = "a note's text ends in a newline"
        raise ValueError(message)
    signature = b64encode(signer.key.id + signer.sign(text.encode())).decode()
    return f"{text}\n{DASH}{signer.key.name} {signature}\n"


def opened(note: str, key: VerifierKey) -> str:
    """The text, when `key` signed it. Raises NoteInvalid."""
    text, line, signatures = note.rpartition("\n\n")
    if not line:
        raise NoteInvalid(note)
    text += "\n"
    for one in signatures.splitlines():
        name, _, encoded = one.removeprefix(DASH).partition(" ")
        if not one.startswith(DASH) or name != key.name:
            continue
        try:
            data = b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise NoteInvalid(note) from error
        if data[:ID_BYTES] != key.id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(data[ID_BYTES:], text.encode())
        except InvalidSignature as error:
            raise NoteInvalid(note) from error
        return text
    raise NoteInvalid(note)
