"""Pictures: from the upload to the variant that a browser gets, all through the front door."""

from __future__ import annotations

import aiohttp
import pytest

from models.asset import UPLOAD_LIMIT
from storage.pictures import sniff
from tests.images.samples import jpeg
from tests.platform import Json, Platform, User

FIELDS = "id width height byteSize mediaType placeholder dominantColor alt focus { x y } image(width: 200) { url }"


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who takes pictures."""
    return await platform.user()


@pytest.fixture(scope="module")
async def organization(ana: User) -> str:
    """Found an organization for the pictures."""
    return await ana.organization()


async def begin(by: User, organization: str, fields: str = "id url expiresAt maxBytes", **more: str | bool) -> Json:
    """Get a place to upload to."""
    return await by.do("createAssetUpload", "AssetUpload", {"organizationId": organization, **more}, fields)


async def put(platform: Platform, url: str, data: bytes) -> tuple[int, Json]:
    """Send bytes: (status, body)."""
    async with platform.session.put(url, data=data) as response:
        return response.status, await response.json()


async def uploaded(by: User, organization: str, data: bytes) -> str:
    """Begin an upload and send the bytes; return its id."""
    upload = await begin(by, organization)
    status, answer = await put(by.platform, upload["url"], data)
    assert (status, answer["bytes"]) == (200, len(data))
    return str(upload["id"])


async def picture(by: User, organization: str, data: bytes, fields: str = "id") -> Json:
    """Upload a picture."""
    return await by.by_id("completeAssetUpload", "Asset", await uploaded(by, organization, data), fields)


async def test_from_upload_to_avif(platform: Platform, ana: User, organization: str) -> None:
    """An uploaded picture comes back, through the front door, in the best format that its reader accepts."""
    upload = await begin(ana, organization)
    assert upload["url"].startswith(f"{platform.edge}/uploads/")
    assert upload["maxBytes"] == UPLOAD_LIMIT
    data = jpeg(640, 480)
    assert (await put(platform, upload["url"], data))[0] == 200
    made = await ana.by_id("completeAssetUpload", "Asset", upload["id"], FIELDS)
    assert (made["width"], made["height"], made["byteSize"], made["mediaType"]) == (640, 480, len(data), "image/jpeg")
    assert all(0 <= part <= 1 for part in made["focus"].values())
    assert made["placeholder"]
    assert made["dominantColor"].startswith("#")
    assert made["image"]["url"].startswith(f"{platform.edge}/images/")
    for accept, type_ in (
        ("image/avif,image/webp,*/*", "image/avif"),
        ("image/webp,*/*", "image/webp"),
        ("*/*", "image/jpeg"),
    ):
        async with platform.session.get(made["image"]["url"], headers={"Accept": accept}) as response:
            body = await response.read()
            assert (response.status, response.content_type) == (200, type_)
            assert "Accept" in response.headers["Vary"]
        assert sniff(body) == type_


async def test_a_link_that_was_changed_is_refused(platform: Platform, ana: User, organization: str) -> None:
    """Its signature covers the whole address."""
    made = await picture(ana, organization, jpeg(100, 90), "image(width: 64, format: PNG) { url width height }")
    url = made["image"]["url"]
    async with platform.session.get(url) as response:
        assert (response.status, response.content_type) == (200, "image/png")
    async with platform.session.get(url.replace("w:64", "w:65").replace(":64:", ":65:")) as response:
        assert response.status == 403


async def test_describing_and_deleting(platform: Platform, ana: User, organization: str) -> None:
    """Words and focus are kept; a deleted picture leaves the covers that showed it."""
    made = await picture(ana, organization, jpeg(120, 90))
    focus = {"x": 0.25, "y": 1}
    described = await ana.do("updateAsset", "Asset", {"id": made["id"], "alt": "Un salón", "focus": focus}, FIELDS)
    assert (described["alt"], described["focus"]) == ("Un salón", {"x": 0.25, "y": 1.0})
    kept = await ana.do("updateAsset", "Asset", {"id": made["id"]}, "alt")
    assert kept["alt"] == "Un salón"
    for fields, named in (({"alt": "x" * 1001}, "alt"), ({"alt": None}, "alt"), ({"focus": {"x": 2, "y": 0}}, "focus")):
        refused = await ana.do("updateAsset", "Asset", {"id": made["id"], **fields})
        assert (refused["__typename"], refused["path"][:2]) == ("InvalidInput", ["input", named])
    project = await ana.project(organization)
    design = await ana.design(project)
    for mutation, type_, id_ in (("updateProject", "Project", project), ("updateDesign", "Design", design)):
        covered = await ana.do(mutation, type_, {"id": id_, "coverId": made["id"]}, "cover { id alt }")
        assert covered["cover"] == {"id": made["id"], "alt": "Un salón"}
    avatar = await ana.do("updateViewer", "User", {"avatarId": made["id"]}, "avatar { id }")
    assert avatar["avatar"] == {"id": made["id"]}
    url = described["image"]["url"]
    async with platform.session.get(url) as response:
        assert response.status == 200
    assert await ana.by_id("deleteAsset", "Deleted", made["id"]) == {"__typename": "Deleted", "id": made["id"]}
    query = "query ($p: ID!, $d: ID!) { project(id: $p) { cover { id } } design(id: $d) { cover { id } } }"
    left = await ana.ask(query, {"p": project, "d": design})
    assert left == {"project": {"cover": None}, "design": {"cover": None}}
    again = await ana.by_id("deleteAsset", "Deleted", made["id"])
    assert (again["__typename"], again["path"]) == ("NotFound", ["id"])
    same = await picture(ana, organization, jpeg(120, 90))
    assert same["__typename"] == "Asset"
    assert same["id"] != made["id"]


async def test_covers_come_from_the_same_organization(platform: Platform, ana: User, organization: str) -> None:
    """Even for somebody who belongs to both; and a cover can be taken away."""
    made = await picture(ana, organization, jpeg(80, 90))
    project = await ana.project(await ana.organization())
    refused = await ana.do("updateProject", "Project", {"id": project, "coverId": made["id"]})
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "coverId"])
    own = await ana.project(organization)
    await ana.do("updateProject", "Project", {"id": own, "coverId": made["id"]})
    bare = await ana.do("updateProject", "Project", {"id": own, "coverId": None}, "cover { id }")
    assert bare["cover"] is None


async def test_roles(platform: Platform, ana: User) -> None:
    """Viewers see pictures; editors upload and describe; admins delete."""
    organization = await ana.organization()
    viewer, editor, admin = [await ana.member(organization, role) for role in ("VIEWER", "EDITOR", "ADMIN")]
    assert (await begin(viewer, organization))["__typename"] == "NotAllowed"
    upload = await uploaded(editor, organization, jpeg(90, 90))
    assert (await viewer.by_id("completeAssetUpload", "Asset", upload))["__typename"] == "NotAllowed"
    made = await editor.by_id("completeAssetUpload", "Asset", upload)
    query = "query ($id: ID!) { organization(id: $id) { assets { totalCount edges { node { id } } } } }"
    seen = (await viewer.ask(query, {"id": organization}))["organization"]["assets"]
    assert seen == {"totalCount": 1, "edges": [{"node": {"id": made["id"]}}]}
    assert (await viewer.do("updateAsset", "Asset", {"id": made["id"], "alt": "x"}))["__typename"] == "NotAllowed"
    assert (await editor.by_id("deleteAsset", "Deleted", made["id"]))["__typename"] == "NotAllowed"
    assert (await admin.by_id("deleteAsset", "Deleted", made["id"]))["__typename"] == "Deleted"
    nobody = User(platform, "", "", "", "")
    assert (await begin(nobody, organization))["__typename"] == "NotSignedIn"
    gone = await editor.by_id("completeAssetUpload", "Asset", upload)
    assert gone["__typename"] == "NotFound"


async def test_sizes_of_variants(platform: Platform, ana: User, organization: str) -> None:
    """They are snapped to a ladder; a size below 1 is refused; quality is kept within its bounds."""
    made = await picture(ana, organization, jpeg(400, 300))
    query = """query ($id: ID!, $w: Int!, $h: Int, $fit: Fit! = COVER, $q: Int) { node(id: $id) { ... on Asset {
        image(width: $w, height: $h, fit: $fit, quality: $q) { url width height } } } }"""
    for variables, size in (
        ({"w": 65}, (96, 72)),
        ({"w": 10**6, "h": 1}, (2560, 53)),
        ({"w": 100, "h": 100, "fit": "CONTAIN", "q": 1000}, (128, 128)),
    ):
        seen = (await ana.ask(query, {"id": made["id"], **variables}))["node"]["image"]
        assert (seen["width"], seen["height"]) == size
        async with platform.session.get(seen["url"], headers={"Accept": "image/webp"}) as response:
            assert response.status == 200, await response.text()
    for variables in ({"w": 0}, {"w": -5}, {"w": 10, "h": 0}):
        status, body = await platform.post(query, {"id": made["id"], **variables}, ana.token)
        assert status == 200
        assert body["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


async def test_the_store_is_reached_only_by_signed_links(platform: Platform) -> None:
    """An address of one's own making is refused."""
    async with aiohttp.ClientSession() as session, session.get(f"{platform.edge}/images/unsafe/plain/x") as response:
        assert response.status == 403
