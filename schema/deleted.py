"""What deleting answers."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn


@strawberry.type(description="It is gone.")
class Deleted:
    """The id of what was deleted."""

    id: strawberry.ID


DeleteResult = Annotated[Deleted | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("DeleteResult")]
