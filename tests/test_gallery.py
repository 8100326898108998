"""What everybody may see: the gallery, the listings, and what is nearby; paging, counting, and the cost of it all."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import bson
import pytest
from beanie import PydanticObjectId

from schema import ids
from tests.platform import Json, Platform, User

PAGE = "totalCount edges { cursor node { id title } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
GALLERY = f"""query ($city: String, $style: Style, $first: Int! = 20, $after: String) {{
    gallery(city: $city, style: $style, first: $first, after: $after) {{ {PAGE} }} }}"""
LISTINGS = f"""query ($city: String, $kind: ProjectKind, $organizationId: ID, $minPrice: MoneyInput,
    $maxPrice: MoneyInput, $minRooms: Int, $minAreaM2: Int, $orderBy: ListingOrder! = NEWEST, $first: Int! = 20,
    $after: String) {{ listings(city: $city, kind: $kind, organizationId: $organizationId, minPrice: $minPrice,
    maxPrice: $maxPrice, minRooms: $minRooms, minAreaM2: $minAreaM2, orderBy: $orderBy, first: $first, after: $after)
    {{ {PAGE} }} }}"""
NEARBY = """query ($center: LocationInput!, $radiusM: Int! = 10000, $first: Int! = 20, $after: String) {
    nearby(center: $center, radiusM: $radiusM, first: $first, after: $after) {
    edges { cursor distanceM node { id title } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
QUERIES = {"gallery": GALLERY, "listings": LISTINGS, "nearby": NEARBY}


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who shows projects."""
    return await platform.user()


@pytest.fixture(scope="module")
async def organization(ana: User) -> str:
    """Found an organization for them."""
    return await ana.organization()


@pytest.fixture
def city() -> str:
    """Name a city that no other test uses."""
    return f"San Sebastián {uuid4().hex}"


async def shown(by: User, organization: str, city: str, **fields: Any) -> str:
    """Begin a public project in a city, with a published design."""
    project = await by.public_project(organization, address={"city": city, "country": "ES"}, **fields)
    await by.design(project, published=True)
    return project


async def page(platform: Platform, name: str, **variables: Any) -> Json:
    """Read one page of a public list."""
    found: Json = (await platform.ask(QUERIES[name], variables))[name]
    return found


def titles(found: Json) -> list[str]:
    """Return the titles of a page."""
    return [edge["node"]["title"] for edge in found["edges"]]


async def refused(platform: Platform, name: str, **variables: Any) -> Json:
    """Return the one error that a query ends with."""
    status, body = await platform.post(QUERIES[name], variables)
    assert status == 200
    assert body["data"] is None
    (error,) = body["errors"]
    result: Json = error
    return result


async def test_the_gallery_shows_what_is_published(platform: Platform, ana: User, organization: str, city: str) -> None:
    """Public, active projects with a published design; the newest publication first; by city and style."""
    first = await shown(ana, organization, city, title="Uno", style="BOHO")
    await shown(ana, organization, city, title="Dos", style="CLASSIC")
    private = await ana.project(organization, address={"city": city, "country": "ES"}, title="Privado")
    await ana.design(private, published=True)
    await ana.public_project(organization, address={"city": city, "country": "ES"}, title="Sin diseños")
    assert titles(await page(platform, "gallery", city=city)) == ["Dos", "Uno"]
    spelled = f"  SAN   sebastian {city.rsplit(maxsplit=1)[-1].upper()} "
    assert titles(await page(platform, "gallery", city=spelled)) == ["Dos", "Uno"]
    boho = await page(platform, "gallery", city=city, style="BOHO")
    assert (titles(boho), boho["totalCount"]) == (["Uno"], 1)
    await ana.design(first, published=True)
    assert titles(await page(platform, "gallery", city=city)) == ["Uno", "Dos"]
    await ana.do("showProject", "Project", {"id": first, "status": "ARCHIVED"})
    assert titles(await page(platform, "gallery", city=city)) == ["Dos"]
    assert titles(await page(platform, "gallery", city="")) == []


async def test_counts_of_several_lists_in_one_answer(
    platform: Platform, ana: User, organization: str, city: str
) -> None:
    """Lists that are selected by different fields are each counted as if they were alone."""
    for style in ("BOHO", "BOHO", "CLASSIC"):
        await shown(ana, organization, city, style=style)
    found = await platform.ask(
        """query ($city: String!) {
            city: gallery(city: $city) { totalCount } boho: gallery(city: $city, style: BOHO) { totalCount }
            none: gallery(city: "nowhere") { totalCount } all: gallery { totalCount } }""",
        {"city": city},
    )
    everything = await platform.ask("{ gallery { totalCount } }")
    counts = {name: connection["totalCount"] for name, connection in found.items()}
    assert counts == {"city": 3, "boho": 2, "none": 0, "all": everything["gallery"]["totalCount"]}
    assert counts["all"] >= 3


async def test_listings(platform: Platform, ana: User, organization: str, city: str) -> None:
    """They need no design; filters combine; ranges leave out what has no such value, and have no count."""
    place = {"address": {"city": city, "country": "ES"}}

    async def listed(title: str, **fields: Any) -> None:
        await ana.public_project(organization, title=title, **{**place, **fields})

    await listed("Loft", kind="LOFT", rooms=1, areaM2=50, price={"amount": 300_00, "currency": "EUR"})
    await listed("Casa", rooms=4, areaM2=200, price={"amount": 900_00, "currency": "EUR"})
    await listed("House", rooms=5, areaM2=300, price={"amount": 100_00, "currency": "USD"})
    await listed("Local", kind="RETAIL")
    await ana.project(organization, title="Privada", **place)

    async def seen(**variables: Any) -> list[str]:
        return titles(await page(platform, "listings", city=city, **variables))

    def money(amount: int, currency: str = "EUR") -> Json:
        return {"amount": amount, "currency": currency}

    assert await seen() == ["Local", "House", "Casa", "Loft"]
    assert await seen(kind="LOFT") == ["Loft"]
    assert await seen(organizationId=organization) == ["Local", "House", "Casa", "Loft"]
    assert await seen(organizationId=ids.encode("Organization", PydanticObjectId())) == []
    assert await seen(maxPrice=money(300_00)) == ["Loft"]
    assert await seen(minPrice=money(300_01)) == ["Casa"]
    assert await seen(minPrice=money(0), maxPrice=money(10**14)) == ["Casa", "Loft"]
    assert await seen(maxPrice=money(100_00, "USD")) == ["House"]
    assert await seen(minRooms=4) == ["House", "Casa"]
    assert await seen(minAreaM2=201) == ["House"]
    assert await seen(orderBy="PRICE") == ["House", "Loft", "Casa"]
    assert await seen(orderBy="PRICE", minRooms=2, maxPrice=money(900_00)) == ["Casa"]
    assert (await page(platform, "listings", city=city))["totalCount"] == 4
    assert (await page(platform, "listings", city=city, orderBy="PRICE"))["totalCount"] == 3
    assert (await page(platform, "listings", city=city, minRooms=1))["totalCount"] is None
    error = await refused(platform, "listings", minPrice=money(1), maxPrice=money(2, "USD"))
    assert error["extensions"] == {"code": "INVALID_INPUT", "path": ["maxPrice", "currency"]}
    wrong = await refused(platform, "listings", organizationId=ids.encode("Project", PydanticObjectId()))
    assert wrong["extensions"] == {"code": "INVALID_INPUT", "path": ["organizationId"]}


@pytest.mark.parametrize(("name", "variables"), [("gallery", {}), ("listings", {}), ("listings", {"orderBy": "PRICE"})])
async def test_paging_through_is_reading_the_list(
    platform: Platform, ana: User, organization: str, city: str, name: str, variables: Json
) -> None:
    """Every row once and in order, though rows are inserted before, between and after meanwhile."""
    prices = [500, 100, 300, 300, 200, 400, 300]
    for amount in prices:
        await shown(ana, organization, city, price={"amount": amount, "currency": "EUR"})
    whole = await page(platform, name, city=city, **variables)
    expected = [edge["node"]["id"] for edge in whole["edges"]]
    assert (len(expected), whole["totalCount"], whole["pageInfo"]["hasNextPage"]) == (7, 7, False)
    read: list[str] = []
    after: str | None = None
    while True:
        found = await page(platform, name, city=city, first=2, after=after, **variables)
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
        assert found["pageInfo"]["endCursor"] == found["edges"][-1]["cursor"]
        read += [edge["node"]["id"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
        if len(read) < 6:
            await shown(ana, organization, city, price={"amount": 100 * len(read), "currency": "EUR"})
    assert [id_ for id_ in read if id_ in expected] == expected
    assert len(set(read)) == len(read)
    past = await page(platform, name, city=city, after=after, **variables)
    assert (past["edges"], past["pageInfo"]["endCursor"]) == ([], None)


async def test_pages_have_bounds(platform: Platform) -> None:
    """`first` is 0 to 100; a cursor is of this list with these filters, or refused in words that say so."""
    for name, more in (("gallery", {}), ("listings", {}), ("nearby", {"center": {"latitude": 0, "longitude": 0}})):
        for first in (101, -1, 2**31 - 1, -(2**31)):
            error = await refused(platform, name, first=first, **more)
            assert error["extensions"] == {"code": "INVALID_INPUT", "path": ["first"]}
            assert "0 to 100" in error["message"]
        assert (await page(platform, name, first=0, **more))["edges"] == []
        crooked = base64.urlsafe_b64encode(bson.encode({"l": b"", "k": ["x", {}]})).decode()
        for after in ("", "nonsense", "////", "é", crooked, "A" * 5000):
            error = await refused(platform, name, after=after, **more)
            assert error["extensions"] == {"code": "INVALID_INPUT", "path": ["after"]}


async def test_a_cursor_is_of_one_list(platform: Platform, ana: User, organization: str, city: str) -> None:
    """Another field, filter, range or order is another list."""
    await shown(ana, organization, city, style="BOHO", price={"amount": 5, "currency": "EUR"}, rooms=2)
    cursor = (await page(platform, "gallery", city=city))["edges"][0]["cursor"]
    others: list[tuple[str, Json]] = [
        ("gallery", {}),
        ("gallery", {"city": city, "style": "BOHO"}),
        ("listings", {"city": city}),
        ("nearby", {"center": {"latitude": 0, "longitude": 0}}),
    ]
    for name, variables in others:
        error = await refused(platform, name, after=cursor, **variables)
        assert "another list" in error["message"]
    listed = (await page(platform, "listings", city=city))["edges"][0]["cursor"]
    narrower: list[Json] = [{"orderBy": "PRICE"}, {"minRooms": 1}, {"kind": "HOUSE"}]
    for variables in narrower:
        assert "another list" in (await refused(platform, "listings", city=city, after=listed, **variables))["message"]
    assert (await page(platform, "listings", city=city, after=listed))["edges"] == []


async def test_a_cursor_of_one_projects_designs_is_no_other_ones(
    platform: Platform, ana: User, organization: str, city: str
) -> None:
    """Also where one query pages through the designs of several projects."""
    for _ in range(2):
        await ana.design(await shown(ana, organization, city), published=True)
    query = """query ($city: String, $n: Int!, $after: String) { gallery(city: $city, first: $n) { edges { node {
        designs(first: 1, after: $after) { edges { cursor } } } } } }"""
    found = await platform.ask(query, {"city": city, "n": 2})
    cursors = [edge["node"]["designs"]["edges"][0]["cursor"] for edge in found["gallery"]["edges"]]
    alone = await platform.ask(query, {"city": city, "n": 1, "after": cursors[0]})
    assert len(alone["gallery"]["edges"][0]["node"]["designs"]["edges"]) == 1
    for cursor in cursors:
        _, body = await platform.post(query, {"city": city, "n": 2, "after": cursor})
        assert "another list" in body["errors"][0]["message"]


async def test_public_pages(platform: Platform, ana: User, organization: str, city: str) -> None:
    """A project by its slug, with its published designs only; a design by its id."""
    project = await shown(ana, organization, city, title="Casa Pública")
    hidden = await ana.design(project, title="Borrador")
    slug = (await ana.ask("query ($id: ID!) { project(id: $id) { slug } }", {"id": project}))["project"]["slug"]
    by_slug = """query ($slug: String!) { publicProject(slug: $slug) {
        title designs { totalCount edges { node { id title } } } } }"""
    found = (await platform.ask(by_slug, {"slug": slug}))["publicProject"]
    assert (found["title"], found["designs"]["totalCount"]) == ("Casa Pública", 1)
    design = found["designs"]["edges"][0]["node"]
    assert design["title"] == "Salón"
    members = await ana.ask("query ($id: ID!) { project(id: $id) { designs { totalCount } } }", {"id": project})
    assert members["project"]["designs"]["totalCount"] == 2
    by_id = "query ($id: ID!) { publicDesign(id: $id) { title } }"
    assert await platform.ask(by_id, {"id": design["id"]}) == {"publicDesign": {"title": "Salón"}}
    assert await platform.ask(by_id, {"id": hidden}) == {"publicDesign": None}
    for slug_ in ("", "nothing", "a\r\nX-Evil: 1", "x" * 10_000):
        assert await platform.ask(by_slug, {"slug": slug_}) == {"publicProject": None}


async def test_nearby(platform: Platform, ana: User, organization: str) -> None:
    """The nearest first, with the distance on the sphere; within the radius; paged, with equal distances."""
    latitude, longitude = -45.5, 170.0  # far from every other test's projects
    for title, offset in (("1 km", 0.009), ("here", 0.0), ("here too", 0.0), ("and here", 0.0), ("5 km", 0.045)):
        await ana.public_project(
            organization, title=title, location={"latitude": latitude + offset, "longitude": longitude}
        )
    await ana.project(organization, title="private", location={"latitude": latitude, "longitude": longitude})
    center = {"latitude": latitude, "longitude": longitude}
    found = await page(platform, "nearby", center=center)
    assert titles(found) == ["here", "here too", "and here", "1 km", "5 km"]
    distances = [edge["distanceM"] for edge in found["edges"]]
    assert distances[:3] == pytest.approx([0, 0, 0], abs=0.01)
    assert distances[3:] == pytest.approx([1001, 5009], rel=0.01)
    assert titles(await page(platform, "nearby", center=center, radiusM=2000)) == titles(found)[:4]
    for around in (center, {"latitude": latitude + 0.009, "longitude": longitude + 0.001}):
        whole = titles(await page(platform, "nearby", center=around))
        read: list[str] = []
        after: str | None = None
        more = True
        while more and len(read) < 10:
            part = await page(platform, "nearby", center=around, first=1, after=after)
            read += titles(part)
            after, more = part["pageInfo"]["endCursor"], part["pageInfo"]["hasNextPage"]
        assert read == whole


@pytest.mark.parametrize(
    ("variables", "path"),
    [
        ({"radiusM": 0}, "radiusM"),
        ({"radiusM": 200_001}, "radiusM"),
        ({"center": {"latitude": 90.1, "longitude": 0}}, "center"),
        ({"center": {"latitude": 0, "longitude": -180.1}}, "center"),
    ],
)
async def test_nearby_has_bounds(platform: Platform, variables: Json, path: str) -> None:
    """A place is on the globe, and a radius at most 200 km."""
    error = await refused(platform, "nearby", **{"center": {"latitude": 0, "longitude": 0}, **variables})
    assert error["extensions"] == {"code": "INVALID_INPUT", "path": [path]}


async def test_a_forged_cursor_of_nearby_is_refused(platform: Platform, ana: User, organization: str) -> None:
    """A cursor tells its list but is not signed; what it says must still be a distance."""
    center = {"latitude": -60.5, "longitude": 100.0}
    await ana.public_project(organization, location=center)
    cursor = (await page(platform, "nearby", center=center))["edges"][0]["cursor"]
    held = bson.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for distance in ("far", -1.0, float("nan"), True):
        forged = bson.encode({**held, "k": [distance, held["k"][1]]})
        error = await refused(platform, "nearby", center=center, after=base64.urlsafe_b64encode(forged).decode())
        assert error["extensions"] == {"code": "INVALID_INPUT", "path": ["after"]}


@pytest.mark.parametrize("amount", ["1e400", "99999999999999999999999", "1.5", "-100000000000001"])
async def test_an_amount_in_the_text_is_named_too(platform: Platform, amount: str) -> None:
    """A literal that is no amount is the client's fault, and the answer says what it is."""
    query = f'{{ listings(minPrice: {{amount: {amount}, currency: "EUR"}}) {{ totalCount }} }}'
    _, body = await platform.post(query)
    assert "data" not in body
    assert "an Amount is" in body["errors"][0]["message"]
