"""Answers of the API are stamped with a moment before everything that they are made of, their document included."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

from aiohttp import web
from redis.asyncio import Redis

from app.acting import services
from app.embedded.ports import free_port
from app.http.access import Access
from app.http.api import create_api_app
from app.http.api_keys import ApiKeys
from app.http.charging import Charging
from app.http.contexts import Contexts
from app.http.partners import PartnerDocuments
from app.http.registry import Document, Registry
from app.http.request import Parameters
from app.services import image_links, open_asset_store
from auth.signatures import Keys
from edge import plans
from edge.follower import Follower
from edge.stream import EntryId
from edge.usage import Usage
from models.database import cluster_time
from resolvers.api import build
from schema.combined import Combined
from schema.compiled.executor import Executor
from schema.compiled.plans import Plans
from tests.platform import Platform

TEXT = "query Homes { listings { totalCount } }"
ID = sha256(TEXT.encode()).hexdigest()


@asynccontextmanager
async def serving(
    platform: Platform,
    follower: Follower,
    kind: type[Registry] = Registry,
    runner: type[web.AppRunner] = web.AppRunner,
) -> AsyncIterator[str]:
    """Serve an API that follows the stream as told; yield the address of one operation."""
    settings, (api, preparer) = platform.settings, build()
    async with Redis.from_url(settings.redis_url or "") as redis:
        acting = services(settings, platform.database, redis, await open_asset_store(settings), (api, preparer))
        registry = kind({ID: TEXT}, PartnerDocuments(platform.database), redis, apq=False)
        contexts = Contexts(acting, image_links(settings), follower, Combined(platform.database))
        access = Access(contexts, ApiKeys(platform.database), Usage(redis))
        charging = Charging(None, lambda _header, _document: False)
        app = create_api_app(
            api,
            Executor(Plans(api)),
            preparer,
            registry,
            access,
            contexts,
            charging,
            own=plans.load(),
            development=True,
        )
        running = runner(app, access_log=None)
        await running.setup()
        try:
            port = free_port()
            await web.TCPSite(running, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{port}/graphql/{ID}"
        finally:
            await running.cleanup()


async def moment(platform: Platform) -> EntryId:
    """Return the present of the database."""
    return EntryId(cluster_time(await platform.database.pulse("test")), 0)


async def test_a_document_is_looked_up_after_the_moment_of_its_answer(platform: Platform) -> None:
    """Given a stream that goes on while the document is looked up, then the answer is stamped with the moment before.

    Otherwise an edge would keep an answer to an operation that was removed between the two.
    """
    follower = Follower(Redis())
    follower.last = before = await moment(platform)

    class Slow(Registry):
        """Takes so long that the stream has gone on."""

        async def document(self, parameters: Parameters, as_of: EntryId | None) -> Document:
            """Look a document up."""
            found = await super().document(parameters, as_of)
            follower.last = await moment(platform)
            return found

    async with serving(platform, follower, Slow) as url, platform.session.get(url) as response:
        assert response.status == 200
        assert response.headers["Edge-As-Of-Read"] == str(before)
    assert follower.last > before


async def test_an_api_behind_who_asks_reads_as_of_their_moment(platform: Platform) -> None:
    """Given an API that is behind in the stream, when a signed moment comes with a request, then it reads as of that.

    One that nobody has signed is not looked at.
    """
    follower = Follower(Redis())
    follower.last = before = await moment(platform)
    later = await moment(platform)
    signed = Keys(platform.settings.secret_key).sign("own-write", str(later))
    async with serving(platform, follower) as url:
        for header, as_of in ((signed, later), (str(later), before), (signed[:-1] + "!", before)):
            async with platform.session.get(url, headers={"Edge-As-Of": header}) as response:
                assert (response.status, response.headers["Edge-As-Of-Read"]) == (200, str(as_of))
