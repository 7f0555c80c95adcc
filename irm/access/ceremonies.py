"""What a browser is asked for with a passkey, and whether its answer is one (W3C Web Authentication Level 2, §7). Pure.

The user has to be verified by the device (PIN, fingerprint, face): only so is a passkey two factors in one.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import webauthn
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from irm.access.relying import RelyingParty

LONGEST_ANSWER: Final = 32_768
"""Characters of JSON; with the longest attestation it is a few thousand."""
_UNREADABLE: Final = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
"""What the library raises over an answer that no browser sends: it takes members' types for granted."""


class NotAccepted(Exception):
    """Unreadable, of another origin or relying party, not verified by the device, wrongly signed. The text is for logs."""


@dataclass(frozen=True)
class Answer:
    """What an answer says before anything of it was verified."""

    challenge: bytes
    credential_id: bytes
    user_handle: bytes | None = None


@dataclass(frozen=True)
class NewPasskey:
    credential_id: bytes
    public_key: bytes
    sign_count: int


def creation(
    party: RelyingParty, *, account_id: UUID, login: str, name: str, challenge: bytes, known: list[bytes]
) -> dict[str, Any]:
    """Options of `navigator.credentials.create`, bytes as base64url. `known`: credentials that the account has already."""
    return options_to_json_dict(
        webauthn.generate_registration_options(
            rp_id=party.id,
            rp_name="irm",
            user_id=account_id.bytes,
            user_name=login,
            user_display_name=name,
            challenge=challenge,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
    )


def request(party: RelyingParty, *, challenge: bytes, allowed: list[bytes]) -> dict[str, Any]:
    """Options of `navigator.credentials.get`, bytes as base64url. `allowed` empty: any that the device keeps for irm."""
    return options_to_json_dict(
        webauthn.generate_authentication_options(
            rp_id=party.id,
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in allowed],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def read_created(answer: str) -> Answer:
    """Of `navigator.credentials.create`. Raises NotAccepted."""
    try:
        parsed = parse_registration_credential_json(_bounded(answer))
        client = parse_client_data_json(parsed.response.client_data_json)
    except _UNREADABLE as error:
        raise NotAccepted(str(error)) from error
    return Answer(client.challenge, parsed.raw_id)


def read_given(answer: str) -> Answer:
    """Of `navigator.credentials.get`. Raises NotAccepted."""
    try:
        parsed = parse_authentication_credential_json(_bounded(answer))
        client = parse_client_data_json(parsed.response.client_data_json)
    except _UNREADABLE as error:
        raise NotAccepted(str(error)) from error
    return Answer(client.challenge, parsed.raw_id, parsed.response.user_handle)


def verify_created(answer: str, party: RelyingParty, *, challenge: bytes) -> NewPasskey:
    """Raises NotAccepted."""
    try:
        made = webauthn.verify_registration_response(
            credential=_bounded(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise NotAccepted(str(error)) from error
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)


def verify_given(answer: str, party: RelyingParty, *, challenge: bytes, public_key: bytes) -> int:
    """The device's counter of signatures; what it means is judged by `is_copied`. Raises NotAccepted."""
    try:
        given = webauthn.verify_authentication_response(
            credential=_bounded(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,  # the library would call a copy a bad answer; here they are told apart
            require_user_verification=True,
        )
    except _UNREADABLE as error:
        raise NotAccepted(str(error)) from error
    return given.new_sign_count


def is_copied(last: int, new: int) -> bool:
    """Two devices sign with one key: the counter did not go up (§6.1.1). Devices that do not count always say 0."""
    return (last > 0 or new > 0) and new <= last


def _bounded(answer: str) -> str:
    if len(answer) > LONGEST_ANSWER:
        message = f"{len(answer)} characters"
        raise NotAccepted(message)
    return answer
