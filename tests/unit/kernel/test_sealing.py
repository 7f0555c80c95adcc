"""Secrets at rest open with their key, at their place, unchanged; in no other way."""

import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from irm.errors import Unavailable
from irm.sealing import FILE, Aes256Gcm, cipher_of

SECRET = b"0123456789abcdefghij"


def test_a_secret_comes_back_and_is_not_to_be_seen() -> None:
    cipher = Aes256Gcm(bytes(32))
    sealed = cipher.seal(SECRET, "account/1")
    assert SECRET not in sealed
    assert cipher.seal(SECRET, "account/1") != sealed
    assert cipher.unseal(sealed, "account/1") == SECRET


@pytest.mark.parametrize("how", ["another key", "another place", "changed", "cut off"])
def test_anything_else_opens_nothing(how: str) -> None:
    cipher = Aes256Gcm(bytes(32))
    sealed = cipher.seal(SECRET, "account/1")
    place = "account/2" if how == "another place" else "account/1"
    if how == "another key":
        cipher = Aes256Gcm(bytes([1] * 32))
    if how == "changed":
        sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    if how == "cut off":
        sealed = sealed[:9]
    with pytest.raises(Unavailable):
        cipher.unseal(sealed, place)


def test_the_key_of_a_home_is_made_once_however_many_ask(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: cipher_of(tmp_path).seal(SECRET, "x"), range(16)))
    assert {cipher_of(tmp_path).unseal(one, "x") for one in made} == {SECRET}
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [one.name for one in (tmp_path / FILE).parent.iterdir()] == [FILE.name]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    cipher_of(tmp_path)
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(Unavailable, match="chmod 600"):
        cipher_of(tmp_path)


def test_a_key_from_the_settings_goes_before_the_homes(tmp_path: Path) -> None:
    given = b64encode(os.urandom(32)).decode()
    sealed = cipher_of(tmp_path, given).seal(SECRET, "x")
    assert not (tmp_path / FILE).exists()
    assert cipher_of(tmp_path / "elsewhere", given).unseal(sealed, "x") == SECRET
    for odd in ("no base64 !", b64encode(b"short").decode()):
        with pytest.raises(Unavailable, match="32 bytes"):
            cipher_of(tmp_path, odd)
