"""The URL language: signatures, sources, and the grammar of the options."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.images.samples import KEY, SALT, signed, source
from workers.images.errors import NotFoundError, OptionError, SignatureError, SourceError
from workers.images.grammar import parse_options, parse_presets
from workers.images.options import Crop, Gravity, Options, Padding, Trim, Watermark
from workers.images.url import parse, read, signature, verified

PAIRS = [(KEY, SALT)]
VECTOR = "/rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png"
VECTOR_SIGNATURE = "oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8"
ASSET = "6561c0ffee/" + "ab" * 32


def test_imgproxys_own_vector() -> None:
    """The signature of imgproxy's documentation is ours too."""
    assert signature(VECTOR, bytes.fromhex("736563726574"), bytes.fromhex("68656C6C6F")) == VECTOR_SIGNATURE
    assert verified(f"/{VECTOR_SIGNATURE}{VECTOR}", PAIRS) == VECTOR


def test_every_flipped_byte_is_refused() -> None:
    """No byte of a signed URL, in the signature or behind it, can be changed in any bit."""
    path = f"/{VECTOR_SIGNATURE}{VECTOR}".encode()
    for place in range(len(path)):
        for bit in range(8):
            flipped = bytearray(path)
            flipped[place] ^= 1 << bit
            with pytest.raises(SignatureError):
                verified(flipped.decode("utf-8", "surrogateescape"), PAIRS)


@given(st.text(max_size=60))
def test_what_nobody_signed_is_refused(path: str) -> None:
    """Any text is answered with the same error."""
    with pytest.raises(SignatureError):
        verified(path, PAIRS)


def test_keys_are_rotated() -> None:
    """A URL of any of the pairs is accepted, whichever place it has; of another, or another's salt, it is not."""
    pairs = [(b"new", b"salt"), (KEY, SALT)]
    for key, salt in pairs:
        assert read(signed(f"/w:1/{source(ASSET)}", key, salt), pairs).source == f"asset://{ASSET}"
    for key, salt in [(b"old", SALT), (KEY, b"salt"), (b"new", SALT)]:
        with pytest.raises(SignatureError):
            read(signed(f"/w:1/{source(ASSET)}", key, salt), pairs)


@pytest.mark.parametrize(
    "path", ["", "/", "//", "/insecure", f"/insecure/{source(ASSET)}", f"/{VECTOR_SIGNATURE}", VECTOR]
)
def test_unsigned_paths_are_refused(path: str) -> None:
    """`insecure`, which the package writes when it lacks a key, is no signature."""
    with pytest.raises(SignatureError):
        read(path, PAIRS)


def test_the_query_string_is_ignored() -> None:
    """It is not signed either."""
    path = signed(f"/w:300/{source(ASSET)}")
    assert read(f"{path}?utm_source=mail", PAIRS) == read(path, PAIRS)


ENCODED = source(ASSET)
PADDED = base64.urlsafe_b64encode(f"asset://{ASSET}".encode()).decode()


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        (ENCODED, None),
        (f"{ENCODED}.webp", "webp"),
        (PADDED, None),
        (f"{PADDED}.avif", "avif"),
        (f"{ENCODED[:16]}/{ENCODED[16:40]}/{ENCODED[40:]}.jpg", "jpeg"),
        (f"plain/asset://{ASSET}", None),
        (f"plain/asset://{ASSET}@png", "png"),
        (f"plain/asset:%2F%2F{ASSET.replace('/', '%2F')}@jpeg", "jpeg"),
    ],
)
def test_sources_in_every_spelling(text: str, fmt: str | None) -> None:
    """Base64 with and without padding, split by slashes, and plain, each with or without an extension."""
    target = parse(f"/w:100/{text}")
    assert target.source == f"asset://{ASSET}"
    assert target.options == Options(width=100, format=fmt)  # type: ignore[arg-type]  # from the table


def test_an_extension_overrides_the_format_option() -> None:
    """As in imgproxy; without one the option counts."""
    assert parse(f"/f:png/{ENCODED}.webp").options.format == "webp"
    assert parse(f"/f:png/{ENCODED}").options.format == "png"


