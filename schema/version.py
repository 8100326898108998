"""Versions of a design: its canvas, kept under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.version
from schema.design import Design
from schema.errors import InvalidInput, NotAllowed, NotFound, NotSignedIn
from schema.node import Node
from schema.relations import reference
from schema.user import User


@strawberry.type(description="A design's canvas as it was once.")
class DesignVersion(Node, stores=models.version.DesignVersion):
    """A saved canvas."""

    name: str = strawberry.field(description="What it is called.")
    seq: int = strawberry.field(description="The number of the newest batch that it shows.")
    automatic: bool = strawberry.field(
        description="Nobody asked for it: it was saved before another one was restored, or before the log was trimmed."
    )
    created_at: datetime = strawberry.field(description="When it was saved.")
    author: User | None = reference("User", key="author", description="Who saved it.")
    design: Design | None = reference("Design", key="design", description="What it is a version of.")


@strawberry.input
class SaveVersionInput:
    """A new version, of the canvas as it is."""

    design_id: strawberry.ID
    name: str


SaveVersionResult = Annotated[
    DesignVersion | NotSignedIn | NotFound | NotAllowed | InvalidInput, strawberry.union("SaveVersionResult")
]
