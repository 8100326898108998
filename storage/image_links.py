"""Signed URLs of picture variants, in imgproxy's URL language and made with its package for Python.

Sizes are snapped: widths to a ladder and shapes to 48ths, so that whoever chooses sizes through the API can have only
some thousands of variants of a picture made, and a cache holds what others asked for already.
"""

from __future__ import annotations

import hmac
from binascii import b2a_base64
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from imgproxy import ImgProxy

Fit = Literal["cover", "contain"]
Format = Literal["avif", "webp", "jpeg", "png"]
Compass = Literal["ce", "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe"]
Gravity = Compass | Literal["sm"] | tuple[float, float]  # sm finds what draws the eye; a tuple is a focus point, 0 to 1

ASSET = "asset://"
PREVIEW = "preview://"
LADDER = (64, 96, 128, 192, 256, 320, 384, 480, 640, 800, 960, 1280, 1600, 1920, 2560)
SHAPES = 48  # heights are this many parts of the width, at most two and a half times the width
_TALLEST = SHAPES * 5 // 2  # so that 2560 wide is still within what a worker makes
_BEST_QUALITY = 100
_REMEMBERED = 1 << 14  # URLs; half a kilobyte each
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_PLACEHOLDER = f"{ASSET}?"  # no key of an asset


class ImageLinkError(ValueError):
    """A link cannot be made: the message names the argument. Widths and heights from clients belong checked before."""


@lru_cache(maxsize=2048)
def snap(width: int, height: int = 0) -> tuple[int, int]:
    """Snap a size in pixels to the ladder: the next wider step (the widest at most) in nearly the same shape.

    A height of 0 leaves it open, and stays 0.

    Raises:
        ImageLinkError: the width is not positive, or the height negative.

    """
    if width < 1 or height < 0:
        raise ImageLinkError(f"A picture's width is at least 1 and its height at least 0, not {width} × {height}.")
    snapped = next((step for step in LADDER if step >= width), LADDER[-1])
    if height == 0:
        return snapped, 0
    shape = min(max(round(height * SHAPES / width), 1), _TALLEST)
    return snapped, max(1, round(snapped * shape / SHAPES))


class ImageLinks:
    """Makes the URLs that the image worker, or an imgproxy server with the same key and salt, answers."""

    def __init__(self, base_url: str, key: str, salt: str, *, sign_preview: Callable[[str], str] = str) -> None:
        """Take the address that the signed path follows, key and salt in hex, and what signs the names of drawings.

        Raises:
            ImageLinkError: the key or the salt is empty (the package would sign nothing and say nothing) or not hex.

        """
        for name, value in (("key", key), ("salt", salt)):
            if not value or not _is_hex(value):
                raise ImageLinkError(f"The {name} that signs image URLs must be hexadecimal and not empty.")
        self._base = base_url.rstrip("/")
        self._signer = hmac.new(bytes.fromhex(key), bytes.fromhex(salt), "sha256")
        self._sign_preview = sign_preview
        self._signed = lru_cache(maxsize=_REMEMBERED)(self._sign)  # the same pictures are shown again and again

    def size(self, width: int, height: int = 0) -> tuple[int, int]:
        """Return the size in pixels that a link to this size is for; see `snap`."""
        return snap(width, height)

    def preview(self, design: str, seq: int, *, width: int, format: Format | None, expires: int | None) -> str:  # noqa: A002 - the API's own word
        """Make a signed URL of a drawing of a design's canvas as it is after edit `seq`; see `url`."""
        token = self._sign_preview(f"{design}-{seq}")
        return self.url(f"{PREVIEW}{token}", width=width, fit="contain", format=format, expires=expires)

    def url(
        self,
        address: str,
        *,
        width: int,
        height: int = 0,
        fit: Fit = "cover",
        format: Format | None = None,  # noqa: A002 - the API's own word
        quality: int | None = None,
        gravity: Gravity = "ce",
        expires: int | None = None,
    ) -> str:
        """Make a signed URL.

        Args:
            address: the original's, `asset://` with its key in the asset store or `preview://` with a drawing's name.
            width: in pixels; snapped up to the ladder.
            height: in pixels, snapped with the width; 0 follows the picture's shape.
            fit: `cover` fills the size and crops by `gravity`; `contain` shows the whole picture within it.
            format: None negotiates by the request's `Accept`.
            quality: 1 to 100; None leaves it to the worker.
            gravity: what a crop keeps.
            expires: the second (Unix time) from which the URL is refused; None for what is public.

        Raises:
            ImageLinkError: an argument is out of its range.

        """
        return self._signed(address, *_frame(width, height, fit, format, quality, gravity, expires))

    def _sign(self, address: str, head: str, tail: str) -> str:
        path = f"{head}{_base64(address.encode())}{tail}"
        signer = self._signer.copy()  # the key and the salt are digested already
        signer.update(path.encode())
        return f"{self._base}/{_base64(signer.digest())}{path}"


@lru_cache(maxsize=2048)
def _frame(
    width: int,
    height: int,
    fit: Fit,
    format_: Format | None,
    quality: int | None,
    gravity: Gravity,
    expires: int | None,
) -> tuple[str, str]:
    """Return what stands before and behind the picture's own address in the path of a URL, as the package writes it.

    It is the same for many pictures, and costs more than to sign each one.
    """
    if quality is not None and not 1 <= quality <= _BEST_QUALITY:
        raise ImageLinkError(f"A picture's quality is between 1 and 100, not {quality}.")
    if expires is not None and expires < 1:
        raise ImageLinkError(f"An expiry is a Unix time in seconds, not {expires}.")
    snapped_width, snapped_height = snap(width, height)
    advanced = []
    if quality is not None:
        advanced.append(f"q:{quality}")
    if expires is not None:
        advanced.append(f"exp:{expires}")
    link = ImgProxy(
        _PLACEHOLDER,
        resizing_type="fill" if fit == "cover" else "fit",
        width=snapped_width,
        height=snapped_height,
        gravity=_gravity(gravity),
        extension=format_ or "",
        advanced=advanced,
    )
    head, _, tail = str(link).removeprefix("/insecure").partition(_base64(_PLACEHOLDER.encode()))
    return head, tail


def _base64(data: bytes) -> str:
    """Return data as imgproxy's URLs have it: URL-safe base64 without padding."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode()


def _gravity(gravity: Gravity) -> str:
    if isinstance(gravity, str):
        return gravity
    if not all(0 <= part <= 1 for part in gravity):
        raise ImageLinkError(f"A focus point's parts are between 0 and 1, not {gravity}.")
    return "fp:" + ":".join(f"{part:.4f}".rstrip("0").rstrip(".") for part in gravity)


def _is_hex(text: str) -> bool:
    try:
        bytes.fromhex(text)
    except ValueError:
        return False
    return True
