"""The life of a project, through HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.platform import Json, Platform, User

PROJECT = "query ($id: ID!) { project(id: $id) { id title slug status visibility listedAt cover { id } } }"


async def test_a_project_begins_as_a_private_draft(platform: Platform) -> None:
    """A new project is a draft that only its organization sees."""
    ana = await platform.user()
    organization = await ana.organization()
    made = await ana.do(
        "createProject",
        "Project",
        {
            "organizationId": organization,
            "title": "Ático en Malasaña",
            "kind": "LOFT",
            "address": {"city": "Madrid", "country": "ES", "street": "Calle del Pez 3", "postalCode": "28004"},
            "location": {"latitude": 40.4237, "longitude": -3.7058},
            "areaM2": 84,
            "rooms": 3,
            "price": {"amount": 61_500_000_00, "currency": "EUR"},
            "style": "JAPANDI",
        },
        "id slug status visibility price { amount currency } location { latitude } address { city } owner { id } "
        "viewerPermissions organization { id viewerRole }",
    )
    assert made["status"] == "DRAFT"
    assert made["visibility"] == "PRIVATE"
    assert made["slug"].startswith("atico-en-malasana-")
    assert made["price"] == {"amount": 61_500_000_00, "currency": "EUR"}
    assert made["owner"]["id"] == ana.id
    assert "MANAGE_ORGANIZATION" in made["viewerPermissions"]
    assert made["organization"] == {"id": organization, "viewerRole": "OWNER"}
    hidden = await platform.ask("query ($slug: String!) { publicProject(slug: $slug) { id } }", {"slug": made["slug"]})
    assert hidden == {"publicProject": None}


async def test_showing_a_project_shows_its_published_designs(platform: Platform) -> None:
    """Visibility is copied to the designs in the same transaction, and taken back with it."""
    ana = await platform.user()
    project = await ana.project(await ana.organization())
    design = await ana.design(project, published=True)
    await ana.design(project)
    query = "query ($id: ID!) { publicDesign(id: $id) { id project { designs { totalCount edges { node { id } } } } } }"
    assert (await platform.ask(query, {"id": design}))["publicDesign"] is None
    await ana.do("showProject", "Project", {"id": project, "visibility": "PUBLIC", "status": "ACTIVE"})
    shown = (await platform.ask(query, {"id": design}))["publicDesign"]
    assert shown["project"]["designs"] == {"totalCount": 1, "edges": [{"node": {"id": design}}]}
    await ana.do("showProject", "Project", {"id": project, "visibility": "PRIVATE"})
    assert (await platform.ask(query, {"id": design}))["publicDesign"] is None


async def test_a_design_begun_while_its_project_is_being_hidden_stays_hidden(platform: Platform) -> None:
    """The copy of the project's visibility is right whichever of two transactions comes first."""
    ana = await platform.user()
    organization = await ana.organization()
    for _ in range(5):
        project = await ana.public_project(organization)
        hide = ana.do("showProject", "Project", {"id": project, "visibility": "PRIVATE"})
        designs, _ = await asyncio.gather(asyncio.gather(*(ana.design(project) for _ in range(3))), hide)
        for design in designs:
            await ana.by_id("publishDesign", "Design", design)
        query = "query ($id: ID!) { publicDesign(id: $id) { id } }"
        seen = [(await platform.ask(query, {"id": design}))["publicDesign"] for design in designs]
        assert seen == [None, None, None]


async def test_what_is_left_out_of_a_change_stays(platform: Platform) -> None:
    """Null empties what may be empty, and is refused where there must be something."""
    ana = await platform.user()
    project = await ana.project(await ana.organization(), areaM2=80, rooms=2, description="Con luz.")
    fields = "title areaM2 rooms description address { city street } location { latitude longitude } price { amount }"
    changed = await ana.do(
        "updateProject",
        "Project",
        {
            "id": project,
            "title": "Casa nueva",
            "areaM2": None,
            "location": {"latitude": 41.38, "longitude": 2.17},
            "price": {"amount": 10**14, "currency": "EUR"},
            "address": {"city": "Barcelona", "country": "ES", "street": "Gran Via 1"},
        },
        fields,
    )
    assert changed == {
        "__typename": "Project",
        "title": "Casa nueva",
        "areaM2": None,
        "rooms": 2,
        "description": "Con luz.",
        "address": {"city": "Barcelona", "street": "Gran Via 1"},
        "location": {"latitude": 41.38, "longitude": 2.17},
        "price": {"amount": 10**14},
    }
    emptied = await ana.do("updateProject", "Project", {"id": project, "location": None, "price": None}, fields)
    assert emptied["location"] is emptied["price"] is None
    refused = await ana.do("updateProject", "Project", {"id": project, "title": None})
    assert (refused["__typename"], refused["path"][-1]) == ("InvalidInput", "title")
    assert (await ana.ask(PROJECT, {"id": project}))["project"]["title"] == "Casa nueva"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 161}, "title"),
        ({"areaM2": 0}, "areaM2"),
        ({"rooms": -1}, "rooms"),
        ({"description": "x" * 10_001}, "description"),
        ({"address": {"city": "", "country": "ES"}}, "address"),
        ({"address": {"city": "Madrid", "country": "Spain"}}, "address"),
        ({"location": {"latitude": 91, "longitude": 0}}, "location"),
        ({"price": {"amount": -1, "currency": "EUR"}}, "price"),
        ({"price": {"amount": 1, "currency": "euro"}}, "price"),
    ],
)
async def test_a_value_that_breaks_a_rule_is_named(owner: Owner, fields: Json, named: str) -> None:
    """The same rules hold for a new project and for a change, and the path leads to the value."""
    ana, organization, project = owner
    whole = {
        "organizationId": organization,
        "title": "Casa",
        "kind": "HOUSE",
        "address": {"city": "Madrid", "country": "ES"},
        **fields,
    }
    for mutation, input_ in (("createProject", whole), ("updateProject", {"id": project, **fields})):
        refused = await ana.do(mutation, "Project", input_)
        assert (refused["__typename"], refused["code"]) == ("InvalidInput", "INVALID_INPUT"), refused
        assert refused["path"][:2] == ["input", named]
        assert named in refused["message"]


