"""What is remembered of requests' targets: what the release's own operations ask, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from multidict import CIMultiDict
from redis.asyncio import Redis
from yarl import URL

from app.http.meanings import Meaning, Meanings
from app.http.partners import PartnerDocuments
from app.http.registry import Registry
from app.http.request import RequestError, read
from resolvers.api import build
from schema.prepared import PreparationError, document_id
from tests.platform import Platform

TEXT = "query Named($slug: String!) { publicProject(slug: $slug) { id } } query Other { __typename }"
ID = document_id(TEXT)


@dataclass
class Request:
    """A request as far as its meaning goes."""

    raw_path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=CIMultiDict)
    content_type: str = "application/json"
    remote: str | None = None
    body: bytes = b""

    @property
    def query(self) -> Mapping[str, str]:
        """Its parameters."""
        return URL(self.raw_path, encoded=True).query

    @property
    def match_info(self) -> Mapping[str, Any]:
        """What its path says."""
        _, _, hash_ = URL(self.raw_path).path.partition("/graphql/")
        return {"hash": hash_} if hash_ else {}

    async def read(self) -> bytes:
        """Return its body."""
        return self.body


@pytest.fixture
async def meanings(platform: Platform) -> Meanings:
    """Give those of a release with one document."""
    _, preparer = build(production=False)
    redis = Redis.from_url(platform.settings.redis_url or "")
    return Meanings(Registry({ID: TEXT}, PartnerDocuments(platform.database), redis, apq=False), preparer)


async def find(meanings: Meanings, request: Request) -> Meaning:
    """Find what a request means."""
    return await meanings.find(request, await read(request), None)


async def test_the_target_of_a_get_is_read_once(meanings: Meanings) -> None:
    """Given an operation of the release, then its target is known from the second time on; another target is not."""
    request = Request(f"/graphql/{ID}?operationName=Named&variables=%7B%22slug%22:%22a%22%7D")
    assert meanings.known(request) is None
    found = await find(meanings, request)
    assert meanings.known(Request(request.raw_path)) is found
    assert found.parameters.variables == {"slug": "a"}
    assert found.operation.name == "Named"
    assert meanings.known(Request(request.raw_path.replace("Named", "Other"))) is None


@pytest.mark.parametrize("method", ["HEAD", "POST"])
async def test_other_methods_are_read_each_time(meanings: Meanings, method: str) -> None:
    """Given a target that is known, then a request with a body, or for a head alone, is not taken for a GET."""
    target = f"/graphql/{ID}?operationName=Named"
    await find(meanings, Request(target))
    other = Request(target, method, body=b'{"operationName": "Other"}')
    assert meanings.known(other) is None
    assert (await find(meanings, other)).operation.name == ("Named" if method == "HEAD" else "Other")


async def test_a_document_that_is_sent_is_not_remembered(meanings: Meanings) -> None:
    """Given a document in the target, then nothing is remembered of it: there are as many as anybody makes up."""
    target = f"/graphql?{URL.build(query={'query': TEXT, 'operationName': 'Other'}).raw_query_string}"
    assert (await find(meanings, Request(target))).operation.name == "Other"
    assert meanings.known(Request(target)) is None


@pytest.mark.parametrize(
    ("target", "error"), [(f"/graphql/{'0' * 64}", RequestError), (f"/graphql/{ID}?operationName=No", PreparationError)]
)
async def test_what_is_refused_is_refused_again(meanings: Meanings, target: str, error: type[Exception]) -> None:
    """Given what means nothing, then that is said each time."""
    for _ in range(2):
        with pytest.raises(error):
            await find(meanings, Request(target))
        assert meanings.known(Request(target)) is None
