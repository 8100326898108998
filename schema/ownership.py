"""What only owners do: hand an organization over, and delete it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.deleted import Deleted
from schema.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn, StepUpRequired
from schema.organization import Membership


@strawberry.input
class DeleteOrganizationInput:
    """What to delete, and its name once more, as a safeguard against slips."""

    id: strawberry.ID
    name: str = strawberry.field(description="The organization's name, exactly.")


TransferOwnershipResult = Annotated[
    Membership | NotSignedIn | StepUpRequired | NotFound | NotAllowed | InvalidInput | Conflict,
    strawberry.union("TransferOwnershipResult"),
]
DeleteOrganizationResult = Annotated[
    Deleted | NotSignedIn | StepUpRequired | NotFound | NotAllowed | InvalidInput,
    strawberry.union("DeleteOrganizationResult"),
]
