"""A passkey in software, and what people do with it over HTTP."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from beanie import PydanticObjectId
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.utils import sha256
from soft_webauthn import SoftWebauthnDevice

from models.entity import now
from resolvers.stepping_up import FRESH
from schema import ids
from tests.platform import Json, Platform, User

ERROR: Final = "... on UserError { message code path }"
_OPTIONS: Final = f"{{ __typename ... on PasskeyOptions {{ ticket options }} {ERROR} }}"
_SIGNED_IN: Final = f"{{ __typename ... on SignedIn {{ accessToken refreshToken viewer {{ id }} }} {ERROR} }}"

LIST: Final = "{ viewer { passkeys { totalCount edges { node { id name lastUsedAt syncs backedUp } } } } }"
BEGIN_ADDING: Final = f"mutation {{ result: beginPasskeyRegistration {_OPTIONS} }}"
FINISH_ADDING: Final = f"""mutation ($input: FinishPasskeyRegistrationInput!) {{
    result: finishPasskeyRegistration(input: $input) {{ __typename ... on Passkey {{
    id name createdAt lastUsedAt syncs backedUp }} {ERROR} }} }}"""
BEGIN_SIGN_IN: Final = f"mutation {{ result: beginPasskeySignIn {_OPTIONS} }}"
FINISH_SIGN_IN: Final = f"""mutation ($ticket: String!, $credential: JSON!) {{
    result: finishPasskeySignIn(ticket: $ticket, credential: $credential) {_SIGNED_IN} }}"""
BEGIN_STEP_UP: Final = f"mutation {{ result: beginPasskeyStepUp {_OPTIONS} }}"
FINISH_STEP_UP: Final = f"""mutation ($ticket: String!, $credential: JSON!) {{
    result: finishPasskeyStepUp(ticket: $ticket, credential: $credential) {{ __typename
    ... on SteppedUp {{ authenticatedAt methods }} {ERROR} }} }}"""

_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
_FLAGS = 32  # where they stand in authenticator data, behind the hash of the relying party's id


@dataclass
class Device:
    """An authenticator with one credential. `syncs` says that its maker copies it between devices."""

    verifies: bool = True
    syncs: bool = False
    soft: Any = field(default_factory=SoftWebauthnDevice)

    @property
    def flags(self) -> int:
        """What it says of itself and of its user."""
        return _PRESENT | (_VERIFIED if self.verifies else 0) | (_ELIGIBLE | _BACKED_UP if self.syncs else 0)

    def create(self, options: Json, origin: str, **client: Any) -> Json:
        """Make a credential; `client` are further things that the browser says."""
        made = self.soft.create({"publicKey": _read(options)}, origin)
        attestation: Any = cbor.decode(made["response"]["attestationObject"])
        attestation["authData"] = self._flagged(attestation["authData"], _ATTESTED)
        made["response"]["attestationObject"] = cbor.encode(attestation)
        return _written(made, **client)

    def get(self, options: Json, origin: str, *, count: int | None = None, **client: Any) -> Json:
        """Sign a challenge; with a `count`, as if that many signatures were made."""
        if count is not None:
            self.soft.sign_count = count - 1
        made = self.soft.get({"publicKey": _read(options)}, origin)
        answer, data = made["response"], json.loads(made["response"]["clientDataJSON"]) | client
        answer["clientDataJSON"] = json.dumps(data).encode()
        answer["authenticatorData"] = self._flagged(answer["authenticatorData"])
        if count == 0:
            answer["authenticatorData"] = answer["authenticatorData"][:-4] + bytes(4)
        signed = answer["authenticatorData"] + sha256(answer["clientDataJSON"])
        answer["signature"] = self.soft.private_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return _written(made)

    def _flagged(self, data: bytes, more: int = 0) -> bytes:
        return data[:_FLAGS] + bytes([self.flags | more]) + data[_FLAGS + 1 :]


def _read(options: Json) -> Json:
    """Return options as a browser hands them on: what is base64 in JSON is bytes."""
    read = {**options, "challenge": _bytes(options["challenge"])}
    if "user" in options:
        read["user"] = {**options["user"], "id": _bytes(options["user"]["id"])}
    return read


def _written(made: Json, **client: Any) -> Json:
    """Return an answer as `toJSON()` would."""
    data = json.loads(made["response"]["clientDataJSON"]) | client
    response = {**made["response"], **({"clientDataJSON": json.dumps(data).encode()} if client else {})}
    text = {name: text_of(value) for name, value in response.items() if value is not None}
    return {"id": text_of(made["rawId"]), "rawId": text_of(made["rawId"]), "type": made["type"], "response": text}


def text_of(value: bytes) -> str:
    """Return bytes in URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def run(platform: Platform, query: str, token: str | None = None, **variables: Any) -> Json:
    """Run a mutation whose field is called `result`."""
    result: Json = (await platform.ask(query, variables, token))["result"]
    return result


async def add(user: User, device: Device, name: str = "Laptop", **client: Any) -> Json:
    """Add a passkey to an account."""
    begun = await run(user.platform, BEGIN_ADDING, user.token)
    origin = client.pop("origin", user.platform.edge)
    credential = device.create(begun["options"], origin, **client)
    return await finish_adding(user, begun["ticket"], credential, name)


async def finish_adding(user: User, ticket: str, credential: Any, name: str = "Laptop") -> Json:
    """Send a new credential."""
    input_ = {"ticket": ticket, "credential": credential, "name": name}
    return await run(user.platform, FINISH_ADDING, user.token, input=input_)


async def sign_in(platform: Platform, device: Device, *, origin: str | None = None, **options: Any) -> Json:
    """Sign in with a passkey."""
    begun = await run(platform, BEGIN_SIGN_IN)
    credential = device.get(begun["options"], origin or platform.edge, **options)
    return await run(platform, FINISH_SIGN_IN, ticket=begun["ticket"], credential=credential)


async def step_up(user: User, device: Device) -> Json:
    """Prove again who one is, with a passkey."""
    begun = await run(user.platform, BEGIN_STEP_UP, user.token)
    credential = device.get(begun["options"], user.platform.edge)
    return await run(user.platform, FINISH_STEP_UP, user.token, ticket=begun["ticket"], credential=credential)


def key(user: User) -> PydanticObjectId:
    """Return a user's id in the database."""
    return ids.key(user.id, "User")


async def grow_stale(user: User) -> None:
    """Have it be too long ago that any device of a user's proved who uses it."""
    long_ago = {"$set": {"authenticated_at": now() - FRESH * 1.1}}
    await user.platform.database.handle["sessions"].update_many({"user": key(user)}, long_ago)


async def audited(user: User) -> list[str]:
    """Return what the log of audit says that a user did, or that was done to them, in this order."""
    theirs = {"$or": [{"actor": key(user)}, {"subject": key(user)}]}
    entries = user.platform.database.handle["audit_events"].find(theirs).sort("_id", 1)
    return [entry["action"] async for entry in entries]


async def owned(user: User) -> list[Json]:
    """Return a user's passkeys as they see them."""
    return [edge["node"] for edge in (await user.ask(LIST))["viewer"]["passkeys"]["edges"]]


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign Ana up."""
    return await platform.user("Ana")


@pytest.fixture
async def laptop(ana: User) -> Device:
    """Give Ana's passkey."""
    device = Device()
    assert (await add(ana, device))["__typename"] == "Passkey"
    return device
