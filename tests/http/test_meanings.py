"""What is remembered of requests' targets: what the release's own operations ask, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from redis.asyncio import Redis

from app.http.meanings import Meanings
from app.http.partners import PartnerDocuments
from app.http.registry import Registry
from app.http.request import RequestError, parse, read
from resolvers.api import build
from schema.prepared import PreparationError, document_id
from tests.platform import Platform

TEXT = "query Named($slug: String!) { publicProject(slug: $slug) { id } } query Other { __typename }"
ID = document_id(TEXT)


def request(target: str, method: str = "GET") -> web.Request:
    """Return a request for the document."""
    return make_mocked_request(method, target, match_info={"hash": ID})


@pytest.fixture
async def meanings(platform: Platform) -> AsyncIterator[Meanings]:
    """Give those of a release with one document."""
    _, preparer = build(production=False)
    async with Redis.from_url(platform.settings.redis_url or "") as redis:
        yield Meanings(Registry({ID: TEXT}, PartnerDocuments(platform.database), redis, apq=False), preparer)


async def test_the_target_of_a_get_is_read_once(meanings: Meanings) -> None:
    """Given an operation of the release, then its target is known from the second time on; another target is not."""
    target = f"/graphql/{ID}?operationName=Named&variables=%7B%22slug%22:%22a%22%7D"
    assert meanings.known(request(target)) is None
    found = await meanings.find(request(target), await read(request(target)), None)
    assert meanings.known(request(target)) is found
    assert found.parameters.variables == {"slug": "a"}
    assert found.operation.name == "Named"
    assert meanings.known(request(target.replace("Named", "Other"))) is None


@pytest.mark.parametrize("method", ["HEAD", "POST"])
async def test_other_methods_are_read_each_time(meanings: Meanings, method: str) -> None:
    """Given a target that is known, then a request with a body, or for a head alone, is not taken for a GET."""
    target = f"/graphql/{ID}?operationName=Named"
    named, other = (parse({"operationName": name}, ID) for name in ("Named", "Other"))
    await meanings.find(request(target), named, None)
    assert meanings.known(request(target, method)) is None
    assert (await meanings.find(request(target, method), other, None)).operation.name == "Other"
    known = meanings.known(request(target))
    assert known is not None
    assert known.parameters == named


async def test_a_document_that_is_sent_is_not_remembered(meanings: Meanings) -> None:
    """Given a document beside its id, then nothing is remembered of it: there are as many as anybody makes up."""
    sent = parse({"query": TEXT, "operationName": "Other"}, ID)
    assert (await meanings.find(request(f"/graphql/{ID}"), sent, None)).operation.name == "Other"
    assert meanings.known(request(f"/graphql/{ID}")) is None


@pytest.mark.parametrize(("document", "name", "error"), [("0" * 64, None, RequestError), (ID, "No", PreparationError)])
async def test_what_is_refused_is_refused_again(
    meanings: Meanings, document: str, name: str | None, error: type[Exception]
) -> None:
    """Given what means nothing, then that is said each time."""
    for _ in range(2):
        with pytest.raises(error):
            await meanings.find(request("/graphql"), parse({"operationName": name}, document), None)
        assert meanings.known(request("/graphql")) is None
