"""Which format an answer has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.images.negotiate import DEFAULT_QUALITY, accepted, choose_format, choose_quality
from workers.images.options import Format, Options

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
SAFARI_14 = "image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"


@pytest.mark.parametrize(
    ("accept", "client"),
    [
        (CHROME, "avif"),
        (SAFARI_14, "webp"),
        ("image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", "other"),
        ("*/*", "other"),
        ("image/*", "other"),
        ("", "other"),
        ("text/html", "other"),
        ("IMAGE/AVIF", "avif"),
        (" image/avif ; q=0.1 , image/webp", "avif"),
        ("image/avif;q=0,image/webp", "webp"),
        ("image/avif; q=0.000, image/webp; q=0", "other"),
        ("image/avif;q=0.001", "avif"),
        ("image/avif;profile=x", "avif"),
        ("image/avifx,ximage/webp", "other"),
        (",,;;q=0,", "other"),
    ],
)
def test_clients_fall_in_three_classes(accept: str, client: str) -> None:
    """Only what is named outright and not refused counts."""
    assert accepted(accept) == client


@given(st.text())
def test_any_header_has_a_class(accept: str) -> None:
    """No text raises, and one that names neither type is of the others."""
    client = accepted(accept)
    assert client == "other" or f"image/{client}" in accept.lower()


@pytest.mark.parametrize(
    ("client", "side", "alpha", "animated", "fmt"),
    [
        ("avif", 101, False, False, "avif"),
        ("avif", 101, True, False, "avif"),
        ("avif", 100, False, False, "webp"),
        ("avif", 500, False, True, "webp"),
        ("webp", 500, False, False, "webp"),
        ("webp", 500, True, True, "webp"),
        ("other", 500, False, False, "jpeg"),
        ("other", 500, True, False, "png"),
        ("other", 10, True, False, "png"),
    ],
)
def test_the_table_of_formats(client: str, side: int, alpha: bool, animated: bool, fmt: str) -> None:  # noqa: FBT001 - a table
    """AVIF for stills above 100 × 100 pixels, then WebP, then JPEG, or PNG where there is transparency."""
    found = choose_format(client, width=side, height=side, alpha=alpha, animated=animated)  # type: ignore[arg-type]
    assert found == fmt


@given(
    st.sampled_from(["avif", "webp", "other"]), st.integers(1, 9999), st.integers(1, 9999), st.booleans(), st.booleans()
)
def test_nobody_gets_what_they_do_not_take(client: str, width: int, height: int, alpha: bool, animated: bool) -> None:  # noqa: FBT001
    """AVIF goes to its own class only, and transparency is never lost."""
    fmt = choose_format(client, width=width, height=height, alpha=alpha, animated=animated)  # type: ignore[arg-type]
    assert fmt in {"avif": {"avif", "webp"}, "webp": {"webp"}, "other": {"jpeg", "png"}}[client]
    assert fmt != "jpeg" or not alpha


@pytest.mark.parametrize(
    ("options", "fmt", "quality"),
    [
        (Options(), "avif", 62),
        (Options(), "webp", 79),
        (Options(quality=50), "webp", 50),
        (Options(format_quality=(("webp", 40),)), "webp", 40),
        (Options(format_quality=(("webp", 40),)), "avif", 62),
        (Options(quality=50, format_quality=(("webp", 40),)), "webp", 50),
        (Options(format_quality=(("webp", 0),)), "webp", DEFAULT_QUALITY["webp"]),
    ],
)
def test_the_quality_is_the_urls_or_the_formats_or_ours(options: Options, fmt: Format, quality: int) -> None:
    """In this order; 0 leaves it to the next."""
    assert choose_quality(options, fmt) == quality
