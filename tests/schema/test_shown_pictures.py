"""Which pictures the registered operations show."""

from __future__ import annotations

import pytest
from beanie import PydanticObjectId
from graphql import parse

from app.http import registry
from models.asset import Asset, FocusPoint, MediaType
from resolvers.api import build
from schema.pictures import Fit, Format, Signing
from schema.shown_pictures import Shown, shown_pictures
from storage.image_links import ImageLinks

API, _ = build()
FRAGMENT = "fragment Card on Asset { image(width: 640, format: AVIF) { width } ... on Node { id } }"
SIGNING = Signing(ImageLinks("", "736563726574", "68656c6c6f"))


def shown(*selections: str) -> list[Shown]:
    """Return what documents show that select these of a project's cover."""
    texts = [f'query ($w: Int!) {{ publicProject(slug: "x") {{ cover {{ {text} }} }} }}' for text in selections]
    return shown_pictures(API, map(parse, texts))


def asset(width: int = 1600, height: int = 1200) -> Asset:
    """Make an asset, not stored."""
    made: Asset = Asset.model_construct(
        organization=PydanticObjectId("6561c0ffee6561c0ffee6561"),
        content_hash="ab" * 32,
        media_type=MediaType.JPEG,
        width=width,
        height=height,
        focus=FocusPoint(x=0.5, y=0.5),
    )
    return made


def test_fixed_arguments_are_found_once() -> None:
    """Whatever their alias, in fragments too, with the defaults of what is left out."""
    found = shown(
        "image(width: 640, format: AVIF) { url } small: image(width: 64, fit: CONTAIN) { url }",
        "...Card",
    )
    assert [(one.field, one.arguments["width"]) for one in found] == [("image", 640), ("image", 64)]
    assert (found[0].arguments["format"], found[1].arguments["fit"]) == (Format.AVIF, Fit.CONTAIN)


@pytest.mark.parametrize("text", ["image(width: $w) { url }", "responsive(widths: [320, $w]) { src }", "id alt"])
def test_what_is_asked_with_variables_is_not_known_before(text: str) -> None:
    """Nobody can make it ahead."""
    assert shown(text) == []


def test_addresses_are_those_that_the_api_answers() -> None:
    """A responsive picture has one for each width, none wider than the original."""
    (image,) = shown("image(width: 640) { url }")
    assert len(image.addresses(SIGNING, asset())) == 1
    assert "/rs:fill:640:480:0/" in image.addresses(SIGNING, asset())[0]
    (responsive,) = shown('responsive(aspectRatio: 1.5, sizes: "50vw") { srcset }')
    addresses = responsive.addresses(SIGNING, asset())
    assert [address.split("rs:fill:")[1].split(":0/")[0] for address in addresses] == [
        "320:213",
        "640:427",
        "960:640",
        "1280:853",
    ]
    (small,) = responsive.addresses(SIGNING, asset(100, 80))
    assert "rs:fill:320:213" in small


def test_the_release_shows_some() -> None:
    """Otherwise nothing would be made ahead."""
    found = shown_pictures(API, map(parse, registry.load().values()))
    assert {one.field for one in found} == {"image", "responsive"}
