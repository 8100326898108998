"""Which registered operation a request asks for, and the key under which its answer is kept; pure.

Three spellings are known: by path (`/graphql/<hex>`), by `documentId=sha256:<hex>` (GraphQL over HTTP, appendix) and by
Apollo's `extensions.persistedQuery`. Whatever is not understood in full is left to the origin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

import orjson

from edge.plans import Plan

_HEX = re.compile(r"[0-9a-f]{64}")
_LONGEST_VARIABLES = 16 * 1024


class Known(Protocol):
    """What knows plans by their document's id."""

    def get(self, id_: str, /) -> Plan | None:
        """Return a plan, None for an unknown document."""
        ...


class Lookup(NamedTuple):
    """A cacheable request: its plan, its variables in one canonical spelling, and the cache key of the two."""

    plan: Plan
    variables: bytes
    key: str


def document_hash(path: str, query: Mapping[str, str]) -> str | None:
    """Return the SHA-256 (hex) of the registered operation that a GET asks for, None if it asks in no known way.

    Who asks in several ways must mean the same each time: the origin refuses some of what does not fit together.
    """
    if "query" in query:
        return None
    asked: set[str] = set()
    if name := path.removeprefix("/graphql").removeprefix("/"):
        asked.add(name)
    if document_id := query.get("documentId"):
        asked.add(document_id.removeprefix("sha256:") if document_id.startswith("sha256:") else "")
    if extensions := query.get("extensions"):
        asked.add(_apollo_hash(extensions))
    found = asked.pop() if len(asked) == 1 else ""
    return found if _HEX.fullmatch(found) else None


def lookup(path: str, query: Mapping[str, str], plans: Known) -> Lookup | None:
    """Return what a GET's path and query ask of the cache; None where the origin must answer."""
    plan = plans.get(document_hash(path, query) or "")
    if plan is None or not plan.cacheable or query.get("operationName", plan.name) != plan.name:
        return None
    given = query.get("variables", "")
    if len(given) > _LONGEST_VARIABLES:
        return None
    try:
        variables = orjson.loads(given) if given else {}
    except orjson.JSONDecodeError:
        return None
    if variables is None:
        variables = {}
    if not isinstance(variables, dict):
        return None
    try:
        canonical = canonicalise(plan, variables)
    except orjson.JSONEncodeError:  # nested deeper than it can be written
        return None
    return Lookup(plan, canonical, _key(plan, canonical))


def key_of(plan: Plan, variables: Mapping[str, Any]) -> str:
    """Return the cache key of an operation with these variables."""
    return _key(plan, canonicalise(plan, variables))


def canonicalise(plan: Plan, variables: Mapping[str, Any]) -> bytes:
    """Spell variables in one way: only the declared ones, defaults filled in, names sorted, compact JSON.

    A null is left out where it means the same as nothing.
    """
    named = {name: variables[name] for name in plan.variables if name in variables}
    named = {name: value for name, value in named.items() if value is not None or name not in plan.nullable}
    spelled = orjson.dumps({**plan.defaults, **named}, option=orjson.OPT_SORT_KEYS)
    return bytes(memoryview(spelled))  # a copy of the right size: orjson's has a kilobyte or four to spare


def _key(plan: Plan, canonical: bytes) -> str:
    return blake2b(plan.digest.encode() + canonical, digest_size=16).hexdigest()


def _apollo_hash(extensions: str) -> str:
    try:
        value: Any = orjson.loads(extensions)
    except orjson.JSONDecodeError:
        return ""
    persisted = value.get("persistedQuery") if isinstance(value, dict) else None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        return ""
    found = persisted.get("sha256Hash")
    return found if isinstance(found, str) else ""
