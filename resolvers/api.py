"""The assembled schema: `api`. Each feature has one line here."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.asset import AssetMutations
from resolvers.comment import CommentMutations
from resolvers.design import DesignMutations
from resolvers.element import ElementMutations
from resolvers.events import EventSubscriptions
from resolvers.gallery import GalleryQueries
from resolvers.identity import IdentityMutations
from resolvers.node import NodeQueries
from resolvers.organization import OrganizationMutations
from resolvers.project import ProjectMutations
from schema.errors import HANDLERS
from schema.limits import Limits
from schema.node import TYPES
from schema.prepared import Preparer, preparing
from schema.scalars import SCALARS


@strawberry.type(description="What can be asked.")
class Query(GalleryQueries, NodeQueries):
    """The entry fields of queries."""


@strawberry.type(description="What can be done; each answers a union of the result and the failures to expect.")
class Mutation(
    IdentityMutations,
    OrganizationMutations,
    ProjectMutations,
    DesignMutations,
    ElementMutations,
    CommentMutations,
    AssetMutations,
):
    """The entry fields of mutations."""


@strawberry.type(description="What can be followed.")
class Subscription(EventSubscriptions):
    """The entry fields of subscriptions."""


def build(*, production: bool = False, limits: Limits | None = None) -> tuple[strawberry.Schema, Preparer]:
    """Assemble the schema, and the preparer that all its transports share.

    In production there is no introspection, and errors suggest no names.
    """
    shared: list[Preparer] = []
    schema = strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        types=[*TYPES.values()],
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[preparing(lambda: shared[0])],
        exception_handlers=HANDLERS,
    )
    graphql_schema = schema._schema  # noqa: SLF001 - Strawberry offers no other way to graphql-core's schema
    shared.append(
        Preparer(graphql_schema, limits or Limits(), introspection=not production, suggestions=not production)
    )
    return schema, shared[0]


api, _ = build()
