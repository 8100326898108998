"""Drawings of canvases, from the API to the picture that a list shows."""

from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree as ET

import pytest

from auth.signatures import Keys
from schema import ids
from storage.pictures import probe
from tests.platform import Platform, User, added

QUERY = "query ($id: ID!, $w: Int! = 320) { design(id: $id) { seq preview(width: $w) { url width height } } }"


WALL = added("a", kind="WALL", width=400, height=20)


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up."""
    return await platform.user()


@pytest.fixture
async def design(ana: User) -> str:
    """Begin a design."""
    return await ana.design(await ana.project(await ana.organization()))


def drawing(platform: Platform, design: str, seq: int) -> str:
    """Return where the image worker asks for a drawing."""
    name = Keys(platform.settings.secret_key).sign("preview", f"{ids.key(design, 'Design')}-{seq}")
    return f"{platform.api}/previews/{name}"


async def test_an_edit_gives_another_address_and_another_picture(platform: Platform, ana: User, design: str) -> None:
    """Given a design in a list, when it is edited, then its picture has another address and shows the edit."""
    pictures = {}
    for edits in ([], [WALL]):
        if edits:
            await ana.edit(design, *edits)
        preview = (await ana.ask(QUERY, {"id": design}))["design"]["preview"]
        assert (preview["width"], preview["height"]) == (320, 240)
        assert preview["url"].startswith(f"{platform.edge}/images/")
        async with platform.session.get(preview["url"], headers={"Accept": "image/webp"}) as response:
            assert (response.status, response.content_type) == (200, "image/webp")
            pictures[preview["url"]] = await response.read()
            picture = probe(pictures[preview["url"]])
            assert (picture.width, picture.height) == (320, 240)
    assert len(pictures) == len(set(pictures.values())) == 2
    again = (await ana.ask(QUERY, {"id": design}))["design"]["preview"]["url"]
    assert again in pictures


@pytest.mark.parametrize(
    ("accept", "type_"), [("image/avif,*/*", "image/avif"), ("image/webp", "image/webp"), ("*/*", "image/jpeg")]
)
async def test_every_client_has_its_format(platform: Platform, ana: User, design: str, accept: str, type_: str) -> None:
    """A drawing is a picture like any other."""
    url = (await ana.ask(QUERY, {"id": design, "w": 640}))["design"]["preview"]["url"]
    async with platform.session.get(url, headers={"Accept": accept}) as response:
        assert (response.status, response.content_type) == (200, type_)


async def test_a_drawing_is_svg(platform: Platform, ana: User, design: str) -> None:
    """With the newest canvas, whatever edit it is asked for by; kept by nobody."""
    await ana.edit(design, WALL)
    for seq in (0, 1, 99):
        async with platform.session.get(drawing(platform, design, seq)) as response:
            assert (response.status, response.content_type) == (200, "image/svg+xml")
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Content-Security-Policy"] == "default-src 'none'"
            root = ET.parse(BytesIO(await response.read())).getroot()  # noqa: S314 - our own
    assert root.get("width") == "1600"


async def test_nobody_makes_up_an_address(platform: Platform, ana: User, design: str) -> None:
    """A name that is not signed, another's signature, and a design that is gone are missing alike."""
    good = drawing(platform, design, 1)
    signature = good.rpartition(".")[2]
    other = await ana.design(await ana.project(await ana.organization()))
    forged = f"{platform.api}/previews/{ids.key(other, 'Design')}-1.{signature}"
    gone = drawing(platform, design, 1)
    for url in (good[:-1] + "x", f"{platform.api}/previews/x", f"{platform.edge}/previews/{signature}", forged):
        async with platform.session.get(url) as response:
            assert response.status == 404
    await ana.by_id("deleteDesign", "Deleted", design)
    async with platform.session.get(gone) as response:
        assert response.status == 404


async def test_a_width_below_one_is_refused(platform: Platform, ana: User, design: str) -> None:
    """As that of any picture is; the rest of the design is answered."""
    status, body = await platform.post(QUERY, {"id": design, "w": 0}, ana.token)
    assert (status, body["data"]["design"]["preview"], body["data"]["design"]["seq"]) == (200, None, 0)
    assert body["errors"][0]["extensions"]["code"] == "INVALID_INPUT"
    assert "width" in body["errors"][0]["message"]