@pytest.mark.parametrize(
    "text", ["*", "a", base64.urlsafe_b64encode(b"asset://\xff").decode(), f"{ENCODED}/w:3", f"{ENCODED}!"]
)
def test_a_source_that_is_not_base64_is_refused(text: str) -> None:
    """Which addresses are read is for `sources` to say."""
    with pytest.raises(SourceError, match="base64url"):
        parse(f"/w:100/{text}")


def test_an_unknown_extension_names_itself() -> None:
    """It is answered as an option is."""
    with pytest.raises(OptionError, match="'extension' must be one of avif, webp"):
        parse(f"/w:100/{ENCODED}.bmp")


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("rs:fill:300:400:1:0", {"resizing_type": "fill", "width": 300, "height": 400, "enlarge": True}),
        ("resize:fill-down::20", {"resizing_type": "fill-down", "height": 20}),
        ("rs:auto:10/rs::20", {"resizing_type": "auto", "width": 20}),
        ("s:10:20:t", {"width": 10, "height": 20, "enlarge": True}),
        ("size:10", {"width": 10}),
        ("rt:force", {"resizing_type": "force"}),
        ("resizing_type:fit", {}),
        ("w:1/h:2", {"width": 1, "height": 2}),
        ("width:1/height:2", {"width": 1, "height": 2}),
        ("w:1/w:2", {"width": 2}),
        ("w:", {}),
        ("mw:5/mh:6", {"min_width": 5, "min_height": 6}),
        ("el:1/enlarge:0", {}),
        ("dpr:2.5", {"dpr": 2.5}),
        ("g:noea", {"gravity": Gravity("noea")}),
        ("g:no:10:-0.5", {"gravity": Gravity("no", 10, -0.5)}),
        ("g:so::5", {"gravity": Gravity("so", 0, 5)}),
        ("gravity:fp:0.25:1", {"gravity": Gravity("fp", 0.25, 1)}),
        ("g:sm", {"gravity": Gravity("sm")}),
        ("g:", {}),
        ("c:100:0.5", {"crop": Crop(100, 0.5)}),
        ("c:100", {"crop": Crop(100)}),
        ("crop:100:200:fp:0.1:0.2", {"crop": Crop(100, 200, Gravity("fp", 0.1, 0.2))}),
        ("c:100:200/c::50:nowe", {"crop": Crop(100, 50, Gravity("nowe"))}),
        ("ar:0", {"auto_rotate": False}),
        ("rot:270", {"rotate": 270}),
        ("bg:255:128:0", {"background": (255, 128, 0)}),
        ("bg:ff8000", {"background": (255, 128, 0)}),
        ("background:f80", {"background": (255, 136, 0)}),
        ("bg:fff/bg:", {}),
        ("bl:2/sh:0.7", {"blur": 2.0, "sharpen": 0.7}),
        ("q:80", {"quality": 80}),
        ("fq:webp:70:jpg:60/fq:webp:50", {"format_quality": (("jpeg", 60), ("webp", 50))}),
        ("f:jpg", {"format": "jpeg"}),
        ("ext:avif", {"format": "avif"}),
        ("cb:v1", {"cachebuster": "v1"}),
        ("exp:2000000000", {"expires": 2_000_000_000}),
        ("fn:sal%C3%B3n", {"filename": "salón"}),
        ("fn:c2Fsw7Nu:1", {"filename": "salón"}),
        ("filename:plain:0", {"filename": "plain"}),
        ("att:1", {"return_attachment": True}),
        ("sm:0", {"strip_metadata": False}),
        ("rs:fit:1:1:0:1", {"width": 1, "height": 1, "extend": True}),
        ("rs:fit:1:1:0:1:no:2:3", {"width": 1, "height": 1, "extend": True, "extend_gravity": Gravity("no", 2, 3)}),
        ("s:1:1:0:1:so", {"width": 1, "height": 1, "extend": True, "extend_gravity": Gravity("so")}),
        ("ex:1:nowe", {"extend": True, "extend_gravity": Gravity("nowe")}),
        ("extend:1/ex:0", {}),
        ("z:2", {"zoom_x": 2.0, "zoom_y": 2.0}),
        ("zoom:0.5:3", {"zoom_x": 0.5, "zoom_y": 3.0}),
        ("z:", {}),
        ("fl:1", {"flip_across": True}),
        ("flip:0:1", {"flip_down": True}),
        ("t:10", {"trim": Trim(10)}),
        ("trim:10.5:ff0000:1:0", {"trim": Trim(10.5, (255, 0, 0), equal_across=True)}),
        ("t:10::0:t", {"trim": Trim(10, equal_down=True)}),
        ("t:10/t:", {}),
        ("pd:5", {"padding": Padding(5, 5, 5, 5)}),
        ("pd:5:6", {"padding": Padding(5, 6, 5, 6)}),
        ("padding:5:6:7", {"padding": Padding(5, 6, 7, 6)}),
        ("pd:5:6:7:8", {"padding": Padding(5, 6, 7, 8)}),
        ("pd::6", {"padding": Padding(0, 6, 0, 6)}),
        ("pix:8", {"pixelate": 8}),
        ("pixelate:0", {}),
        ("wm:0.5", {"watermark": Watermark(0.5)}),
        ("watermark:1:soea:10:20:0.2", {"watermark": Watermark(1, Gravity("soea", 10, 20), 0.2)}),
        ("wm:1:re", {"watermark": Watermark(1, None)}),
        ("wm:1/wm:0", {}),
        ("kcr:1", {"keep_copyright": True}),
        ("keep_copyright:0", {}),
        ("scp:0", {"strip_color_profile": False}),
        ("mb:1000", {"max_bytes": 1000}),
        ("max_bytes:0", {}),
    ],
)
def test_options_are_read(path: str, changes: dict[str, object]) -> None:
    """Every option by its long or short name, empty arguments, and the later over the earlier."""
    assert parse_options(path.split("/")) == replace(Options(), **changes)  # type: ignore[arg-type]  # from the table


