"""Operations that organizations have registered, to be asked by their id."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.operation
from models.operation import Scope
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.node import Node
from schema.organization import Organization
from schema.relations import reference
from schema.user import User

strawberry.enum(Scope, description="Who an operation is executed as: PUBLIC as nobody, VIEWER as the caller.")


@strawberry.type(description="A query that an organization has registered, to be asked by its `documentId`.")
class RegisteredOperation(Node, stores=models.operation.RegisteredOperation):
    """A registered query. What it may cost and how long it is kept are as they were when it was registered."""

    name: str = strawberry.field(description="Its name in the document.")
    document_id: str = strawberry.field(
        description="The SHA-256 of its text, in hex: `GET /graphql/<documentId>?variables=…` asks it."
    )
    body: str = strawberry.field(description="Its text.")
    scope: Scope = strawberry.field(description="Who it is executed as.")
    cost: int = strawberry.field(description="How many fields its largest answer has.")
    max_age: int = strawberry.field(description="For how many seconds the edge may keep an answer; 0: not at all.")
    created_at: datetime = strawberry.field(description="When it was registered.")
    creator: User | None = reference("User", key="created_by", description="Who registered it.")
    organization: Organization | None = reference("Organization", key="organization", description="Whose it is.")


@strawberry.input
class RegisterOperationInput:
    """A document with one named query."""

    organization_id: strawberry.ID
    document: str


RegisterOperationResult = Annotated[
    RegisteredOperation | NotSignedIn | NotFound | NotAllowed | InvalidInput,
    strawberry.union("RegisterOperationResult"),
]
