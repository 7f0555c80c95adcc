"""What the check of a pack computes: Ed25519, signed notes, proofs. Standard library only, Python 3.8: see verify.py."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

DASH = "\u2014 "
NOTE_PARTS = 2

# -- Ed25519 (RFC 8032 §6), verification only

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)  # noqa: E741 - its name in the RFC


def _plus(a: Any, b: Any) -> Any:
    u, v = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = v - u, d - c, d + c, v + u
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Any) -> Any:
    made = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            made = _plus(made, point)
        point = _plus(point, point)
        scalar >>= 1
    return made


def _point(data: bytes) -> Any:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * I % P
    if y >= P or (x * x - square) % P or (not x and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _point_of_base() -> Any:
    y = 4 * pow(5, P - 2, P) % P
    return _point(y.to_bytes(32, "little"))


def is_signed(public: bytes, text: bytes, signature: bytes) -> bool:
    if len(public) != 32 or len(signature) != 64:  # noqa: PLR2004 - sizes of Ed25519
        return False
    key, commitment = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % L
    left, right = _times(scalar, _point_of_base()), _plus(commitment, _times(challenge, key))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


# -- signed notes and checkpoints (C2SP)


def key_of(text: str) -> tuple[str, bytes]:
    """(name, public key) of a verifier key. Raises ValueError."""
    name, key_id, encoded = text.strip().split("+", 2)
    data = base64.b64decode(encoded, validate=True)
    if data[:1] != b"\x01" or hashlib.sha256(name.encode() + b"\n" + data).digest()[:4].hex() != key_id:
        raise ValueError(text)
    return name, data[1:]


def fingerprint(public: bytes) -> str:
    digits = hashlib.sha256(public).hexdigest()
    return " ".join(digits[at : at + 4] for at in range(0, 32, 4))


def opened(note: str, key: tuple[str, bytes]) -> tuple[str, bool]:
    """(text, whether `key` signed it)."""
    parts = note.rsplit("\n\n", 1)
    text = parts[0] + "\n"
    name, public = key
    key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    if len(parts) != NOTE_PARTS:
        return note, False
    for line in parts[1].splitlines():
        if not line.startswith(DASH + name + " "):
            continue
        try:
            data = base64.b64decode(line[len(DASH + name) + 1 :], validate=True)
        except ValueError:
            continue
        if data[:4] == key_id and is_signed(public, text.encode(), data[4:]):
            return text, True
    return text, False


def checkpoint_of(text: str) -> tuple[int, bytes, str]:
    """(size, root, when). Raises ValueError."""
    lines = text.splitlines()
    if len(lines) < 4:  # noqa: PLR2004 - origin, size, root, moment
        raise ValueError(text)
    return int(lines[1]), base64.b64decode(lines[2], validate=True), lines[3].replace("at ", "", 1)


# -- RFC 9162


def leaf_of(entry: dict[str, Any]) -> bytes:
    fields = {name: entry[name] for name in ("id", "at", "actor", "action", "subject", "body")}
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"\x00" + text.encode()).digest()


def node_of(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_by(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """Where an inclusion proof leads to; None when it has the wrong length."""
    if not 0 <= index < size:
        return None
    first, last, found = index, size - 1, leaf
    for step in path:
        if not last:
            return None
        if first & 1 or first == last:
            found = node_of(step, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_of(found, step)
        first, last = first >> 1, last >> 1
    return None if last else found


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    if not 0 < old <= new:
        return False
    if old == new:
        return old_root == new_root
    steps = ([old_root] if not old & (old - 1) else []) + path
    if not steps:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    left = right = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if first & 1 or first == last:
            left, right = node_of(step, left), node_of(step, right)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            right = node_of(right, step)
        first, last = first >> 1, last >> 1
    return not last and left == old_root and right == new_root