@pytest.mark.parametrize(
    ("segment", "problem"),
    [
        ("unknown:1", "not known"),
        ("preset:a", "names 'a', which is not known"),
        (":1", "not known"),
        ("w:1:2", "more arguments"),
        ("w:-1", "whole number from 0 to 16384"),
        ("w:16385", "whole number from 0 to 16384"),
        ("w:1.5", "whole number"),
        ("w:１", "whole number"),
        ("w:+1", "whole number"),
        ("w: 1", "whole number"),
        ("w:" + "9" * 5000, "whole number"),
        ("el:True", "must be 1 or 0"),
        ("rs:cover:1:1", "must be one of fit, fill"),
        ("rs:fit:1:1:0:1:sm", "cannot be placed by sm"),
        ("rs:fit:1:1:0:1:no:1:1:1", "more arguments"),
        ("ex:2", "must be 1 or 0"),
        ("z:0", "more than 0"),
        ("z:a:1", "number from"),
        ("fl:2", "must be 1 or 0"),
        ("t:-1", "from 0 to 255"),
        ("t:1:red", "must be a colour"),
        ("pd:-1", "whole number"),
        ("pix:a", "whole number"),
        ("wm:2", "from 0 to 1"),
        ("wm:1:sm", "cannot be placed by sm"),
        ("wm:1:ce:0:0:2", "from 0 to 1"),
        ("mb:-5", "whole number"),
        ("dpr:0", "more than 0"),
        ("dpr:9", "from 0 to 8"),
        ("dpr:nan", "number from"),
        ("dpr:1e2", "number from"),
        ("g:middle", "must be one of ce, no"),
        ("g::1", "must be one of ce, no"),
        ("g:fp:0.5", "must be fp:x:y"),
        ("g:fp:0.5:1.1", "number from 0 to 1"),
        ("g:sm:1", "no offsets"),
        ("c:-1", "number from 0"),
        ("c:1:1:xx", "must be one of ce, no"),
        ("rot:45", "0, 90, 180 or 270"),
        ("bg:12345", "must be a colour"),
        ("bg:1:2", "must be a colour"),
        ("bg:1:2:256", "from 0 to 255"),
        ("bl:101", "from 0 to 100"),
        ("q:101", "from 0 to 100"),
        ("fq:webp", "pairs of format and quality"),
        ("fq:gif:1", "must be one of avif"),
        ("f:gif", "must be one of avif"),
        ("exp:soon", "whole number"),
        ("fn:a%2Fb", "printable characters"),
        ("fn:a%0D%0AX", "printable characters"),
        ("fn:***:1", "base64url"),
        ("fn:_w:1", "base64url"),
        ("fn:" + "a" * 201, "at most 200"),
        ("att:yes", "must be 1 or 0"),
    ],
)
def test_malformed_options_are_named(segment: str, problem: str) -> None:
    """The message has the option's name and says what it takes; it is a 404 and never a ValueError."""
    with pytest.raises(OptionError, match=problem) as caught:
        parse_options([segment])
    assert repr(segment.partition(":")[0]) in str(caught.value)
    assert caught.value.status == 404


