"""What devices may change of projects, designs and comments, by the same functions as the mutations of each."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import strawberry
from beanie import PydanticObjectId

from models.errors import InvalidInputError
from models.project import Status, Visibility
from resolvers import comment, design, project
from resolvers.context import Info
from resolvers.pushing import After, Pushed, Values
from schema import ids
from schema.comment import AddCommentInput, EditCommentInput
from schema.design import CreateDesignInput, UpdateDesignInput
from schema.project import CreateProjectInput, ShowProjectInput, UpdateProjectInput
from schema.replication import COMMENTS, DESIGNS, PROJECTS


def _sweeping(info: Info, designs: list[PydanticObjectId]) -> After:
    return partial(project.sweep_designs, info, designs)


async def _make_project(info: Info, id_: PydanticObjectId, values: Values, session: Any) -> After:
    later: Values = {name: values.pop(name) for name in ("cover_id", "status", "visibility") if name in values}
    await project.begin(info, CreateProjectInput(**values), session, id_)
    shown = (later.get("status", Status.DRAFT), later.get("visibility", Visibility.PRIVATE))
    if shown == (Status.DRAFT, Visibility.PRIVATE):  # as it is made
        later = {name: value for name, value in later.items() if name == "cover_id"}
    return await _change_project(info, ids.encode("Project", id_), later, session)


async def _change_project(info: Info, id_: str, values: Values, session: Any) -> After:
    shown = {name: values.pop(name) for name in ("status", "visibility") if name in values}
    if values:
        await project.update(info, UpdateProjectInput(id=strawberry.ID(id_), **values), session)
    if shown:
        await project.expose(info, ShowProjectInput(id=strawberry.ID(id_), **shown), session)
    return None


async def _remove_project(info: Info, id_: str, session: Any) -> After:
    return _sweeping(info, await project.remove(info, id_, session))


async def _make_design(info: Info, id_: PydanticObjectId, values: Values, session: Any) -> After:
    later: Values = {name: values.pop(name) for name in ("cover_id", "published_at") if name in values}
    await design.begin(info, CreateDesignInput(**values), session, id_)
    return await _change_design(info, ids.encode("Design", id_), later, session)


async def _change_design(info: Info, id_: str, values: Values, session: Any) -> After:
    published = values.pop("published_at", None)
    if values:
        await design.update(info, UpdateDesignInput(id=strawberry.ID(id_), **values), session)
    if published is not None:
        await design.publish(info, id_, session, published=published)
    return None


async def _remove_design(info: Info, id_: str, session: Any) -> After:
    return _sweeping(info, await design.remove(info, id_, session))


async def _make_comment(info: Info, id_: PydanticObjectId, values: Values, session: Any) -> After:
    resolved = values.pop("resolved_at", False)
    made = await comment.add(info, AddCommentInput(mentions=values.pop("mention_ids", None), **values), session, id_)
    if resolved:
        await comment.settle(info, ids.encode("Comment", id_), session, resolved=True)
    return partial(comment.tell, info, made)


async def _change_comment(info: Info, id_: str, values: Values, session: Any) -> After:
    resolved = values.pop("resolved_at", None)
    changed = None
    if values.keys() & {"design_id", "parent_id", "anchor"}:
        raise InvalidInputError("A comment stays where it was made: its design, parent and anchor cannot change.")
    if values:
        present = await comment.own(info, id_, session, ("id",))
        body, mentions = values.get("body", present.body), values.get("mention_ids")
        changed = await comment.edit(
            info, EditCommentInput(id=strawberry.ID(id_), body=body, mentions=mentions), session
        )
    if resolved is not None:
        changed = await comment.settle(info, id_, session, resolved=resolved)
    return None if changed is None else partial(comment.tell, info, changed)


async def _remove_comment(info: Info, id_: str, session: Any) -> After:
    return partial(comment.tell, info, await comment.remove(info, id_, session))


PROJECT: Final = Pushed(
    replica=PROJECTS,
    fields=(
        *("title", "description", "kind", "status", "visibility", "style"),
        *("address", "location", "area_m2", "rooms", "price", "cover_id"),
    ),
    switches=(),
    needed=("organization_id", "title", "kind", "address"),
    owners=(),
    make=_make_project,
    change=_change_project,
    remove=_remove_project,
)
DESIGN: Final = Pushed(
    replica=DESIGNS,
    fields=("title", "room", "style", "cover_id"),
    switches=("published_at",),
    needed=("project_id", "title", "room", "style"),
    owners=(("project_id", "Project"),),
    make=_make_design,
    change=_change_design,
    remove=_remove_design,
)
COMMENT: Final = Pushed(
    replica=COMMENTS,
    fields=("body", "mention_ids", "design_id", "parent_id", "anchor"),
    switches=("resolved_at",),
    needed=("design_id", "body"),
    owners=(("design_id", "Design"), ("parent_id", "Comment")),
    make=_make_comment,
    change=_change_comment,
    remove=_remove_comment,
)
