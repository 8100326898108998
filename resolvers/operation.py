"""Operations that partners register for their organization."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import OperationType

import models.operation
import models.organization
from auth.permissions import Permission
from models.audit import AuditAction
from models.errors import InvalidInputError
from models.operation import MOST_OPERATIONS, Scope
from resolvers.auditing import audit
from resolvers.context import Info, mutation, permitted
from schema.deleted import Deleted, DeleteResult
from schema.node import show
from schema.operation import RegisterOperationInput, RegisterOperationResult
from schema.prepared import Operation, PreparationError, Prepared, Preparer

_LONGEST_NAME = 100


def examine(preparer: Preparer, text: str) -> tuple[Prepared, Operation]:
    """Return what a document means, if it can be registered: it is valid, within the limits, and one named query.

    Raises:
        InvalidInputError: says what is wrong, and where.

    """
    try:
        prepared = preparer.prepare(text, admitted=True)
    except PreparationError as error:
        raise _refused(_explained(error)) from error
    operations = list(prepared.operations.values())
    if len(operations) > 1:
        raise _refused(f"there are {len(operations)} operations in it; register each with a document of its own.")
    (operation,) = operations
    if operation.kind is not OperationType.QUERY:
        raise _refused(f"it is a {operation.kind.value}; only queries can be registered.")
    if operation.name is None:
        raise _refused("the query needs a name, as in `query Homes { … }`.")
    if len(operation.name) > _LONGEST_NAME:
        raise _refused(f"the query's name has {len(operation.name)} characters; {_LONGEST_NAME} are allowed.")
    return prepared, operation


def _refused(why: str) -> InvalidInputError:
    return InvalidInputError(f"document: {why}", path=("input", "document"))


def _explained(error: PreparationError) -> str:
    """Return what a document was refused for: the first error with its place, and how many there are more."""
    first, *more = error.errors
    places = [f" (line {place.line}, column {place.column})" for place in (first.locations or ())[:1]]
    others = [f" And {len(more)} more."] if more else []
    return "".join((first.message, *places, *others))


@strawberry.type
class OperationMutations:
    """Mutations of registered operations."""

    @mutation("Register a query for an organization, to be asked by its id; again answers the same one.")
    async def register_operation(
        self,
        info: Info,
        input: RegisterOperationInput,  # noqa: A002 - Relay's word
    ) -> RegisterOperationResult:
        """Judge a document once, and keep it."""
        path = ("input", "organizationId")
        kind = models.organization.Organization
        organization = await permitted(info, kind, input.organization_id, Permission.MANAGE_OPERATIONS, path=path)
        prepared, operation = examine(info.context.services.preparer, input.document)

        async def register(session: Any) -> models.operation.RegisteredOperation:
            await kind.one_at_a_time(organization.id, "operation", session)
            of_it: dict[str, Any] = {"organization": organization.id}
            registered = models.operation.RegisteredOperation
            present = await registered.find_one({**of_it, "document_id": prepared.id}, session=session)
            if present is not None:
                return present
            if await registered.find(of_it, session=session).count() >= MOST_OPERATIONS:
                words = f"organizationId: it has {MOST_OPERATIONS} operations, which are as many as there may be"
                raise InvalidInputError(f"{words}; remove one first.", path=path)
            made = registered.make(
                organization=organization.id,
                document_id=prepared.id,
                name=operation.name,
                body=prepared.text,
                scope=Scope.PUBLIC if operation.public else Scope.VIEWER,
                cost=operation.cost,
                max_age=operation.max_age if operation.public else 0,
                created_by=info.context.viewer.require_user(),
            )
            await made.insert(session=session)
            await audit(
                info.context,
                session,
                AuditAction.OPERATION_REGISTERED,
                made,
                organization=organization.id,
                document=prepared.id,
            )
            return made

        found: RegisterOperationResult = show(await info.context.services.database.transaction(register))
        return found

    @mutation("Remove a registered operation; its answers leave every cache.")
    async def remove_operation(self, info: Info, id: strawberry.ID) -> DeleteResult:  # noqa: A002
        """Delete a registered operation."""

        async def remove(session: Any) -> None:
            kind = models.operation.RegisteredOperation
            operation = await permitted(info, kind, id, Permission.MANAGE_OPERATIONS, session, path=("id",))
            await operation.delete(session=session)
            of, document = operation.organization, operation.document_id
            await audit(
                info.context, session, AuditAction.OPERATION_REMOVED, operation, organization=of, document=document
            )

        await info.context.services.database.transaction(remove)
        return Deleted(id=id)
