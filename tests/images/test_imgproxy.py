"""Our addresses against imgproxy's documentation (3.30), so that its server can stand in for the worker.

The grammar below is written from https://docs.imgproxy.net/usage/processing and from
https://docs.imgproxy.net/usage/signing_url, not from our parser.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.image_links import Fit, Format, ImageLinks
from workers.images.grammar import parse_options
from workers.images.url import parse, signature

KEY = "943b421c9eb07c830af81030552c86009268de4e532ba2ee2eab8247c6da0881"
SALT = "520f986b998545b4785e0defbc4f3c1203f22de2374a3d53cb7a7fe9fea309c5"
LINKS = ImageLinks("", KEY, SALT, sign_preview=lambda name: f"{name}.{'0' * 32}")

NUMBER, DIGITS, FLAG = r"-?\d+(\.\d+)?", r"\d+", "(1|t|true|0|f|false)"
GRAVITY = rf"(no|so|ea|we|noea|nowe|soea|sowe|ce)(:{NUMBER}){{0,2}}|sm|fp:(0(\.\d+)?|1(\.0+)?):(0(\.\d+)?|1(\.0+)?)"
DOCUMENTED = {
    "rs|resize": rf"(fit|fill|fill-down|force|auto)(:{DIGITS})?(:{DIGITS})?(:{FLAG})?(:{FLAG})?",
    "g|gravity": GRAVITY,
    "q|quality": r"\d{1,2}|100",
    "exp|expires": DIGITS,
}
"""Of the documented options those that the API writes, with what each takes."""

OPTION = re.compile("|".join(rf"({names}):({arguments})" for names, arguments in DOCUMENTED.items()))
PATH = re.compile(
    r"/(?P<signature>[A-Za-z0-9_-]{43})(?P<options>(/[a-z_-]+:[^/]*)*)/(?P<source>[A-Za-z0-9_-]+)(\.(?P<extension>[a-z]+))?"
)


def check(url: str) -> str:
    """Check a path against the documentation, and return its source."""
    found = PATH.fullmatch(url)
    assert found is not None, url
    signed = url[44:]
    digest = hmac.digest(bytes.fromhex(KEY), bytes.fromhex(SALT) + signed.encode(), hashlib.sha256)
    assert found["signature"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    for option in found["options"].split("/")[1:]:
        assert OPTION.fullmatch(option), option
    assert found["extension"] in {None, "avif", "webp", "jpeg", "jpg", "png"}
    return base64.urlsafe_b64decode(found["source"] + "=" * (-len(found["source"]) % 4)).decode()


@given(
    st.from_regex(r"\Aasset://[a-f0-9]{24}/[a-f0-9]{64}\Z"),
    st.integers(1, 20_000),
    st.integers(0, 20_000),
    st.sampled_from(["cover", "contain"]),
    st.sampled_from(["avif", "webp", "jpeg", "png", None]),
    st.none() | st.integers(1, 100),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.none() | st.integers(1, 1 << 40),
)
def test_what_the_api_writes_is_documented(
    address: str,
    width: int,
    height: int,
    fit: Fit,
    fmt: Format | None,
    quality: int | None,
    focus: tuple[float, float],
    expires: int | None,
) -> None:
    """Given any picture in any size, then imgproxy knows each option of its address, and where its original is."""
    url = LINKS.url(
        address, width=width, height=height, fit=fit, format=fmt, quality=quality, gravity=focus, expires=expires
    )
    assert check(url) == address


@given(st.from_regex(r"\A[a-f0-9]{24}\Z"), st.integers(0, 10**9), st.integers(1, 4000), st.sampled_from(["webp", None]))
def test_so_are_drawings(design: str, seq: int, width: int, fmt: Format | None) -> None:
    """Their source is an address that `IMGPROXY_URL_REPLACEMENTS` turns into one of the API."""
    url = LINKS.preview(design, seq, width=width, format=fmt, expires=None)
    assert re.fullmatch(rf"preview://{design}-{seq}\.[0-9a-f]{{32}}", check(url))


@pytest.mark.parametrize(
    ("path", "signed"),
    [
        (
            "/rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png",
            ("736563726574", "68656C6C6F", "oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8"),
        ),
        (
            "/rs:fit:300:300/plain/http://img.example.com/pretty/image.jpg",
            (KEY, SALT, "m3k5QADfcKPDj-SDI2AIogZbC3FlAXszuwhtWXYqavc"),
        ),
    ],
)
def test_documented_signatures(path: str, signed: tuple[str, str, str]) -> None:
    """The vectors of its documentation and its examples."""
    key, salt, expected = signed
    assert signature(path, bytes.fromhex(key), bytes.fromhex(salt)) == expected


@pytest.mark.parametrize(
    ("path", "source", "extension"),
    [
        (
            "/rs:fit:300:300/plain/http://example.com/images/curiosity.jpg@png",
            "http://example.com/images/curiosity.jpg",
            "png",
        ),
        (
            "/rs:fit:300:300/plain/http://example.com/images/curiosity.jpg",
            "http://example.com/images/curiosity.jpg",
            None,
        ),
        (
            "/plain/http://example.com/images/curiosity.jpg%3Fv%3D1@webp",
            "http://example.com/images/curiosity.jpg?v=1",
            "webp",
        ),
        (
            "/rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png",
            "http://example.com/images/curiosity.jpg",
            "png",
        ),
        (
            "/rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn",
            "http://example.com/images/curiosity.jpg",
            None,
        ),
    ],
)
def test_documented_addresses_are_read(path: str, source: str, extension: str | None) -> None:
    """Plain and encoded sources, as the documentation spells them."""
    target = parse(path)
    assert (target.source, target.options.format) == (source, extension)


EXAMPLES = [
    "resize:fit:300:200:1:0",
    "rs:fill-down:300:200",
    "size:300:200",
    "s:300",
    "resizing_type:auto",
    "rt:force",
    "width:100",
    "w:100",
    "height:50",
    "h:50",
    "min-width:10",
    "mw:10",
    "min-height:10",
    "mh:10",
    "zoom:2",
    "z:1.5:2",
    "dpr:2",
    "enlarge:1",
    "el:t",
    "extend:1:no:0:5",
    "ex:1",
    "gravity:fp:0.5:0.5",
    "g:soea:10:10",
    "crop:100:100:ce",
    "c:0.5:0.5",
    "trim:10:ffffff:1:1",
    "t:10",
    "padding:10:20:30:40",
    "pd:5",
    "auto_rotate:0",
    "ar:1",
    "rotate:90",
    "rot:270",
    "flip:1:0",
    "fl:0:1",
    "background:255:0:0",
    "bg:ff0000",
    "blur:2",
    "bl:0.5",
    "sharpen:1",
    "sh:0.7",
    "pixelate:10",
    "pix:3",
    "watermark:0.5:soea:10:10:0.2",
    "wm:1:re",
    "strip_metadata:1",
    "sm:0",
    "keep_copyright:1",
    "kcr:0",
    "strip_color_profile:0",
    "scp:1",
    "quality:80",
    "q:0",
    "format_quality:webp:70:avif:50",
    "fq:jpeg:60",
    "max_bytes:10000",
    "mb:0",
    "format:webp",
    "f:avif",
    "ext:png",
    "cachebuster:abc",
    "cb:1",
    "expires:2000000000",
    "exp:1",
    "filename:kitchen",
    "fn:a2l0Y2hlbg:1",
    "return_attachment:1",
    "att:0",
]


@pytest.mark.parametrize("option", EXAMPLES)
def test_every_option_of_the_free_edition_is_known(option: str) -> None:
    """By its long and its short name."""
    parse_options([option])
