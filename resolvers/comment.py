"""Comments on a design."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import strawberry
from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

import models.comment
import models.design
from auth.permissions import Permission
from models.audit import AuditAction
from models.entity import now
from models.errors import InvalidInputError, NotAllowedError
from models.organization import Membership
from resolvers.auditing import audit
from resolvers.context import Info, mutation, permitted
from schema import ids
from schema.comment import AddCommentInput, CommentResult, EditCommentInput
from schema.deleted import Deleted, DeleteResult
from schema.node import show


async def tell(info: Info, comment: models.comment.Comment) -> None:
    """Tell who follows a comment's design that it changed."""
    await info.context.services.signals.send(f"design:{comment.design}", f"comment:{comment.id}")


async def _write(info: Info, work: Callable[[Any], Awaitable[models.comment.Comment]]) -> models.comment.Comment:
    """Run a transaction that changes a comment, and tell who follows its design."""
    comment = await info.context.services.database.transaction(work)
    await tell(info, comment)
    return comment


async def _mentioned(
    given: Sequence[str], organization: PydanticObjectId, session: AsyncClientSession
) -> list[PydanticObjectId]:
    """Return whom a comment mentions, each once; raises InvalidInputError for who is no member."""
    users: dict[PydanticObjectId, tuple[str, ...]] = {}
    for index, global_id in enumerate(given):
        path: tuple[str, ...] = ("mentions", str(index))
        users.setdefault(ids.key(global_id, "User", path=path), path)
    if len(users) > models.comment.MOST_MENTIONS:
        raise InvalidInputError(f"mentions: at most {models.comment.MOST_MENTIONS} people.", path=("mentions",))
    members = Membership.get_pymongo_collection().find(
        {"organization": organization, "user": {"$in": [*users]}}, {"user": 1}, session=session
    )
    belonging = {row["user"] async for row in members}
    for user, path in users.items():
        if user not in belonging:
            raise InvalidInputError(f"{'.'.join(path)}: that is no member of the organization.", path=path)
    return [*users]


async def _mention(comment: models.comment.Comment, session: AsyncClientSession) -> None:
    """Have those whom a comment mentions, and nobody else, find it among their mentions."""
    written = models.comment.Mention.find({"comment": comment.id}, session=session)
    known = {mention.user for mention in await written.to_list()}
    gone = {"comment": comment.id, "user": {"$nin": comment.mentions}}
    await models.comment.Mention.find(gone, session=session).delete(session=session)
    for user in comment.mentions:
        if user not in known:
            mention = models.comment.Mention.make(
                comment=comment.id, design=comment.design, organization=comment.organization, user=user
            )
            await mention.insert(session=session)


async def own(info: Info, global_id: str, session: Any, path: tuple[str, ...]) -> models.comment.Comment:
    """Load a comment that the viewer wrote."""
    comment = await permitted(info, models.comment.Comment, global_id, Permission.COMMENT, session, path=path)
    if comment.author != info.context.viewer.user:
        raise NotAllowedError("Only its author can change what a comment says.", path=path)
    return comment


async def add(
    info: Info, input_: AddCommentInput, session: Any, id_: PydanticObjectId | None = None
) -> models.comment.Comment:
    """Create a comment, with an id of the client's if it gives one; a reply to a reply joins the same thread."""
    path: tuple[str, ...] = ("input", "designId")
    design = await permitted(info, models.design.Design, input_.design_id, Permission.COMMENT, session, path=path)
    parent = None
    if input_.parent_id is not None:
        path = ("input", "parentId")
        parent = await permitted(info, models.comment.Comment, input_.parent_id, Permission.COMMENT, session, path=path)
        if parent.design != design.id:
            raise InvalidInputError("parentId: that comment is about another design.", path=path)
    anchor = input_.anchor and {"element": input_.anchor.element, "x": input_.anchor.x, "y": input_.anchor.y}
    comment = models.comment.Comment.make(
        id=id_ or PydanticObjectId(),
        design=design.id,
        organization=design.organization,
        author=info.context.viewer.require_user(),
        body=input_.body,
        parent=(parent.parent or parent.id) if parent else None,
        anchor=anchor,
        mentions=await _mentioned(input_.mentions or (), design.organization, session),
    )
    await comment.insert(session=session)
    await _mention(comment, session)
    return comment


