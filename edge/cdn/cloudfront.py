"""CloudFront, invalidated by cache tag.

- https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-by-tags.html and
  …/invalidation-specifying-tags.html: items `#tag`, `CacheTagConfig`, at most 50 tags an object, no difference between
  capitals and small letters (two of our keys that differ in these alone are purged together)
- https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html: the request
- …/DeveloperGuide/InvalidationLimits.html: 3,000 items may be in progress, 15 that end in `*`
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html: the signature
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # published without types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # likewise
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # likewise

from edge.cdn.vendor import acknowledged

_VERSION = "2020-05-31"
_REGION = "us-east-1"  # where the service, which is global, is signed for


@dataclass(frozen=True, slots=True)
class Keys:
    """AWS credentials that may `cloudfront:CreateInvalidation`; `session` is the token of temporary ones."""

    access: str
    secret: str
    session: str = ""


class CloudFront:
    """One distribution.

    An item costs the same whatever it drops, and so does `/*`: the interval gathers what changes again and again, and
    more than 1,000 waiting items become the one. A refusal with TooManyInvalidationsInProgress says no pause; an
    invalidation is complete within 25 s, says AWS, and the growing pauses reach that.
    """

    name = "cloudfront"
    most_keys = 1000
    interval = 1.0
    most_waiting = 1000

    def __init__(self, distribution: str, keys: Keys, api: str = "https://cloudfront.amazonaws.com") -> None:
        self._url = f"{api}/{_VERSION}/distribution/{distribution}/invalidation"
        self._signing = SigV4Auth(Credentials(keys.access, keys.secret, keys.session or None), "cloudfront", _REGION)

    async def purge(self, session: aiohttp.ClientSession, keys: Sequence[str]) -> None:
        """Send `POST /2020-05-31/distribution/{id}/invalidation` with an item `#key` for each."""
        await self._invalidate(session, [f"#{key}" for key in keys])

    async def purge_everything(self, session: aiohttp.ClientSession) -> None:
        """Send the same with the item `/*`."""
        await self._invalidate(session, ["/*"])

    async def _invalidate(self, session: aiohttp.ClientSession, items: Sequence[str]) -> None:
        body = _batch(items)
        request = AWSRequest("POST", self._url, data=body, headers={"Content-Type": "application/xml"})
        self._signing.add_auth(request)
        headers = dict(request.headers)
        async with session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
            await acknowledged(response)


def _batch(items: Sequence[str]) -> bytes:
    """Return an `InvalidationBatch`. Its reference is new each time: what repeats one is not carried out again.

    Keys are URL-safe base64, so nothing in them needs escaping.
    """
    paths = "".join(f"<Path>{item}</Path>" for item in items)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/{_VERSION}/">'
        f"<CallerReference>{secrets.token_hex(16)}</CallerReference>"
        f"<Paths><Items>{paths}</Items><Quantity>{len(items)}</Quantity></Paths>"
        "</InvalidationBatch>"
    ).encode()
