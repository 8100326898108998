"""What an answer tells the caches that may keep it; pure.

A cache may keep an answer only with all of its tags, for what it cannot be told to forget would be stale until it ages.
Each obeys a header of its own, reads tags from one, and cuts off what is too long, so each is told for itself:

| cache | obeys | reads tags from | holds |
|---|---|---|---|
| ours, Varnish | `CDN-Cache-Control` (RFC 9213) | `Surrogate-Key` | 60,000 bytes, our own bound |
| Fastly | `Surrogate-Control`; of `Cache-Control` neither `no-cache` nor `no-store` | `Surrogate-Key` | 16,384 bytes |
| Cloudflare | `Cloudflare-CDN-Cache-Control`, else `CDN-Cache-Control` | `Cache-Tag` | 16 KB, "about 1,000 tags" |
| CloudFront | `Cache-Control` alone | `Cache-Tag` | 50 tags |

Sources, each below its vendor's documentation:

- https://www.fastly.com/documentation/: reference/http/http-headers/Surrogate-Key/,
  reference/vcl/constraints-and-limitations, guides/full-site-delivery/caching/about-cache-control-headers
- https://developers.cloudflare.com/cache/: concepts/cdn-cache-control/, how-to/purge-cache/purge-by-tags/
- https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/: Expiration.html,
  invalidation-specifying-tags.html
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from edge.dependencies import ranges_header
from edge.http import Lifetimes
from edge.stream import EntryId
from edge.tags import header

LONGEST_MAKING = 30.0
"""How long the API may take over an answer that caches may keep (s): second purges come after that, not earlier."""

_LONGEST_KEYS = 60_000  # bytes of `Surrogate-Key`; edges read headers of up to 64 KiB
_LONGEST_IN_ALL = 64_000  # bytes of keys, tags, plan and ranges; Fastly fails an answer with more than 69 KB of headers
_FASTLY_BYTES = 16_384
_CLOUDFLARE_TAGS = 1000
_CLOUDFRONT_TAGS = 50


def unshared() -> dict[str, str]:
    """Return the headers of an answer that no cache may keep. Fastly knows `private`, and ignores `no-store`."""
    return {"Cache-Control": "private, no-store"}


def shared(
    tags: AbstractSet[str],
    ranges: Iterable[tuple[str, ...]],
    as_of: EntryId,
    life: Lifetimes,
    *,
    plan: str = "",
    seconds: float = 0.0,
    cloudfront: bool = False,
) -> dict[str, str]:
    """Return the headers of a public answer without errors.

    `tags` and `ranges` are what it depends on, `life` is how long it may be kept, `plan` by which plan it was made
    (`Edge-Plan`), `seconds` how long ago the API began to make it. `cloudfront` says that CloudFront stands before this
    API. It is told by `s-maxage`, which any shared cache may obey, so this is not said where nobody purges CloudFront.
    """
    surrogate_key = header(tags)
    count = surrogate_key.count(" ") + 1
    if not surrogate_key or life.max_age <= 0 or seconds > LONGEST_MAKING or len(surrogate_key) > _LONGEST_KEYS:
        return unshared()
    lifetimes = (
        f"max-age={life.max_age}, stale-while-revalidate={life.stale_while_revalidate}, "
        f"stale-if-error={life.stale_if_error}"
    )
    headers = {
        "Cache-Control": "no-cache",
        "CDN-Cache-Control": lifetimes,
        "Surrogate-Control": lifetimes,
        "Surrogate-Key": surrogate_key,
        "Edge-As-Of-Read": str(as_of),
    }
    if len(surrogate_key) > _FASTLY_BYTES:
        headers["Surrogate-Control"] = "max-age=0, no-store"
    if count > _CLOUDFLARE_TAGS:
        headers["Cloudflare-CDN-Cache-Control"] = "no-store"
    else:
        headers["Cache-Tag"] = surrogate_key.replace(" ", ",")
    if cloudfront:
        fits = count <= _CLOUDFRONT_TAGS
        headers["Cache-Control"] = _for_cloudfront(life) if fits else "no-store"
    left = _LONGEST_IN_ALL - len(surrogate_key) - len(headers.get("Cache-Tag", ""))
    # Without its plan an edge keeps an answer only by a plan of its release; without ranges it drops it too often.
    for name, value in (("Edge-Plan", plan), ("Edge-Ranges", ranges_header(ranges))):
        if 0 < len(value) <= left:
            headers[name] = value
            left -= len(value)
    return headers


def _for_cloudfront(life: Lifetimes) -> str:
    """Return the `Cache-Control` that lets CloudFront keep an answer, while clients ask again each time.

    Without `stale-if-error=0` CloudFront answers from what it has where the origin fails. Whether it has marked that as
    invalidated before is not documented.
    """
    return f"max-age=0, must-revalidate, s-maxage={life.max_age}, stale-if-error=0"
