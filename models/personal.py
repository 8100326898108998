"""What documents have to do with people, and what becomes of that when somebody has their account erased."""

from __future__ import annotations

from enum import StrEnum


class Erasing(StrEnum):
    """What becomes of a document that refers to a user whose account is erased."""

    AT_ONCE = "AT_ONCE"
    """It is deleted in the erasure's own transaction: it gives access, has a secret, or is theirs alone."""

    SOON = "SOON"
    """The relay deletes it, within seconds: there may be many."""

    STAYS = "STAYS"
    """It belongs to others. Its reference leads to what is left of the user: a document that says nothing of them."""
