"""Missing and forbidden are the same answer: for every field that takes an id, for everybody outside.

The schema is walked for arguments and input fields that take an id; each has a case in `CASES`, or this fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from beanie import PydanticObjectId
from graphql import (
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
)

from models.register import DOCUMENTS
from resolvers.api import api
from schema import ids
from schema.node import TYPES
from tests.following import Socket, socket, stream
from tests.images.samples import jpeg
from tests.platform import Json, Platform, User, added
from tests.test_asset import begin, picture

SECRET = "Xochitl"
"""A word in everything that organization A has, and nowhere else."""

NODES = tuple(document.__name__ for document in TYPES)


@dataclass(frozen=True)
class Case:
    """An operation with `$id`, and the types whose ids it is tried with.

    Its other variables (`$project`, …) are filled with what belongs to the caller's own organization. `told` says
    whether a member of A gets different answers, as they must unless the field is public.
    """

    operation: str
    kinds: tuple[str, ...]
    told: bool = True


def _mutation(field_: str, result: str, kind: str, *, argument: str = "id") -> Case:
    text = f"mutation ($id: ID!) {{ {field_}({argument}: $id) {{ __typename ... on {result} {{ id }} {_ERROR} }} }}"
    return Case(text, (kind,))


def _input(field_: str, result: str, kind: str, input_: str, variables: str = "", **options: Any) -> Case:
    text = f"mutation ($id: ID!{variables}) {{ {field_}(input: {{{input_}}}) {{ __typename {result} {_ERROR} }} }}"
    return Case(text, (kind,), **options)


_ERROR = "... on UserError { message code path }"
_SHAPE = 'title: "T", kind: HOUSE, address: {city: "C", country: "ES"}'
_EDITS = 'baseSeq: 0, edits: [{removeElement: {key: "none"}}]'

CASES: dict[str, Case] = {
    "Query.listings(organizationId)": Case(
        "query ($id: ID!) { listings(organizationId: $id) { totalCount edges { node { title } } } }",
        ("Organization",),
        told=False,  # public: A has nothing to show there
    ),
    "Query.publicDesign(id)": Case(
        "query ($id: ID!) { publicDesign(id: $id) { id title } }",
        ("Design",),
        told=False,  # public, and always asked as nobody
    ),
    "Query.node(id)": Case("query ($id: ID!) { node(id: $id) { __typename id } }", (*NODES, "Upload")),
    "Query.nodes(ids)": Case("query ($id: ID!) { nodes(ids: [$id, $id]) { __typename id } }", (*NODES, "Upload")),
    "Query.organization(id)": Case("query ($id: ID!) { organization(id: $id) { id name } }", ("Organization",)),
    "Query.project(id)": Case(
        "query ($id: ID!) { a: project(id: $id) { title } b: project(id: $id) { id } }", ("Project",)
    ),
    "Query.design(id)": Case("query ($id: ID!) { design(id: $id) { id title canvas { seq } } }", ("Design",)),
    "Query.comment(id)": Case("query ($id: ID!) { comment(id: $id) { id body author { name } } }", ("Comment",)),
    "Subscription.designEvents(designId)": Case(
        "subscription ($id: ID!) { designEvents(designId: $id, afterSeq: 0) { __typename } }", ("Design",)
    ),
    "Mutation.removeMember(membershipId)": _mutation("removeMember", "Deleted", "Membership", argument="membershipId"),
    "Mutation.deleteProject(id)": _mutation("deleteProject", "Deleted", "Project"),
    "Mutation.publishDesign(id)": _mutation("publishDesign", "Design", "Design"),
    "Mutation.unpublishDesign(id)": _mutation("unpublishDesign", "Design", "Design"),
    "Mutation.deleteDesign(id)": _mutation("deleteDesign", "Deleted", "Design"),
    "Mutation.likeDesign(id)": _mutation("likeDesign", "Design", "Design"),
    "Mutation.unlikeDesign(id)": _mutation("unlikeDesign", "Design", "Design"),
    "Mutation.resolveComment(id)": _mutation("resolveComment", "Comment", "Comment"),
    "Mutation.reopenComment(id)": _mutation("reopenComment", "Comment", "Comment"),
    "Mutation.deleteComment(id)": _mutation("deleteComment", "Deleted", "Comment"),
    "Mutation.completeAssetUpload(id)": _mutation("completeAssetUpload", "Asset", "Upload"),
    "Mutation.deleteAsset(id)": _mutation("deleteAsset", "Deleted", "Asset"),
    "Mutation.applyDesignEdits(designId)": Case(
        f'mutation ($id: ID!) {{ applyDesignEdits(designId: $id, batchId: "b", {_EDITS}) {{ __typename {_ERROR} }} }}',
        ("Design",),
    ),
    "Mutation.applyDesignEdits(batchId)": Case(
        f"mutation ($id: ID!, $design: ID!) {{ applyDesignEdits(designId: $design, batchId: $id, {_EDITS}) {{"
        f" __typename ... on EditsApplied {{ dropped {{ reason }} }} {_ERROR} }} }}",
        ("Batch",),
        told=False,  # a name that clients make; it tells batches of one design apart
    ),
    "Mutation.undoDesignEdits(designId)": Case(
        'mutation ($id: ID!, $edit: ID!) { undoDesignEdits(designId: $id, batchId: "u", inverse: $edit) {'
        f" __typename {_ERROR} }} }}",
        ("Design",),
    ),
    "Mutation.undoDesignEdits(batchId)": Case(
        "mutation ($id: ID!, $design: ID!, $edit: ID!) {"
        f" undoDesignEdits(designId: $design, batchId: $id, inverse: $edit) {{ __typename {_ERROR} }} }}",
        ("Batch",),
        told=False,  # as that of `applyDesignEdits`
    ),
    "Mutation.undoDesignEdits(inverse)": Case(
        'mutation ($id: ID!, $design: ID!) { undoDesignEdits(designId: $design, batchId: "v", inverse: $id) {'
        f" __typename {_ERROR} }} }}",
        ("DesignEdit",),
        told=False,  # a batch of another design than the caller's own
    ),
    "Mutation.addComment(input.mentions)": _input(
        "addComment",
        "... on Comment { body }",
        "User",
        'designId: $design, body: "B", mentions: [$id]',
        ", $design: ID!",
        told=False,  # nobody of A is a member of the caller's organization
    ),
    "Mutation.editComment(input.mentions)": _input(
        "editComment",
        "... on Comment { body }",
        "User",
        'id: $comment, body: "B", mentions: [$id]',
        ", $comment: ID!",
        told=False,
    ),
    "Mutation.saveVersion(input.designId)": _input(
        "saveVersion", "... on DesignVersion { name }", "Design", 'designId: $id, name: "V"'
    ),
    "Mutation.deleteVersion(id)": _mutation("deleteVersion", "Deleted", "DesignVersion"),
    "Mutation.restoreVersion(designId)": Case(
        'mutation ($id: ID!, $version: ID!) { restoreVersion(designId: $id, batchId: "r", versionId: $version) {'
        f" __typename {_ERROR} }} }}",
        ("Design",),
    ),
    "Mutation.restoreVersion(batchId)": Case(
        "mutation ($id: ID!, $design: ID!, $version: ID!) {"
        f" restoreVersion(designId: $design, batchId: $id, versionId: $version) {{ __typename {_ERROR} }} }}",
        ("Batch",),
        told=False,  # as that of `applyDesignEdits`
    ),
    "Mutation.restoreVersion(versionId)": Case(
        'mutation ($id: ID!, $design: ID!) { restoreVersion(designId: $design, batchId: "s", versionId: $id) {'
        f" __typename {_ERROR} }} }}",
        ("DesignVersion",),
        told=False,  # a version of another design than the caller's own
    ),
    "Mutation.showPresence(designId)": Case(
        f"mutation ($id: ID!) {{ showPresence(designId: $id, presence: {{}}) {{ __typename {_ERROR} }} }}", ("Design",)
    ),
    "Mutation.updateViewer(input.avatarId)": _input("updateViewer", "... on User { name }", "Asset", "avatarId: $id"),
    "Mutation.updateOrganization(input.id)": _input(
        "updateOrganization", "... on Organization { name }", "Organization", 'id: $id, name: "N"'
    ),
    "Mutation.addMember(input.organizationId)": _input(
        "addMember",
        "... on Membership { role }",
        "Organization",
        "organizationId: $id, email: $email, role: VIEWER",
        ", $email: String!",
    ),
    "Mutation.changeRole(input.membershipId)": _input(
        "changeRole", "... on Membership { role }", "Membership", "membershipId: $id, role: EDITOR"
    ),
    "Mutation.createProject(input.organizationId)": _input(
        "createProject", "... on Project { title }", "Organization", f"organizationId: $id, {_SHAPE}"
    ),
    "Mutation.updateProject(input.id)": _input(
        "updateProject", "... on Project { title }", "Project", 'id: $id, title: "T"'
    ),
    "Mutation.updateProject(input.coverId)": _input(
        "updateProject", "... on Project { title }", "Asset", "id: $project, coverId: $id", ", $project: ID!"
    ),
    "Mutation.showProject(input.id)": _input(
        "showProject", "... on Project { title }", "Project", "id: $id, visibility: PUBLIC"
    ),
    "Mutation.createDesign(input.projectId)": _input(
        "createDesign",
        "... on Design { title }",
        "Project",
        'projectId: $id, title: "T", room: STUDY, style: BOHO',
    ),
    "Mutation.updateDesign(input.id)": _input(
        "updateDesign", "... on Design { title }", "Design", 'id: $id, title: "T"'
    ),
    "Mutation.updateDesign(input.coverId)": _input(
        "updateDesign", "... on Design { title }", "Asset", "id: $design, coverId: $id", ", $design: ID!"
    ),
    "Mutation.addComment(input.designId)": _input(
        "addComment", "... on Comment { body }", "Design", 'designId: $id, body: "B"'
    ),
    "Mutation.addComment(input.parentId)": _input(
        "addComment",
        "... on Comment { body }",
        "Comment",
        'designId: $design, body: "B", parentId: $id',
        ", $design: ID!",
    ),
    "Mutation.editComment(input.id)": _input("editComment", "... on Comment { body }", "Comment", 'id: $id, body: "B"'),
    "Mutation.createAssetUpload(input.organizationId)": _input(
        "createAssetUpload", "... on AssetUpload { maxBytes }", "Organization", "organizationId: $id"
    ),
    "Mutation.createAssetUpload(input.locatesProjectId)": _input(
        "createAssetUpload",
        "... on AssetUpload { maxBytes }",
        "Project",
        "organizationId: $organization, locatesProjectId: $id",
        ", $organization: ID!",
    ),
    "Mutation.registerOperation(input.organizationId)": _input(
        "registerOperation",
        "... on RegisteredOperation { name }",
        "Organization",
        'organizationId: $id, document: "query Homes { listings { totalCount } }"',
    ),
    "Mutation.removeOperation(id)": _mutation("removeOperation", "Deleted", "RegisteredOperation"),
    "Mutation.updateAsset(input.id)": _input("updateAsset", "... on Asset { alt }", "Asset", 'id: $id, alt: "A"'),
}


def _push(kind: str, fields: str, variables: str = "", *, known: str | None = None) -> str:
    """Return a mutation that pushes one document: a new one, or one that the device took to be as `known` says."""
    assumed = "null" if known is None else f"{{{known}}}"
    return f"""mutation ($id: ID!{variables}) {{ push{kind}s(rows: [{{
        newDocumentState: {{{fields}}}, assumedMasterState: {assumed} }}]) {{ _deleted refusal }} }}"""


def _pushes() -> Iterator[tuple[str, Case]]:
    """Yield a case for each id in what devices push: those that are obeyed, those passed over, those only compared."""

    def none(kind: str) -> str:
        return f'"{ids.encode(kind, PydanticObjectId())}"'

    drawn = 'title: "T", room: STUDY, style: BOHO'
    obeyed = {
        "Project.id": ("Project", 'id: $id, title: "T"', "", "id: $id"),
        "Project.organizationId": ("Organization", f"id: {none('Project')}, organizationId: $id, {_SHAPE}", "", None),
        "Project.coverId": ("Asset", "id: $project, coverId: $id", ", $project: ID!", "id: $project"),
        "Design.id": ("Design", 'id: $id, title: "T"', "", "id: $id"),
        "Design.organizationId": (
            "Organization",
            f"id: {none('Design')}, organizationId: $id, projectId: {none('Project')}, {drawn}",
            "",
            None,
        ),
        "Design.projectId": ("Project", f"id: {none('Design')}, projectId: $id, {drawn}", "", None),
        "Design.coverId": ("Asset", "id: $design, coverId: $id", ", $design: ID!", "id: $design"),
        "Comment.id": ("Comment", 'id: $id, body: "B"', "", "id: $id"),
        "Comment.organizationId": (
            "Organization",
            f'id: {none("Comment")}, organizationId: $id, designId: {none("Design")}, body: "B"',
            "",
            None,
        ),
        "Comment.designId": ("Design", f'id: {none("Comment")}, designId: $id, body: "B"', "", None),
        "Comment.parentId": (
            "Comment",
            f'id: {none("Comment")}, designId: $design, parentId: $id, body: "B"',
            ", $design: ID!",
            None,
        ),
    }
    passed_over = {
        "Project.ownerId": ("User", "id: $project, ownerId: $id", ", $project: ID!", "id: $project"),
        "Design.authorId": ("User", "id: $design, authorId: $id", ", $design: ID!", "id: $design"),
        "Comment.authorId": ("User", "id: $comment, authorId: $id", ", $comment: ID!", "id: $comment"),
        "Comment.resolverId": ("User", "id: $comment, resolverId: $id", ", $comment: ID!", "id: $comment"),
        "Comment.mentionIds": (  # nobody of A is a member of the caller's organization
            "User",
            "id: $comment, mentionIds: [$id]",
            ", $comment: ID!",
            "id: $comment",
        ),
    }
    for told, cases in ((True, obeyed), (False, passed_over)):
        for name, (type_, fields, variables, known) in cases.items():
            kind, _, field_ = name.partition(".")
            operation = _push(kind, fields, variables, known=known)
            yield f"Mutation.push{kind}s(rows.newDocumentState.{field_})", Case(operation, (type_,), told)
            own = kind.lower()
            value = "[$id]" if field_ == "mentionIds" else "$id"
            given = "id: $id" if field_ == "id" else f"id: ${own}, {field_}: {value}"
            compared = _push(kind, f"id: ${own}", f", ${own}: ID!", known=given)
            yield f"Mutation.push{kind}s(rows.assumedMasterState.{field_})", Case(compared, (type_,), told=False)


CASES |= dict(_pushes())


@dataclass
class World:
    """Organization A with one of everything, and who asks for it."""

    platform: Platform
    existing: dict[str, str]
    own: Json
    outsider: User
    insider: User
    callers: dict[str, User | None] = field(default_factory=dict)

    def variables(self, operation: str, id_: str) -> Json:
        """Return the variables of an operation: the id in question, and the caller's own things."""
        return {"id": id_, **{name: value for name, value in self.own.items() if f"${name}:" in operation}}

    async def stored(self) -> str:
        """Return everything that organization A has, as text."""
        key = ids.key(self.existing["Organization"], "Organization")
        design = ids.key(self.existing["Design"], "Design")
        of_a = {"$or": [{"_id": key}, {"organization": key}, {"design": design}]}
        handle = self.platform.database.handle
        found = [await handle[kind.stored_in()].find(of_a).sort("_id", 1).to_list(None) for kind in DOCUMENTS]
        return str(found)


