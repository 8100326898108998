"""Writes through the API: every mutation that changes what somebody may be shown.

Every function writes once; `which` chooses among the newest things, `value` (0 to 20) what becomes of them.
"""

from __future__ import annotations

import secrets
from typing import Any

from schema import ids
from tests.coherence.by_driver import Write, named
from tests.coherence.world import CITIES, KINDS, STYLES, Row, World, key

WRITES: dict[str, Write] = {}


def api(write: Write) -> Write:
    """Register a write."""
    WRITES[named("API", write)] = write
    return write


async def by_input(world: World, mutation: str, type_: str, input_: Row, fields: str = "id", who: int = 0) -> Row:
    """Run a mutation that takes an `input`; return what it made, or why not."""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation ($i: {kind}!) {{ r: {mutation}(input: $i) {{ __typename ... on {type_} {{ {fields} }} }} }}"
    return await world.mutate(query, input_, who)


async def by_id(world: World, mutation: str, id_: str) -> None:
    """Run a mutation that takes an `id`."""
    await world.mutate(f"mutation ($i: ID!) {{ r: {mutation}(id: $i) {{ __typename }} }}", id_)


def project_id(world: World, which: int) -> str:
    """Return the global id of a project."""
    return ids.encode("Project", world.project(which))


def design_id(world: World, which: int) -> str:
    """Return the global id of a design."""
    return ids.encode("Design", world.design(which))


def organization_id(world: World) -> str:
    """Return the global id of the first organization."""
    return ids.encode("Organization", world.organization(0))


