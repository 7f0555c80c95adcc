"""Signed notes: what cryptography signs, the script's own Ed25519 accepts, and nothing else."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from irm.evidence import notes, proving
from irm.evidence.checkpoint import Checkpoint, NoCheckpoint
from irm.evidence.notes import NoteInvalid, VerifierKey


@dataclass(frozen=True)
class Signer:
    private: Ed25519PrivateKey
    name: str = "irm-ledger-test"

    @property
    def key(self) -> VerifierKey:
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text)


SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
AT = datetime(2026, 11, 20, 19, 41, 7, tzinfo=UTC)


def test_the_key_of_the_c2sp_examples_is_read_and_written_alike() -> None:
    """The verifier key of Go's checksum database (sum.golang.org), whose format this is."""
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert str(VerifierKey.parse(text)) == text
    assert proving.key_of(text)[0] == "sum.golang.org"


def test_a_note_opens_with_its_key_and_with_no_other() -> None:
    note = notes.signed("one\ntwo\n", SIGNER)
    assert notes.opened(note, SIGNER.key) == "one\ntwo\n"
    assert proving.opened(note, (SIGNER.key.name, SIGNER.key.public)) == ("one\ntwo\n", True)
    for broken in (note.replace("two", "twa"), note.rpartition("\n\n")[0], "", notes.signed("one\ntwo\n", OTHER)):
        with pytest.raises(NoteInvalid):
            notes.opened(broken, SIGNER.key)
        assert proving.opened(broken, (SIGNER.key.name, SIGNER.key.public))[1] is False


@pytest.mark.parametrize("text", ["", "x", "x+1+2", "irm+00000000+AQAA", str(SIGNER.key)[:-4] + "AAAA"])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        VerifierKey.parse(text)
    with pytest.raises(ValueError):
        proving.key_of(text)


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32), st.integers(0, 511))
def test_the_script_s_ed25519_agrees_with_the_library(text: bytes, seed: bytes, flipped: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(text)
    assert proving.is_signed(public, text, signature)
    wrong = bytearray(signature)
    wrong[flipped // 8] ^= 1 << flipped % 8
    assert not proving.is_signed(public, text, bytes(wrong))
    assert not proving.is_signed(public, text + b"x", signature)


def test_a_checkpoint_is_what_it_says() -> None:
    one = Checkpoint("irm-ledger-test", 1260, bytes(32), AT)
    assert one.text == f"irm-ledger-test\n1260\n{b64encode(bytes(32)).decode()}\nat 2026-11-20T19:41:07Z\n"
    assert Checkpoint.parse(one.text) == one
    assert proving.checkpoint_of(one.text) == (1260, bytes(32), "2026-11-20T19:41:07Z")
    for broken in (
        "",
        "a\nb\n",
        one.text.replace("1260", "-1"),
        one.text.replace("1260", "01260"),
        one.text + "more\n",
    ):
        with pytest.raises(NoCheckpoint):
            Checkpoint.parse(broken)
    assert b64decode(one.text.splitlines()[2]) == bytes(32)