@pytest.fixture(scope="module")
async def world(platform: Platform) -> World:
    """Build organization A, an outsider with an organization of their own, and a member of both."""
    ana, outsider, insider = [await platform.user(name) for name in (SECRET, "Eva", "Ida")]
    a = await ana.organization(f"{SECRET} Studio")
    project = await ana.project(a, title=f"{SECRET} house", description=SECRET)
    design = await ana.design(project, title=f"{SECRET} room", published=True)
    batch = uuid4().hex
    edit = await ana.edit(design, added("sofa", props={"name": SECRET}), batch=batch)
    version = await ana.do("saveVersion", "DesignVersion", {"designId": design, "name": f"{SECRET} first"})
    input_ = {"designId": design, "body": SECRET, "mentions": [ana.id]}
    comment = await ana.do("addComment", "Comment", input_)
    asset = await picture(ana, a, jpeg(64, 48))
    canvas = await ana.ask("query ($id: ID!) { design(id: $id) { canvas { elements { id } } } }", {"id": design})
    mine = await ana.ask("{ viewer { memberships { edges { node { id } } } mentions { edges { node { id } } } } }")
    await _join(ana, a, insider.email, "VIEWER")
    text = f'query Ours {{ listings(city: "{SECRET}") {{ totalCount }} }}'
    operation = await ana.do("registerOperation", "RegisteredOperation", {"organizationId": a, "document": text})
    existing = {
        "Organization": a,
        "RegisteredOperation": operation["id"],
        "Project": project,
        "Design": design,
        "Comment": comment["id"],
        "Asset": asset["id"],
        "Upload": (await begin(ana, a))["id"],
        "Membership": mine["viewer"]["memberships"]["edges"][0]["node"]["id"],
        "User": ana.id,
        "Element": canvas["design"]["canvas"]["elements"][0]["id"],
        "Batch": batch,
        "DesignEdit": edit["inverse"],
        "DesignVersion": version["id"],
        "Mention": mine["viewer"]["mentions"]["edges"][0]["node"]["id"],
    }
    b = await outsider.organization()
    await _join(outsider, b, insider.email, "OWNER")
    own_project = await outsider.project(b)
    own_design = await outsider.design(own_project)
    own_edit = await outsider.edit(own_design, added("chair"))
    own_version = await outsider.do("saveVersion", "DesignVersion", {"designId": own_design, "name": "V"})
    own_comment = await outsider.do("addComment", "Comment", {"designId": own_design, "body": "B"})
    own = {
        "comment": own_comment["id"],
        "version": own_version["id"],
        "organization": b,
        "project": own_project,
        "design": own_design,
        "email": ana.email,
        "edit": own_edit["inverse"],
    }
    callers = {"a member of another organization": outsider, "nobody": None}
    return World(platform, existing, own, outsider, insider, callers)