@api
async def create_project(world: World, _: int, value: int) -> None:
    """Begin a project, and show it."""
    input_ = {
        "organizationId": organization_id(world),
        "title": "Casa",
        "kind": KINDS[value // 4 % 2],
        "style": STYLES[value // 2 % 2],
        "address": {"city": CITIES[value % 2], "country": "ES"},
        "price": {"amount": value * 50, "currency": "EUR"},
    }
    made = await by_input(world, "createProject", "Project", input_, "id slug")
    world.projects[key(made["id"])] = made["slug"]
    await by_input(world, "showProject", "Project", {"id": made["id"], "visibility": "PUBLIC", "status": "ACTIVE"})


@api
async def update_project(world: World, which: int, value: int) -> None:
    """Change what a project says, where it is, what it costs, and its cover."""
    id_ = world.project(which)
    fields: list[Row] = [
        {"rooms": value},
        {"price": None},
        {"price": {"amount": value * 40, "currency": "EUR"}, "coverId": ids.encode("Asset", world.asset(which))},
        {"address": {"city": CITIES[value % 2], "country": "ES"}, "style": STYLES[value // 2 % 2], "coverId": None},
    ]
    with world.titles.writing(id_) as title:
        input_ = {"id": ids.encode("Project", id_), "title": title.text, **fields[value % len(fields)]}
        answer = await by_input(world, "updateProject", "Project", input_)
        title.landed = answer.get("__typename") == "Project"


@api
async def show_project(world: World, which: int, value: int) -> None:
    """Change who may see a project, in one transaction with the copies in its designs."""
    shown = (("PUBLIC", "ACTIVE"), ("PRIVATE", "ACTIVE"), ("PUBLIC", "ARCHIVED"))[value % 3]
    input_ = {"id": project_id(world, which), "visibility": shown[0], "status": shown[1]}
    await by_input(world, "showProject", "Project", input_)


@api
async def delete_project(world: World, which: int, _: int) -> None:
    """Delete a project and its designs."""
    await by_id(world, "deleteProject", project_id(world, which))


@api
async def create_design(world: World, which: int, value: int) -> None:
    """Begin a design, and publish it."""
    input_ = {"projectId": project_id(world, which), "title": "Salón", "room": "STUDY", "style": STYLES[value % 2]}
    made = await by_input(world, "createDesign", "Design", input_)
    if "id" not in made:  # the project is not ours, or gone
        return
    world.designs[key(made["id"])] = world.project(which)
    await by_id(world, "publishDesign", made["id"])


@api
async def update_design(world: World, which: int, value: int) -> None:
    """Change what a design says."""
    id_ = world.design(which)
    with world.titles.writing(id_) as title:
        input_ = {"id": ids.encode("Design", id_), "title": title.text, "style": STYLES[value % 2]}
        answer = await by_input(world, "updateDesign", "Design", input_)
        title.landed = answer.get("__typename") == "Design"


@api
async def publish_design(world: World, which: int, value: int) -> None:
    """Publish a design, or take it back."""
    await by_id(world, "publishDesign" if value % 2 else "unpublishDesign", design_id(world, which))


@api
async def delete_design(world: World, which: int, _: int) -> None:
    """Delete a design."""
    await by_id(world, "deleteDesign", design_id(world, which))


@api
async def like_design(world: World, which: int, value: int) -> None:
    """Like a design, or no longer; the count that everybody sees is the relay's affair, some seconds later."""
    await by_id(world, "likeDesign" if value % 2 else "unlikeDesign", design_id(world, which))


@api
async def edit_canvas(world: World, which: int, value: int) -> None:
    """Add an object to a canvas."""
    shape = {"kind": "FURNITURE", "x": value, "y": 0, "width": 10, "height": 10}
    edits = [{"addElement": {"key": secrets.token_hex(8), **shape}}]
    await world.mutate(
        f"""mutation ($i: [DesignEditInput!]!) {{ r: applyDesignEdits(
            designId: "{design_id(world, which)}", batchId: "{secrets.token_hex(8)}", baseSeq: 0, edits: $i
        ) {{ __typename }} }}""",
        edits,
    )


@api
async def comment(world: World, which: int, value: int) -> None:
    """Say something about a design, or answer."""
    input_: dict[str, Any] = {"designId": design_id(world, which), "body": f"Bonito {value}"}
    if value % 3 == 0 and world.comments:
        input_["parentId"] = world.comments[-1]
    made = await by_input(world, "addComment", "Comment", input_)
    if "id" in made:
        world.comments.append(made["id"])


@api
async def change_comment(world: World, _: int, value: int) -> None:
    """Settle, change or delete what was said."""
    if not world.comments:
        return
    if value % 3 == 0:
        await by_id(world, "deleteComment", world.comments.pop())
    elif value % 3 == 1:
        await by_id(world, "resolveComment", world.comments[-1])
    else:
        await by_input(world, "editComment", "Comment", {"id": world.comments[-1], "body": f"Feo {value}"})


@api
async def membership(world: World, _: int, value: int) -> None:
    """Make the second viewer a member of the first one's organization, change their role, or end that."""
    if world.members and value % 3 == 0:
        await world.mutate(
            "mutation ($i: ID!) { r: removeMember(membershipId: $i) { __typename } }", world.members.pop()
        )
    elif world.members and value % 3 == 1:
        await by_input(world, "changeRole", "Membership", {"membershipId": world.members[-1], "role": "EDITOR"})
    else:
        email = world.viewers[1].email
        await world.rows["invitations"].delete_many({})  # nobody gets as many in a day as are sent here
        input_ = {"organizationId": organization_id(world), "email": email, "role": "VIEWER"}
        sent = await by_input(world, "inviteMember", "Invitation", input_)
        made = await by_input(world, "acceptInvitation", "Membership", {"id": sent.get("id", "")}, who=1)
        if "id" in made:
            world.members.append(made["id"])


@api
async def update_organization(world: World, _: int, value: int) -> None:
    """Rename an organization."""
    input_ = {"id": organization_id(world), "name": f"Taller {value}"}
    await by_input(world, "updateOrganization", "Organization", input_)


@api
async def update_asset(world: World, which: int, value: int) -> None:
    """Say something else of a picture, and what must stay in sight, which changes its address."""
    input_ = {"id": ids.encode("Asset", world.asset(which)), "alt": f"Vista {value}", "focus": {"x": 0.1, "y": 0.2}}
    await by_input(world, "updateAsset", "Asset", input_)


@api
async def delete_asset(world: World, which: int, _: int) -> None:
    """Delete a picture."""
    await by_id(world, "deleteAsset", ids.encode("Asset", world.asset(which)))


@api
async def update_viewer(world: World, _: int, value: int) -> None:
    """Rename the author of designs."""
    await by_input(world, "updateViewer", "User", {"name": f"Ana {value}"})
