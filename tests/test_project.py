"""The life of a project, through HTTP."""

from __future__ import annotations

from tests.platform import Platform


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