async def _join(by: User, organization: str, email: str, role: str) -> str:
    input_ = {"organizationId": organization, "email": email, "role": role}
    return str((await by.do("addMember", "Membership", input_))["id"])


def missing(kind: str) -> str:
    """Return an id of a type that nothing has."""
    if kind == "Batch":
        return uuid4().hex
    key = PydanticObjectId()
    return str(ids.encode(kind, f"{key}:sofa" if kind == "Element" else key))


def taking_ids() -> Iterator[str]:
    """Yield every argument and input field, of any depth, that takes an id, as `Type.field(path)`."""
    for type_ in api._schema.type_map.values():  # noqa: SLF001 - graphql-core's schema
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field_ in type_.fields.items():
                for argument, declared in field_.args.items():
                    for path in _paths(get_named_type(declared.type), ()):
                        yield f"{type_.name}.{name}({'.'.join((argument, *path))})"


def _paths(type_: GraphQLNamedType, seen: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if type_.name == "ID":
        yield ()
    if isinstance(type_, GraphQLInputObjectType) and type_.name not in seen:
        for name, declared in type_.fields.items():
            for path in _paths(get_named_type(declared.type), (*seen, type_.name)):
                yield (name, *path)


def neutral(answer: object, *known: str) -> str:
    """Return an answer as text, without the ids that it was asked with."""
    text = json.dumps(answer, sort_keys=True)
    for id_ in known:
        text = text.replace(id_, "<id>").replace(id_.rstrip("="), "<id>")
    return text


def test_every_field_that_takes_an_id_has_a_case() -> None:
    """A new argument or input field that takes an id fails the build until it has one; so does a case for nothing."""
    found = set(taking_ids())
    assert len(found) > 30
    assert found - CASES.keys() == set(), "add a Case"
    assert CASES.keys() - found == set(), "there is no such field any more"


async def _ask(world: World, operation: str, id_: str, caller: User | None) -> object:
    """Ask over HTTP, or over server-sent events where it is a subscription."""
    platform, token = world.platform, caller.token if caller else None
    variables = world.variables(operation, id_)
    if not operation.startswith("subscription"):
        return await platform.post(operation, variables, token)
    async with stream(platform.session, platform.api, operation, variables, token) as events:
        return await events.receive()


@pytest.mark.parametrize("coordinate", CASES)
async def test_an_existing_id_is_answered_as_a_missing_one(world: World, coordinate: str) -> None:
    """Over HTTP and SSE, for a member of another organization and for nobody; and nothing of A's changes."""
    case, before = CASES[coordinate], await world.stored()
    assert SECRET in before
    for kind in case.kinds:
        for who, caller in world.callers.items():
            there, not_there = world.existing[kind], missing(kind)
            seen = neutral(await _ask(world, case.operation, there, caller), there)
            unseen = neutral(await _ask(world, case.operation, not_there, caller), not_there)
            assert seen == unseen, (who, kind)
            assert SECRET not in seen
            assert "INTERNAL" not in seen
            assert "<id>" not in seen, "an answer that names the id says that it was understood"
    assert await world.stored() == before


@pytest.fixture(scope="module")
async def sockets(world: World) -> Any:
    """Open a WebSocket for each caller."""
    session, api_ = world.platform.session, world.platform.api
    async with (
        socket(session, api_, world.outsider.token) as outside,
        socket(session, api_) as nobody,
    ):
        yield {"a member of another organization": outside, "nobody": nobody}


@pytest.mark.parametrize("coordinate", CASES)
async def test_it_is_so_over_websocket(world: World, sockets: dict[str, Socket], coordinate: str) -> None:
    """Queries, mutations and subscriptions alike."""
    case = CASES[coordinate]
    for kind in case.kinds:
        for who, opened in sockets.items():
            there, not_there = world.existing[kind], missing(kind)
            answers = [
                neutral(await opened.first(case.operation, world.variables(case.operation, id_)), id_)
                for id_ in (there, not_there)
            ]
            assert answers[0] == answers[1], (who, kind)
            assert SECRET not in answers[0]


async def test_node_answers_members_for_every_type(world: World, platform: Platform) -> None:
    """The kinds that `node` is tried with are all that it knows, and outsiders get them among others as null."""
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    kinds = [kind for kind in NODES if kind not in {"User", "Comment"}]
    wanted = [world.existing[kind] for kind in kinds]
    found = await world.insider.ask(query, {"ids": wanted})
    assert found["nodes"] == [{"__typename": kind, "id": id_} for kind, id_ in zip(kinds, wanted, strict=True)]
    own = world.own["project"]
    mixed = await world.outsider.ask(query, {"ids": [*wanted, own, missing("Project"), world.outsider.id]})
    assert mixed["nodes"] == [
        *([None] * len(wanted)),
        {"__typename": "Project", "id": own},
        None,
        {"__typename": "User", "id": world.outsider.id},
    ]
    assert (await platform.ask(query, {"ids": [*wanted, own]}))["nodes"] == [None] * (len(wanted) + 1)


async def test_a_private_slug_is_as_good_as_none(world: World, platform: Platform) -> None:
    """`publicProject` answers null for both, whoever asks."""
    query = "query ($slug: String!) { publicProject(slug: $slug) { title } }"
    key = ids.key(world.existing["Project"], "Project")
    stored = await platform.database.handle["projects"].find_one({"_id": key})
    assert stored is not None
    for caller in (None, world.outsider, world.insider):
        token = caller.token if caller else None
        private = await platform.post(query, {"slug": stored["slug"]}, token)
        assert private == await platform.post(query, {"slug": "no-such-slug"}, token)


async def test_a_cursor_of_another_tenants_list_opens_nothing(world: World) -> None:
    """Cursors are bound to their list; one of A's members list is refused in B's."""
    query = "query ($id: ID!, $after: String) { organization(id: $id) { members(after: $after) { edges { cursor } } } }"
    members = (await world.insider.ask(query, {"id": world.existing["Organization"]}))["organization"]["members"]
    cursor = members["edges"][0]["cursor"]
    own = (await world.outsider.ask("{ viewer { memberships { edges { node { organization { id } } } } } }"))["viewer"]
    b = own["memberships"]["edges"][0]["node"]["organization"]["id"]
    _, body = await world.platform.post(query, {"id": b, "after": cursor}, world.outsider.token)
    assert body["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "path": ["after"]}


async def test_a_member_is_told_the_difference(world: World) -> None:
    """So the cases above ask for something that is there, in words that find it. It comes last, since it changes A."""
    order = sorted(CASES, key=lambda name: "delete" in name or "remove" in name)
    for coordinate in order:
        case = CASES[coordinate]
        told = set()
        for kind in case.kinds:
            there, not_there = world.existing[kind], missing(kind)
            seen = neutral(await _ask(world, case.operation, there, world.insider), there)
            unseen = neutral(await _ask(world, case.operation, not_there, world.insider), not_there)
            told.add(seen != unseen)
        assert (True in told) is case.told, coordinate