@pytest.mark.parametrize("amount", [10**14 + 1, 10**40, 1.5, "12", True])
async def test_an_amount_that_is_none_is_refused_before_anything_runs(owner: Owner, amount: Any) -> None:
    """Amounts are whole numbers up to 10^14."""
    ana, _, project = owner
    query = "mutation ($price: MoneyInput!, $id: ID!) { updateProject(input: {id: $id, price: $price}) { __typename } }"
    variables = {"id": project, "price": {"amount": amount, "currency": "EUR"}}
    status, body = await ana.platform.post(query, variables, ana.token)
    assert status == 200
    assert "data" not in body
    assert "Amount" in body["errors"][0]["message"]


async def test_roles(platform: Platform) -> None:
    """Viewers read; editors change and show; admins delete."""
    ana = await platform.user()
    organization = await ana.organization()
    viewer, editor, admin = [await ana.member(organization, role) for role in ("VIEWER", "EDITOR", "ADMIN")]
    project = await ana.project(organization)
    for user, permissions in ((viewer, 2), (editor, 4), (admin, 8), (ana, 10)):
        seen = await user.ask("query ($id: ID!) { project(id: $id) { viewerPermissions } }", {"id": project})
        assert len(seen["project"]["viewerPermissions"]) == permissions
    whole = {
        "organizationId": organization,
        "title": "Casa",
        "kind": "HOUSE",
        "address": {"city": "Madrid", "country": "ES"},
    }
    assert (await viewer.do("createProject", "Project", whole))["__typename"] == "NotAllowed"
    assert (await viewer.do("updateProject", "Project", {"id": project, "title": "No"}))["__typename"] == "NotAllowed"
    shown = {"id": project, "visibility": "PUBLIC"}
    assert (await viewer.do("showProject", "Project", shown))["__typename"] == "NotAllowed"
    assert (await editor.do("updateProject", "Project", {"id": project, "title": "Sí"}))["__typename"] == "Project"
    assert (await editor.do("showProject", "Project", shown))["__typename"] == "Project"
    for user in (viewer, editor):
        assert (await user.by_id("deleteProject", "Deleted", project))["__typename"] == "NotAllowed"
    assert (await admin.by_id("deleteProject", "Deleted", project)) == {"__typename": "Deleted", "id": project}
    assert (await admin.by_id("deleteProject", "Deleted", project))["__typename"] == "NotFound"


async def test_showing_and_archiving(platform: Platform) -> None:
    """A project is listed from when it is public and active until it is not; other changes keep the time."""
    ana = await platform.user()
    project = await ana.project(await ana.organization())

    async def show(**fields: str) -> Json:
        return await ana.do("showProject", "Project", {"id": project, **fields}, "status visibility listedAt")

    assert (await show(visibility="PUBLIC"))["listedAt"] is None
    listed = (await show(status="ACTIVE"))["listedAt"]
    assert listed is not None
    assert (await show()) == {
        "__typename": "Project",
        "status": "ACTIVE",
        "visibility": "PUBLIC",
        "listedAt": listed,
    }
    assert (await show(status="ARCHIVED"))["listedAt"] is None


async def test_deleting_a_project_leaves_nothing_behind(platform: Platform) -> None:
    """Its designs, canvases, logs, comments and likes go with it."""
    ana = await platform.user()
    project = await ana.public_project(await ana.organization())
    design = await ana.design(project, published=True)
    await ana.edit(design, {"addElement": {"key": "a", "kind": "WALL", "x": 0, "y": 0, "width": 1, "height": 1}})
    await ana.do("addComment", "Comment", {"designId": design, "body": "Bien."})
    await ana.by_id("likeDesign", "Design", design)
    before = await _left(platform)
    assert (await ana.by_id("deleteProject", "Deleted", project))["__typename"] == "Deleted"
    after = await _left(platform)
    assert {name: before[name] - after[name] for name in before} == {
        "projects": 1,
        "designs": 1,
        "elements": 1,
        "design_edits": 1,
        "comments": 1,
        "likes": 1,
    }
    found = await ana.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [project, design]})
    assert found == {"nodes": [None, None]}


Owner = tuple[User, str, str]


@pytest.fixture(scope="module")
async def owner(platform: Platform) -> Owner:
    """Give somebody with an organization and a project."""
    ana = await platform.user()
    organization = await ana.organization()
    return ana, organization, await ana.project(organization)


async def _left(platform: Platform) -> dict[str, int]:
    names = ("projects", "designs", "elements", "design_edits", "comments", "likes")
    return {name: await platform.database.handle[name].count_documents({}) for name in names}


async def test_a_blank_title_is_refused_and_a_padded_one_trimmed(platform: Platform) -> None:
    """Given white space for a title, then it is refused by name; around a title, it goes."""
    ana = await platform.user()
    organization = await ana.organization()
    address = {"city": "Madrid", "country": "ES"}
    fields = {"organizationId": organization, "kind": "HOUSE", "address": address}
    refused = await ana.do("createProject", "Project", {**fields, "title": "   "})
    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "title"])
    made = await ana.do("createProject", "Project", {**fields, "title": "  Casa "}, "title")
    assert made["title"] == "Casa"
