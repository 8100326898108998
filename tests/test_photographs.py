"""Where photographs were taken: told by whoever wishes it, to members of their organization alone."""

from __future__ import annotations

from hashlib import sha256

import pytest

from schema import ids
from tests.images.samples import draw, with_fields
from tests.platform import Platform, User
from tests.test_asset import begin, picture, put


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who takes photographs."""
    return await platform.user()


@pytest.fixture(scope="module")
async def organization(ana: User) -> str:
    """Found an organization for the photographs."""
    return await ana.organization()


GPS = {
    "exif-ifd3-GPSLatitude": "40/1 24/1 5999/100",
    "exif-ifd3-GPSLatitudeRef": "N",
    "exif-ifd3-GPSLongitude": "3/1 42/1 9/1",
    "exif-ifd3-GPSLongitudeRef": "W",
}
PLACE = {"latitude": 40.4166639, "longitude": -3.7025}


async def test_where_it_was_taken_is_kept_only_if_wished(platform: Platform, ana: User, organization: str) -> None:
    """Told to members alone; never in the file; the same bytes may be given their location later."""
    data = bytes(with_fields(draw(140, 90), GPS).jpegsave_buffer())
    without = await picture(ana, organization, data, "id location { latitude longitude }")
    assert without["location"] is None
    upload = await begin(ana, organization, "id url asset { id }", keepLocation=True, sha256=sha256(data).hexdigest())
    assert upload["asset"] is None
    assert (await put(platform, upload["url"], data))[0] == 200
    made = await ana.by_id("completeAssetUpload", "Asset", upload["id"], "id location { latitude longitude }")
    assert made == {**without, "location": PLACE}
    asset = await platform.database.handle["assets"].find_one({"_id": ids.key(made["id"], "Asset")})
    assert asset is not None
    kept = await platform.store.read(f"{asset['organization']}/{asset['content_hash']}")
    assert b"Exif" not in kept
    known = await begin(ana, organization, "asset { id }", keepLocation=True, sha256=sha256(data).hexdigest())
    assert known["asset"] == {"id": made["id"]}


async def test_a_photograph_can_locate_its_project(platform: Platform, ana: User, organization: str) -> None:
    """One without a location; what somebody has said of it stays, and other organizations' are none of its business."""
    data = bytes(with_fields(draw(141, 90), GPS).jpegsave_buffer())
    project = await ana.project(organization)
    query = "query ($id: ID!) { project(id: $id) { location { latitude longitude } } }"
    await ana.do("updateProject", "Project", {"id": project, "location": None})
    for body, found in (
        (data, PLACE),
        (bytes(with_fields(draw(142, 90), {**GPS, "exif-ifd3-GPSLatitudeRef": "S"}).jpegsave_buffer()), PLACE),
    ):
        upload = await begin(ana, organization, locatesProjectId=project)
        assert (await put(platform, upload["url"], body))[0] == 200
        assert (await ana.by_id("completeAssetUpload", "Asset", upload["id"]))["__typename"] == "Asset"
        assert (await ana.ask(query, {"id": project}))["project"]["location"] == found
    refused = await begin(ana, await ana.organization(), locatesProjectId=project)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "locatesProjectId"])
    stranger = await platform.user()
    missing = await begin(stranger, await stranger.organization(), locatesProjectId=project)
    assert (missing["__typename"], missing["path"]) == ("NotFound", ["input", "locatesProjectId"])


async def test_a_location_is_no_business_of_the_public(platform: Platform, ana: User, organization: str) -> None:
    """Given a public cover, then what is public does not tell, and members of other organizations are not told."""
    data = bytes(with_fields(draw(143, 90), GPS).jpegsave_buffer())
    upload = await begin(ana, organization, keepLocation=True)
    await put(platform, upload["url"], data)
    made = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    project = await ana.project(organization)
    await ana.do("updateProject", "Project", {"id": project, "coverId": made["id"]})
    shown = await ana.do("showProject", "Project", {"id": project, "visibility": "PUBLIC", "status": "ACTIVE"}, "slug")
    query = "query ($slug: String!) { publicProject(slug: $slug) { cover { id location { latitude } } } }"
    stranger = await platform.user()
    for token in (None, stranger.token, ana.token):
        _, body = await platform.post(query, {"slug": shown["slug"]}, token)
        assert body["data"]["publicProject"]["cover"] == {"id": made["id"], "location": None}
    node = "query ($id: ID!) { viewer { id } node(id: $id) { ... on Asset { location { latitude } } } }"
    assert (await ana.ask(node, {"id": made["id"]}))["node"]["location"] == {"latitude": PLACE["latitude"]}
    assert (await stranger.ask(node, {"id": made["id"]}))["node"] is None


def photograph(width: int) -> bytes:
    """Make a photograph that says where it was taken."""
    return bytes(with_fields(draw(width, 90), GPS).jpegsave_buffer())


async def located(by: User, project: str) -> object:
    """Return a project's location."""
    query = "query ($id: ID!) { project(id: $id) { location { latitude longitude } } }"
    return (await by.ask(query, {"id": project}))["project"]["location"]


async def test_locating_a_project_is_not_keeping_the_location(platform: Platform, ana: User, organization: str) -> None:
    """One was wished, the other was not: the project has it, and the picture has not."""
    project = await ana.project(organization)
    upload = await begin(ana, organization, locatesProjectId=project)
    await put(platform, upload["url"], photograph(151))
    made = await ana.by_id("completeAssetUpload", "Asset", upload["id"], "location { latitude }")
    assert made["location"] is None
    assert await located(ana, project) == PLACE


async def test_a_known_photograph_locates_projects_too(platform: Platform, ana: User, organization: str) -> None:
    """By its bytes, which are not looked at again but for that, or where its location is known by its hash alone."""
    data = photograph(152)
    upload = await begin(ana, organization, keepLocation=True)
    await put(platform, upload["url"], data)
    made = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    first, second = await ana.project(organization), await ana.project(organization)
    upload = await begin(ana, organization, locatesProjectId=first)
    await put(platform, upload["url"], data)
    assert await ana.by_id("completeAssetUpload", "Asset", upload["id"]) == made
    digest = sha256(data).hexdigest()
    upload = await begin(ana, organization, "asset { id }", locatesProjectId=second, sha256=digest)
    assert upload["asset"] == {"id": made["id"]}
    assert [await located(ana, project) for project in (first, second)] == [PLACE, PLACE]


async def test_a_picture_without_a_position_locates_nothing(platform: Platform, ana: User, organization: str) -> None:
    """And that is no error."""
    project = await ana.project(organization)
    upload = await begin(ana, organization, locatesProjectId=project, keepLocation=True)
    await put(platform, upload["url"], bytes(draw(153, 90).pngsave_buffer()))
    made = await ana.by_id("completeAssetUpload", "Asset", upload["id"], "location { latitude }")
    assert (made["__typename"], made["location"]) == ("Asset", None)
    assert await located(ana, project) is None
