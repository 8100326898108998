"""What outsiders ask for: an operation for each argument and input field that takes an id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from beanie import PydanticObjectId
from graphql import GraphQLInputObjectType, GraphQLNamedType, GraphQLObjectType, get_named_type

from resolvers.api import api
from schema import ids
from schema.node import TYPES

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
    "Query.auditEvents(organizationId)": Case(
        "query ($id: ID!) { auditEvents(organizationId: $id) { edges { node { id action details } } } }",
        ("Organization",),
    ),
    **{
        f"Query.auditEvents(filter.{name})": Case(
            f"""query ($id: ID!, $organization: ID!) {{
                auditEvents(organizationId: $organization, filter: {{{name}: $id}}) {{ edges {{ cursor }} }} }}""",
            (kind,),
            told=False,  # nothing of A is in the caller's own log
        )
        for name, kind in (("actorId", "User"), ("subjectId", "Project"))
    },
    "Subscription.designEvents(designId)": Case(
        "subscription ($id: ID!) { designEvents(designId: $id, afterSeq: 0) { __typename } }", ("Design",)
    ),
    "Mutation.removeMember(membershipId)": _mutation("removeMember", "Deleted", "Membership", argument="membershipId"),
    "Mutation.renamePasskey(input.id)": _input(
        "renamePasskey", "... on Passkey { name }", "Passkey", 'id: $id, name: "N"', told=False
    ),
    "Mutation.removePasskey(id)": Case(
        f"mutation ($id: ID!) {{ removePasskey(id: $id) {{ __typename ... on Deleted {{ id }} {_ERROR} }} }}",
        ("Passkey",),
        told=False,  # nobody's but its owner's, of whatever organization; see `tests.test_passkey`
    ),
    "Mutation.revokeSession(id)": replace(
        _mutation("revokeSession", "Deleted", "Session"),
        told=False,  # it is its user's alone: other members are outsiders too
    ),
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
    "Mutation.inviteMember(input.organizationId)": _input(
        "inviteMember",
        "... on Invitation { role }",
        "Organization",
        "organizationId: $id, email: $email, role: VIEWER",
        ", $email: String!",
    ),
    "Mutation.acceptInvitation(input.id)": _input(
        "acceptInvitation",
        "... on Membership { role }",
        "Invitation",
        "id: $id",
        told=False,  # whom it is for are told, and nobody of A
    ),
    "Mutation.declineInvitation(input.id)": _input(
        "declineInvitation", "... on Invitation { role }", "Invitation", "id: $id", told=False
    ),
    "Mutation.revokeInvitation(id)": _mutation("revokeInvitation", "Invitation", "Invitation"),
    "Mutation.transferOwnership(membershipId)": _mutation(
        "transferOwnership", "Membership", "Membership", argument="membershipId"
    ),
    "Mutation.deleteOrganization(input.id)": _input(
        "deleteOrganization", "... on Deleted { id }", "Organization", 'id: $id, name: "N"'
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
    "Mutation.createApiKey(input.organizationId)": _input(
        "createApiKey", "... on ApiKeyCreated { secret }", "Organization", 'organizationId: $id, name: "K"'
    ),
    "Mutation.updateApiKey(input.id)": _input("updateApiKey", "... on ApiKey { name }", "ApiKey", 'id: $id, name: "K"'),
    "Mutation.revokeApiKey(id)": _mutation("revokeApiKey", "ApiKey", "ApiKey"),
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
