"""What a key of a partner may ask; pure. The edge and the API judge by the same lines, and refuse in the same words."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from edge.plans import EVERYBODY, PARTNERS, Plan

READ_ORGANIZATION: Final = "READ_ORGANIZATION"

_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_BYTES: Final = 800  # what a record takes beside its operations
_BYTES_AN_OPERATION: Final = 160
_LISTS: Final = ("scopes", "operations", "withheld", "origins")


class Refusal(NamedTuple):
    """Why a request with a key is not answered: an HTTP status, a code, words, and further headers."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What is known of a key that is good: ids in hex, its budget a minute in cost, what it may ask.

    `operations` are the document ids that it may ask; `withheld` those that its organization may and it may not.
    `origins` are empty where it may be used from anywhere. `expires_at` is in Unix seconds, infinite for never.
    """

    id: str
    organization: str
    a_minute: int
    scopes: frozenset[str]
    operations: frozenset[str]
    withheld: frozenset[str]
    origins: frozenset[str]
    expires_at: float

    @property
    def subject(self) -> str:
        """Return under which name its budget is counted."""
        return f"key:{self.id}"

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        return _BYTES + _BYTES_AN_OPERATION * (len(self.operations) + len(self.withheld) + len(self.origins))

    def encode(self) -> bytes:
        """Return it as JSON, for an edge."""
        texts = {"id": self.id, "organization": self.organization, "a_minute": self.a_minute}
        lists = {name: sorted(getattr(self, name)) for name in _LISTS}
        ends = None if math.isinf(self.expires_at) else self.expires_at
        return orjson.dumps({**texts, **lists, "expires_at": ends})


NO_RECORD: Final = b"null"
"""What the API says of a key that is unknown or was revoked."""


def decode(body: bytes) -> Record | None:
    """Read what the API says of a key; None: there is no such key. Raises ValueError for anything else."""
    row: Any = orjson.loads(body)
    if row is None:
        return None
    try:
        lists = {name: frozenset(map(str, row[name])) for name in _LISTS}
        ends = math.inf if row["expires_at"] is None else float(row["expires_at"])
        return Record(
            id=str(row["id"]),
            organization=str(row["organization"]),
            a_minute=int(row["a_minute"]),
            expires_at=ends,
            **lists,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a record of a key: {error}") from error


def narrowed(
    organizations: Collection[str], partners: Collection[str], chosen: Collection[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return what a key may ask and what is withheld of it: of its organization's operations and those for partners.

    `chosen` are those that the key is for; all, where there are none.
    """
    known = frozenset(organizations) | frozenset(partners)
    allowed = known & frozenset(chosen) if chosen else known
    return allowed, known - allowed


def unusable(record: Record | None, origin: str, now: float) -> Refusal | None:
    """Say why a key may not be used at all, from an `Origin` ("" for none), at a time (Unix seconds)."""
    if record is None or now >= record.expires_at:
        return UNKNOWN
    if record.origins and origin not in record.origins:
        words = "This API key may not be used from this origin." if origin else "This API key needs an `Origin`."
        return Refusal(403, "ORIGIN_NOT_ALLOWED", words, {})
    return None


def refused(record: Record, id_: str, audience: str, scope: str) -> Refusal | None:
    """Say why a key may not ask a document. What its organization has nothing to do with is unknown to it."""
    if id_ in record.operations:
        if scope != "PUBLIC" and READ_ORGANIZATION not in record.scopes:
            words = f"This operation is executed as its caller: the API key needs the scope {READ_ORGANIZATION}."
            return Refusal(403, "SCOPE_REQUIRED", words, {})
        return None
    if id_ in record.withheld or audience in {EVERYBODY, PARTNERS}:
        return Refusal(403, "OPERATION_NOT_ALLOWED", "This API key is not for this operation.", {})
    return unregistered(id_)


def judge(record: Record | None, origin: str, plan: Plan, now: float) -> Refusal | None:
    """Say why a request with a key is not answered, None where it is."""
    refusal = unusable(record, origin, now)
    return refusal if refusal is not None or record is None else refused(record, plan.id, plan.audience, plan.scope)


def unregistered(id_: str) -> Refusal:
    """Say that nobody has registered a document, or others have: one answer for both."""
    return Refusal(404, "PERSISTED_QUERY_NOT_FOUND", f"No operation is registered as sha256:{id_}.", {})


MALFORMED: Final = Refusal(401, "INVALID_API_KEY", "This is no API key: its checksum is wrong.", _CHALLENGE)
UNKNOWN: Final = Refusal(401, "INVALID_API_KEY", "This API key is unknown, was revoked, or has expired.", _CHALLENGE)
NEEDED: Final = Refusal(
    401,
    "API_KEY_REQUIRED",
    "This operation is for partners: send `Authorization: Bearer dp_live_…`.",
    {"WWW-Authenticate": "Bearer"},
)
UNREGISTERED: Final = Refusal(
    403, "REGISTERED_OPERATIONS_ONLY", "An API key asks registered operations by their ids, and nothing else.", {}
)
READS_ONLY: Final = Refusal(403, "READS_ONLY", "An API key reads: neither mutations nor subscriptions.", {})