def test_presets_stand_for_options() -> None:
    """In their place, so that the later overrides the earlier; one named `default` comes first everywhere."""
    presets = parse_presets("default=q:70/w:9, small=rs:fill:10:20/q:50,sharp=pr:small/sh:1")
    assert parse_options([], presets) == Options(quality=70, width=9)
    assert parse_options(["pr:small"], presets) == Options(resizing_type="fill", width=10, height=20, quality=50)
    assert parse_options(["pr:sharp:small", "w:30"], presets) == Options(
        resizing_type="fill", width=30, height=20, quality=50, sharpen=1.0
    )
    assert parse(f"/preset:small/{ENCODED}.webp", presets).options.format == "webp"
    assert parse_presets("") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("small", "'small' is no preset"),
        ("=w:1", "'=w:1' is no preset"),
        ("small=", "'small' is not sound"),
        ("small=w:big", "'small' is not sound.*'w' must be a whole number"),
        ("small=pr:large,large=w:1", "'small' is not sound.*names 'large'"),
        ("small=pr:small", "names 'small'"),
    ],
)
def test_presets_are_checked_when_they_are_read(text: str, problem: str) -> None:
    """A mistake is told to the operator at the start, not to clients."""
    with pytest.raises(ValueError, match=problem):
        parse_presets(text)


def test_long_names_are_not_echoed_whole() -> None:
    """A message stays short."""
    with pytest.raises(OptionError) as caught:
        parse_options(["x" * 5000 + ":1"])
    assert len(str(caught.value)) < 80


def test_what_the_bytes_do_not_depend_on_shares_a_variant() -> None:
    """File name, expiry, cache buster and attachment change the answer's headers at most."""
    assert parse_options(["w:5", "fn:a", "att:1", "exp:5", "cb:x"]).variant() == Options(width=5)
    kept = {field.name for field in fields(Options)} - {"filename", "return_attachment", "expires", "cachebuster"}
    every = parse_options(
        [
            "rs:fill:3:4:1",
            "mw:1",
            "mh:1",
            "dpr:2",
            "g:sm",
            "c:9:9",
            "ar:0",
            "rot:90",
            "bg:fff",
            "bl:1",
            "sh:1",
            "q:9",
            "fq:png:1",
            "f:png",
            "sm:0",
            "ex:1:no",
            "z:2",
            "fl:1:1",
            "t:1",
            "pd:1",
            "pix:2",
            "wm:1",
            "kcr:1",
            "scp:0",
            "mb:1",
        ]
    )
    assert all(getattr(every.variant(), name) == getattr(every, name) != getattr(Options(), name) for name in kept)


@given(st.lists(st.text(alphabet="rsfilwhgcbq:0123456789.-_=%/plain@", max_size=12), max_size=6))
def test_any_signed_path_is_read_or_refused(segments: list[str]) -> None:
    """Nothing that someone with the key could write makes anything but a target or a 404."""
    with suppress(NotFoundError):
        assert read(signed("/" + "/".join(segments)), PAIRS).source