async def edit(info: Info, input_: EditCommentInput, session: Any) -> models.comment.Comment:
    """Change a comment's text."""
    comment = await own(info, input_.id, session, ("input", "id"))
    comment.change(body=input_.body, edited_at=now())
    if input_.mentions is not None:
        comment.change(mentions=await _mentioned(input_.mentions, comment.organization, session))
    await comment.save(session=session)
    await _mention(comment, session)
    return comment


async def settle(info: Info, global_id: str, session: Any, *, resolved: bool) -> models.comment.Comment:
    """Mark a thread as settled, or as open."""
    path = ("id",)
    comment = await permitted(info, models.comment.Comment, global_id, Permission.COMMENT, session, path=path)
    if comment.parent is not None:
        raise InvalidInputError("id: a reply is settled with the comment that it replies to.", path=path)
    if resolved != (comment.resolved_at is not None):
        comment.resolved_at = now() if resolved else None
        comment.resolved_by = info.context.viewer.user if resolved else None
        await comment.save(session=session)
    return comment


async def remove(info: Info, global_id: str, session: Any) -> models.comment.Comment:
    """Delete a comment with its replies; return it."""
    path = ("id",)
    comment = await permitted(info, models.comment.Comment, global_id, Permission.COMMENT, session, path=path)
    if comment.author != info.context.viewer.user:
        info.context.viewer.require(Permission.DELETE, comment.organization, "Comment", path=path)
    replies = await models.comment.Comment.find({"parent": comment.id}, session=session).to_list()
    gone = {"comment": {"$in": [comment.id, *(reply.id for reply in replies)]}}
    await models.comment.Mention.find(gone, session=session).delete(session=session)
    await models.comment.Comment.find({"parent": comment.id}, session=session).delete(session=session)
    await comment.delete(session=session)
    named = [str(reply.id) for reply in replies]
    await audit(
        info.context,
        session,
        AuditAction.COMMENT_DELETED,
        comment,
        organization=comment.organization,
        design=str(comment.design),
        author=str(comment.author),
        replies=named,
    )
    return comment


@strawberry.type
class CommentMutations:
    """Mutations of comments."""

    @mutation("Say something about a design, or reply.")
    async def add_comment(self, info: Info, input: AddCommentInput) -> CommentResult:  # noqa: A002 - Relay's word
        """Create a comment."""
        return await _done(info, partial(add, info, input))

    @mutation("Change what a comment of one's own says.")
    async def edit_comment(self, info: Info, input: EditCommentInput) -> CommentResult:  # noqa: A002
        """Change a comment's text."""
        return await _done(info, partial(edit, info, input))

    @mutation("Settle a comment.")
    async def resolve_comment(self, info: Info, id: strawberry.ID) -> CommentResult:  # noqa: A002
        """Mark a thread as settled."""
        return await _done(info, partial(settle, info, id, resolved=True))

    @mutation("Open a settled comment again.")
    async def reopen_comment(self, info: Info, id: strawberry.ID) -> CommentResult:  # noqa: A002
        """Mark a thread as open."""
        return await _done(info, partial(settle, info, id, resolved=False))

    @mutation("Delete a comment of one's own, with its replies; admins may delete anybody's.")
    async def delete_comment(self, info: Info, id: strawberry.ID) -> DeleteResult:  # noqa: A002
        """Delete a comment."""
        await _write(info, partial(remove, info, id))
        return Deleted(id=id)


async def _done(info: Info, work: Callable[[Any], Awaitable[models.comment.Comment]]) -> CommentResult:
    """Show the comment that a transaction changed."""
    found: CommentResult = show(await _write(info, work))
    return found
