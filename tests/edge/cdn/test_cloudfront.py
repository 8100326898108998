"""CloudFront: the invalidations that are sent, and their signature, computed here from Amazon's description alone."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from edge.cdn.cloudfront import CloudFront, Keys
from edge.tags import short
from tests.edge.cdn.vendors import Vendor, entries, purging, vendor

KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
PATH = "/2020-05-31/distribution/E1ABC/invalidation"
BUSY = b"""<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type>
<Code>TooManyInvalidationsInProgress</Code><Message>Processing your request will cause you to exceed the maximum number
of in-progress wildcard invalidations.</Message></Error></ErrorResponse>"""


def signature(request: web.BaseRequest, body: bytes, names: str, scope: str) -> str:
    """Sign a request again, with Signature Version 4 as it is described.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    named = [f"{name}:{' '.join(request.headers[name].split())}" for name in names.split(";")]
    canonical = "\n".join([request.method, request.path, "", *named, "", names, hashlib.sha256(body).hexdigest()])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", request.headers["X-Amz-Date"], scope, digest])
    key = f"AWS4{KEYS.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


def problem(request: web.BaseRequest, body: bytes) -> str | None:
    """Say what of a request is not as documented."""
    moment = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    scope = f"{moment:%Y%m%d}/us-east-1/cloudfront/aws4_request"
    found = re.fullmatch(
        rf"AWS4-HMAC-SHA256 Credential={KEYS.access}/{scope}, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{{64}})",
        request.headers["Authorization"],
    )
    if found is None:
        return f"not an authorization: {request.headers['Authorization']}"
    names, signed = found.groups()
    present = {name.lower() for name in request.headers if name.lower().startswith("x-amz-")}
    if not {"host", "content-type", *present} <= set(names.split(";")) or names != ";".join(sorted(names.split(";"))):
        return f"signed headers: {names}"
    if abs(datetime.now(UTC) - moment) > timedelta(minutes=5):
        return f"signed at {moment}"
    if request.content_type != "application/xml" or request.query_string:
        return "not XML, or a query"
    return None if hmac.compare_digest(signed, signature(request, body, names, scope)) else "another signature"


class Aws(Vendor):
    """Takes what is signed, and only that."""

    problem = staticmethod(problem)


def batch(*items: str) -> re.Pattern[str]:
    """Return how an invalidation of these items is spelled, with any reference."""
    paths = "".join(f"<Path>{re.escape(item)}</Path>" for item in items)
    return re.compile(
        r'<\?xml version="1\.0" encoding="UTF-8"\?>'
        r'<InvalidationBatch xmlns="http://cloudfront\.amazonaws\.com/doc/2020-05-31/">'
        r"<CallerReference>([0-9a-f]{32})</CallerReference>"
        rf"<Paths><Items>{paths}</Items><Quantity>{len(items)}</Quantity></Paths></InvalidationBatch>"
    )


@pytest.mark.parametrize("session", ["", "FwoGZXIvYXdzEJr//////////wEaDExample+token=="])
async def test_what_is_sent_is_what_aws_documents(session: str) -> None:
    """Given changes, and then a gap, then tags are invalidated in one signed batch, and `/*` in the next."""
    async with vendor(Aws()) as server:
        keys = Keys(KEYS.access, KEYS.secret, session)
        async with purging(CloudFront("E1ABC", keys, server.url)) as purger:
            purger.hear(entries("User:1", "User:2"))
            await server.until(lambda: len(server.asked) == 1)
            purger.hear(entries("User:3", first=9))
            await server.until(lambda: len(server.asked) == 2)
        assert [(method, path) for method, path, _ in server.asked] == [("POST", PATH)] * 2
        assert batch(f"#{short('User:1')}", f"#{short('User:2')}").fullmatch(server.asked[0][2])
        assert batch("/*").fullmatch(server.asked[1][2])
        assert server.tokens == [session or None] * 2


async def test_too_many_in_progress_is_no_failure_for_good() -> None:
    """Given CloudFront that has too many in progress, or throttles, then the same items go again by a new reference."""
    async with vendor(Aws()) as server, purging(CloudFront("E1ABC", KEYS, server.url), transit=0.1) as purger:
        purger.cdn.interval = 0.0
        server.refusals = [(400, {}, BUSY), (429, {"Retry-After": "0"}, b""), (503, {"Retry-After": "0"}, b"")]
        purger.hear(entries("User:1"))
        await server.until(lambda: len(server.asked) >= 1)
        sent = [batch(f"#{short('User:1')}").fullmatch(body) for _, _, body in [*server.refused, *server.asked]]
        assert len(sent) >= 4
        assert None not in sent
        assert len({found[1] for found in sent if found}) == len(sent)


async def test_many_changes_cost_one_item() -> None:
    """Given more changes than 1,000, then everything is invalidated: it costs as much as one of them."""
    async with vendor(Aws()) as server, purging(CloudFront("E1ABC", KEYS, server.url)) as purger:
        purger.hear(entries(*(f"User:{number}" for number in range(1001))))
        await server.until(lambda: len(server.asked) == 1)
        assert batch("/*").fullmatch(server.asked[0][2])


async def test_a_wrong_signature_is_noticed() -> None:
    """Given another secret, then the check above refuses the request: it does check."""
    async with vendor(Aws()) as server, purging(CloudFront("E1ABC", Keys(KEYS.access, "other"), server.url)) as purger:
        purger.hear(entries("User:1"))
        await server.until(lambda: bool(server.problems))
        assert server.problems[0] == "another signature"
        assert not server.asked
