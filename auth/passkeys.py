"""Passkeys: what authenticators are asked, and whether their answers are good (WebAuthn level 3, §7.1 and §7.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from models.challenge import CHALLENGE_LIFETIME, Challenge
from models.passkey import Passkey

Json = dict[str, Any]

_TIMEOUT = int(CHALLENGE_LIFETIME.total_seconds() * 1000)


class RefusedError(Exception):
    """An authenticator's answer is not good. The message says why, for the log."""


@dataclass(frozen=True)
class RelyingParty:
    """Whom passkeys are for: `id` is a host, `origins` are the pages at it, or below it, that may use them."""

    id: str
    origins: tuple[str, ...]
    name: str = "DiseñoPro"

    @classmethod
    def of(cls, public_url: str, domain: str = "", origins: Sequence[str] = ()) -> RelyingParty:
        """Return that of the front door, unless another domain or other origins are named."""
        door = urlsplit(public_url)
        return cls(domain or door.hostname or "localhost", tuple(origins) or (f"{door.scheme}://{door.netloc}",))


@dataclass(frozen=True)
class Registered:
    """A new credential, in the terms of `Passkey`."""

    credential: str
    public_key: bytes
    sign_count: int
    syncs: bool
    backed_up: bool
    transports: list[str]


@dataclass(frozen=True)
class Asserted:
    """A good answer of a known credential. `went_back` says that its counter did not grow, though it counts."""

    sign_count: int
    backed_up: bool
    went_back: bool


def registration_options(
    party: RelyingParty, challenge: bytes, handle: bytes, account: str, name: str, known: Sequence[Passkey]
) -> Json:
    """Return what `navigator.credentials.create` is given, as JSON; who has one of `known` makes no other there."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=handle,
        user_name=account,
        user_display_name=name,
        challenge=challenge,
        timeout=_TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(known),
    )
    return options_to_json_dict(options)


def assertion_options(party: RelyingParty, challenge: bytes, known: Sequence[Passkey] = ()) -> Json:
    """Return what `navigator.credentials.get` is given, as JSON; without `known` the user chooses among theirs."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=_TIMEOUT,
        allow_credentials=_described(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def _described(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(passkey.credential),
            transports=[AuthenticatorTransport(transport) for transport in passkey.transports],
        )
        for passkey in known
    ]


def check_registration(party: RelyingParty, challenge: Challenge, answer: Any) -> Registered:
    """Return the credential that an authenticator made.

    Raises:
        RefusedError: the answer is for another challenge, origin or relying party, lacks user verification, or is not
            what WebAuthn says it is.

    """
    try:
        parsed = webauthn.helpers.parse_registration_credential_json(answer)
        _check_frame(parsed.response.client_data_json)
        verified = webauthn.verify_registration_response(
            credential=parsed,
            expected_challenge=challenge.challenge,
            expected_rp_id=party.id,
            expected_origin=[*party.origins],
            require_user_verification=challenge.user_verification == "required",
        )
    except Exception as error:  # whatever a parser says of bytes from anywhere
        raise RefusedError(str(error)) from error
    return Registered(
        credential=bytes_to_base64url(verified.credential_id),
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        syncs=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=verified.credential_backed_up,
        transports=[transport.value for transport in parsed.response.transports or ()],
    )


def credential_of(answer: Any) -> str:
    """Return the id of the credential that an answer claims to be of; empty where there is none."""
    id_ = answer.get("id") if isinstance(answer, dict) else None
    return id_ if isinstance(id_, str) else ""


def check_assertion(
    party: RelyingParty, challenge: Challenge, answer: Any, passkey: Passkey, handle: bytes
) -> Asserted:
    """Return what a known credential's answer says.

    The counter of a credential that syncs is that of its copies, and may step back; that of one bound to its device
    only does so when the device was copied.

    Raises:
        RefusedError: the answer is for another challenge, origin, relying party or user, lacks user verification, is
            not signed by the credential, or the counter of a device-bound one was not larger than before.

    """
    try:
        parsed = webauthn.helpers.parse_authentication_credential_json(answer)
        _check_frame(parsed.response.client_data_json)
        _check_user(challenge, parsed.response.user_handle, handle)
        verified = webauthn.verify_authentication_response(
            credential=parsed,
            expected_challenge=challenge.challenge,
            expected_rp_id=party.id,
            expected_origin=[*party.origins],
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0 if passkey.syncs else passkey.sign_count,
            require_user_verification=challenge.user_verification == "required",
        )
    except Exception as error:  # likewise
        raise RefusedError(str(error)) from error
    if (verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE) is not passkey.syncs:
        raise RefusedError("Whether a credential may be backed up never changes.")
    count = verified.new_sign_count
    counted = bool(count or passkey.sign_count)
    return Asserted(count, verified.credential_backed_up, went_back=counted and count <= passkey.sign_count)


def _check_user(challenge: Challenge, given: bytes | None, handle: bytes) -> None:
    """Hold the user that an authenticator names against the credential's; one that knows nobody yet must name one."""
    if given != handle and (challenge.user is None or given):
        raise RefusedError("The user handle is not that of the credential's user.")


def _check_frame(client_data: bytes) -> None:
    """Refuse what was asked in a frame of another site; we never do that."""
    if parse_client_data_json(client_data).cross_origin:
        raise RefusedError("It was asked in a page of another origin.")
