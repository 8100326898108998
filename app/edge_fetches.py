"""How the API knows what an edge fetches for its cache, on behalf of many: by a header that nobody else can make up.

The clients have paid at the edge, so the API charges nobody. Clients know signed `Edge-As-Of` tokens, of their own
writes; so this is a signature for a purpose of its own, over the document and the time. Only edges and the relay's
auditor send it, and no edge passes it on.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from auth.signatures import Keys, Purpose

_SECONDS: Final = 300  # by how much the clocks of an edge and an API may differ


def mark(keys: Keys, document_id: str, now: float | None = None, *, purpose: Purpose = "edge-fetch") -> str:
    """Return an `Edge-Fetch` header's value for a document; `now` in Unix seconds.

    For the purpose `api-key` an `Edge-Key` for the hash of a key instead: an edge asks what that may do.
    """
    return keys.sign(purpose, f"{document_id}-{int(time.time() if now is None else now)}")


def marked(keys: Keys, header: str, document_id: str, now: float | None = None) -> bool:
    """Whether a value was made by `mark` for this document, and lately."""
    return bool(document_id) and what_is_marked(keys, header, now) == document_id


def what_is_marked(keys: Keys, header: str, now: float | None = None, *, purpose: Purpose = "edge-fetch") -> str:
    """Return what `mark` was told lately, "" where it did not make this value."""
    if not header:
        return ""
    text = keys.verified(purpose, header)
    what, _, moment = (text or "").rpartition("-")
    recent = moment.isdecimal() and abs(int(moment) - (time.time() if now is None else now)) < _SECONDS
    return what if recent else ""
