"""What a device answers is taken for a passkey only if it is one: of this place, to this question, with its user verified."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, strategies as st

from irm.access import ceremonies
from irm.access.ceremonies import NotAccepted
from irm.access.relying import RelyingParty
from tests.fakes.authenticator import PRESENT, Authenticator, encoded

PARTY = RelyingParty("localhost", "http://localhost:8000")
QUESTION, OTHER_QUESTION = b"q" * 32, b"o" * 32


def creation(challenge: bytes = QUESTION) -> dict[str, Any]:
    return ceremonies.creation(PARTY, account_id=uuid4(), login="wang", name="王敏", challenge=challenge, known=[])


def request(challenge: bytes = QUESTION) -> dict[str, Any]:
    return ceremonies.request(PARTY, challenge=challenge, allowed=[])


def test_a_device_is_asked_to_keep_the_key_and_to_verify_its_user() -> None:
    asked = creation()
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["attestation"] == "none"
    assert request()["userVerification"] == "required"


def test_what_was_made_verifies_what_is_given() -> None:
    device = Authenticator()
    made = ceremonies.verify_created(device.create(creation()), PARTY, challenge=QUESTION)
    assert made.credential_id == device.credential_id
    answer = device.get(request())
    assert ceremonies.read_given(answer).challenge == QUESTION
    assert ceremonies.verify_given(answer, PARTY, challenge=QUESTION, public_key=made.public_key) == 1


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://irm.example.org"},
        {"origin": "http://localhost:8001"},
        {"relying_party": "example.org"},
        {"flags": PRESENT},
        {"flags": 0},
    ],
    ids=["another site", "another port", "another relying party", "nobody verified", "nobody there"],
)
def test_an_answer_of_another_place_or_without_its_user_is_none(lie: dict[str, Any]) -> None:
    honest = Authenticator()
    made = ceremonies.verify_created(honest.create(creation()), PARTY, challenge=QUESTION)
    liar = Authenticator(credential_id=honest.credential_id, key=honest.key, user=honest.user, **lie)
    with pytest.raises(NotAccepted):
        ceremonies.verify_given(liar.get(request()), PARTY, challenge=QUESTION, public_key=made.public_key)
    with pytest.raises(NotAccepted):
        ceremonies.verify_created(liar.create(creation()), PARTY, challenge=QUESTION)


def test_an_answer_to_another_question_or_by_another_key_is_none() -> None:
    device, other = Authenticator(), Authenticator()
    made = ceremonies.verify_created(device.create(creation()), PARTY, challenge=QUESTION)
    with pytest.raises(NotAccepted):
        ceremonies.verify_created(device.create(creation(OTHER_QUESTION)), PARTY, challenge=QUESTION)
    for answer in (device.get(request(OTHER_QUESTION)), other.get(request())):
        with pytest.raises(NotAccepted):
            ceremonies.verify_given(answer, PARTY, challenge=QUESTION, public_key=made.public_key)


@pytest.mark.parametrize(
    ("last", "new", "copied"), [(0, 0, False), (0, 1, False), (5, 6, False), (5, 5, True), (5, 4, True), (5, 0, True)]
)
def test_a_counter_that_does_not_go_up_tells_of_a_copy(last: int, new: int, copied: bool) -> None:
    assert ceremonies.is_copied(last, new) is copied


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
said = st.fixed_dictionaries(
    {"id": anything, "rawId": anything, "type": st.just("public-key")},
    optional={
        "response": st.fixed_dictionaries(
            {},
            optional={
                "clientDataJSON": anything | st.binary(max_size=60).map(encoded),
                "attestationObject": anything | st.binary(max_size=60).map(encoded),
                "authenticatorData": anything | st.binary(max_size=60).map(encoded),
                "signature": anything,
                "userHandle": anything,
            },
        )
    },
)


@given(st.text(max_size=60) | said.map(json.dumps) | anything.map(json.dumps))
def test_what_no_browser_sends_is_no_answer_and_no_fault_of_irm(text: str) -> None:
    for read in (ceremonies.read_created, ceremonies.read_given):
        with pytest.raises(NotAccepted):
            read(text)
    with pytest.raises(NotAccepted):
        ceremonies.verify_created(text, PARTY, challenge=QUESTION)
    with pytest.raises(NotAccepted):
        ceremonies.verify_given(text, PARTY, challenge=QUESTION, public_key=b"\xa0")


@given(st.binary(max_size=200), anything)
def test_nor_is_what_lies_in_a_well_formed_envelope(data: bytes, member: Any) -> None:
    client = json.dumps({"type": "webauthn.create", "challenge": member, "origin": PARTY.origin}).encode()
    response = {"clientDataJSON": encoded(client), "attestationObject": encoded(data)}
    name = encoded(b"id")
    text = json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
    with pytest.raises(NotAccepted):
        ceremonies.verify_created(text, PARTY, challenge=QUESTION)


def test_an_endless_answer_is_not_read() -> None:
    device = Authenticator()
    answer = device.create(creation())
    assert ceremonies.read_created(answer)
    with pytest.raises(NotAccepted):
        ceremonies.read_created(answer + " " * ceremonies.LONGEST_ANSWER)
