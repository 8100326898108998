"""Erasing one's account."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.deleted import Deleted
from schema.errors import Conflict, InvalidInput, NotSignedIn, StepUpRequired


@strawberry.input
class EraseAccountInput:
    """The account's own address once more, as a safeguard against slips."""

    email: str = strawberry.field(description="The address of the viewer's account.")
    delete_organizations: bool = strawberry.field(
        default=False, description="Also delete the organizations that the viewer is the only member of."
    )


EraseAccountResult = Annotated[
    Deleted | NotSignedIn | StepUpRequired | InvalidInput | Conflict, strawberry.union("EraseAccountResult")
]
