"""The assembled schema: `api`. Each feature has one line here."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from resolvers.account import AccountMutations
from resolvers.api_key import ApiKeyMutations
from resolvers.asset import AssetMutations
from resolvers.audit import AuditQueries
from resolvers.comment import CommentMutations
from resolvers.design import DesignMutations
from resolvers.element import ElementMutations
from resolvers.erasure import ErasureMutations
from resolvers.events import EventSubscriptions
from resolvers.factor import FactorMutations, FactorQueries
from resolvers.gallery import GalleryQueries
from resolvers.identity import IdentityMutations
from resolvers.invitation import InvitationMutations, InvitationQueries
from resolvers.node import NodeQueries
from resolvers.operation import OperationMutations
from resolvers.organization import OrganizationMutations
from resolvers.ownership import OwnershipMutations
from resolvers.passkey import PasskeyMutations
from resolvers.presence import PresenceMutations
from resolvers.project import ProjectMutations
from resolvers.replication import ReplicationMutations, ReplicationQueries, ReplicationSubscriptions
from resolvers.session import SessionMutations
from resolvers.stepping_up import SteppingUpMutations
from resolvers.version import VersionMutations
from schema.errors import HANDLERS, expected, unavailable
from schema.limits import Limits
from schema.names import CachedNames
from schema.node import TYPES
from schema.prepared import Preparer, preparing
from schema.scalars import SCALARS

log = logging.getLogger(__name__)


@strawberry.type(description="What can be asked.")
class Query(GalleryQueries, NodeQueries, InvitationQueries, ReplicationQueries, AuditQueries, FactorQueries):
    """The entry fields of queries."""


@strawberry.type(description="What can be done; each answers a union of the result and the failures to expect.")
class Mutation(
    IdentityMutations,
    AccountMutations,
    FactorMutations,
    PasskeyMutations,
    SteppingUpMutations,
    SessionMutations,
    OrganizationMutations,
    InvitationMutations,
    OwnershipMutations,
    ErasureMutations,
    ProjectMutations,
    DesignMutations,
    ElementMutations,
    VersionMutations,
    PresenceMutations,
    CommentMutations,
    AssetMutations,
    OperationMutations,
    ApiKeyMutations,
    ReplicationMutations,
):
    """The entry fields of mutations."""


@strawberry.type(description="What can be followed.")
class Subscription(EventSubscriptions, ReplicationSubscriptions):
    """The entry fields of subscriptions."""


class Api(strawberry.Schema):
    """The schema; it logs what is unexpected, with the request's id."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Log unexpected errors; clients see them masked."""
        self.log_errors(errors, getattr(getattr(execution_context, "context", None), "request_id", "-"))

    def log_errors(self, errors: Iterable[GraphQLError], request_id: str) -> None:
        """Log what is not the client's to know."""
        for error in errors:
            if unavailable(error):
                log.warning("Request %s: MongoDB does not answer: %s", request_id, error.original_error)
            elif not expected(error):
                log.error("Request %s failed at %s.", request_id, error.path, exc_info=error.original_error)


def build(
    *, production: bool = False, limits: Limits | None = None, registered: Container[str] | None = None
) -> tuple[Api, Preparer]:
    """Assemble the schema, and the preparer that all its transports share.

    In production there is no introspection, and errors suggest no names; with `registered` (document ids), only those
    documents are accepted.
    """
    shared: list[Preparer] = []
    schema = Api(
        Query,
        Mutation,
        Subscription,
        types=[*TYPES.values()],
        config=StrawberryConfig(scalar_map=SCALARS, name_converter=CachedNames()),
        extensions=[preparing(lambda: shared[0])],
        exception_handlers=HANDLERS,
    )
    graphql_schema = schema._schema  # noqa: SLF001 - Strawberry offers no other way to graphql-core's schema
    shared.append(
        Preparer(
            graphql_schema,
            limits or Limits(),
            introspection=not production,
            suggestions=not production,
            registered=registered,
        )
    )
    return schema, shared[0]


api, _ = build()
