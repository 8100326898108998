"""The life of a design, through HTTP."""

from __future__ import annotations

from tests.platform import Platform, added

PUBLIC = "query ($id: ID!) { publicDesign(id: $id) { id title publishedAt canvas { seq elements { key } } } }"


async def test_a_design_begins_empty_and_unpublished(platform: Platform) -> None:
    """It belongs to its project's organization, and its canvas is at 0."""
    ana = await platform.user("Ana")
    project = await ana.project(await ana.organization())
    made = await ana.do(
        "createDesign",
        "Design",
        {"projectId": project, "title": "Salón", "room": "LIVING_ROOM", "style": "BOHO"},
        "id title room style seq publishedAt likeCount viewerHasLiked cover { id } author { name } project { id } "
        "canvas { seq elements { key } } comments { totalCount }",
    )
    assert made["id"]
    assert {name: made[name] for name in ("title", "room", "style", "seq")} == {
        "title": "Salón",
        "room": "LIVING_ROOM",
        "style": "BOHO",
        "seq": 0,
    }
    assert made["publishedAt"] is made["cover"] is None
    assert (made["likeCount"], made["viewerHasLiked"]) == (0, False)
    assert (made["author"], made["project"]) == ({"name": "Ana"}, {"id": project})
    assert made["canvas"] == {"seq": 0, "elements": []}
    assert made["comments"] == {"totalCount": 0}


async def test_changing_a_design(platform: Platform) -> None:
    """What is left out stays; a rule that is broken is named; a cover must be a picture."""
    ana = await platform.user()
    project = await ana.project(await ana.organization())
    design = await ana.design(project)
    changed = await ana.do("updateDesign", "Design", {"id": design, "room": "STUDY"}, "title room style")
    assert changed == {"__typename": "Design", "title": "Salón", "room": "STUDY", "style": "JAPANDI"}
    for title in ("", "x" * 161, None):
        refused = await ana.do("updateDesign", "Design", {"id": design, "title": title})
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "title"])
    wrong = await ana.do("updateDesign", "Design", {"id": design, "coverId": project})
    assert (wrong["__typename"], wrong["path"]) == ("InvalidInput", ["input", "coverId"])
    assert "Asset" in wrong["message"]
    assert "Project" in wrong["message"]


async def test_publishing_needs_a_public_project(platform: Platform) -> None:
    """A design is seen by everybody while it is published and its project public, and not before nor after."""
    ana = await platform.user()
    project = await ana.project(await ana.organization())
    design = await ana.design(project)
    await ana.edit(design, added("sofa"))

    async def seen() -> object:
        return (await platform.ask(PUBLIC, {"id": design}))["publicDesign"]

    first = await ana.by_id("publishDesign", "Design", design, "publishedAt")
    assert first["publishedAt"] is not None
    assert await seen() is None
    await ana.do("showProject", "Project", {"id": project, "visibility": "PUBLIC", "status": "ACTIVE"})
    assert await seen() == {
        "id": design,
        "title": "Salón",
        "publishedAt": first["publishedAt"],
        "canvas": {"seq": 1, "elements": [{"key": "sofa"}]},
    }
    assert await ana.by_id("publishDesign", "Design", design, "publishedAt") == first
    await ana.by_id("unpublishDesign", "Design", design)
    assert await seen() is None
    again = await ana.by_id("unpublishDesign", "Design", design, "publishedAt")
    assert again == {"__typename": "Design", "publishedAt": None}


async def test_roles(platform: Platform) -> None:
    """Viewers read; editors change and publish; admins delete, and then nothing is left."""
    ana = await platform.user()
    organization = await ana.organization()
    viewer, editor, admin = [await ana.member(organization, role) for role in ("VIEWER", "EDITOR", "ADMIN")]
    project = await ana.project(organization)
    design = await ana.design(project)
    whole = {"projectId": project, "title": "Cocina", "room": "KITCHEN", "style": "CLASSIC"}
    answers = [
        await viewer.do("createDesign", "Design", whole),
        await viewer.do("updateDesign", "Design", {"id": design, "title": "No"}),
        await viewer.by_id("publishDesign", "Design", design),
        await viewer.by_id("unpublishDesign", "Design", design),
        await viewer.by_id("deleteDesign", "Deleted", design),
        await editor.by_id("deleteDesign", "Deleted", design),
    ]
    assert {answer["__typename"] for answer in answers} == {"NotAllowed"}
    assert answers[0]["path"] == ["input", "projectId"]
    assert (await editor.do("createDesign", "Design", whole))["__typename"] == "Design"
    assert (await editor.by_id("publishDesign", "Design", design))["__typename"] == "Design"
    assert await admin.by_id("deleteDesign", "Deleted", design) == {"__typename": "Deleted", "id": design}
    for mutation, type_ in (("deleteDesign", "Deleted"), ("publishDesign", "Design"), ("likeDesign", "Design")):
        gone = await admin.by_id(mutation, type_, design)
        assert (gone["__typename"], gone["path"]) == ("NotFound", ["id"])
    await admin.by_id("deleteProject", "Deleted", project)
    missing = await admin.do("createDesign", "Design", whole)
    assert missing["__typename"] == "NotFound"


async def test_deleting_the_only_published_design_empties_the_showcase(platform: Platform) -> None:
    """A project leaves the gallery with its last published design."""
    ana = await platform.user()
    city = f"Ciudad {ana.id}"
    project = await ana.public_project(await ana.organization(), address={"city": city, "country": "ES"})
    query = "query ($city: String) { gallery(city: $city) { totalCount } }"
    first, second = [await ana.design(project, published=True) for _ in range(2)]
    assert await platform.ask(query, {"city": city}) == {"gallery": {"totalCount": 1}}
    await ana.by_id("deleteDesign", "Deleted", first)
    assert await platform.ask(query, {"city": city}) == {"gallery": {"totalCount": 1}}
    await ana.by_id("deleteDesign", "Deleted", second)
    assert await platform.ask(query, {"city": city}) == {"gallery": {"totalCount": 0}}
