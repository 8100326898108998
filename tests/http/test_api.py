"""Answers of the API are stamped with a moment before everything that they are made of, their document included."""

from __future__ import annotations

from hashlib import sha256

from aiohttp import web
from redis.asyncio import Redis

from app.embedded.ports import free_port
from app.http.api import create_api_app
from app.http.contexts import Contexts
from app.http.partners import PartnerDocuments
from app.http.registry import Document, Registry
from app.http.request import Parameters
from app.services import asset_store, image_links
from auth.tokens import Keys
from edge.follower import Follower
from edge.stream import EntryId
from models.database import cluster_time
from resolvers.api import build
from resolvers.context import Services
from storage.signals import RedisSignals
from tests.platform import Platform

TEXT = "query Homes { listings { totalCount } }"
ID = sha256(TEXT.encode()).hexdigest()


async def test_a_document_is_looked_up_after_the_moment_of_its_answer(platform: Platform) -> None:
    """Given a stream that goes on while the document is looked up, then the answer is stamped with the moment before.

    Otherwise an edge would keep an answer to an operation that was removed between the two.
    """
    settings, (api, preparer) = platform.settings, build()
    before = EntryId(cluster_time(await platform.database.pulse("test")), 0)
    async with Redis.from_url(settings.redis_url or "") as redis:
        follower = Follower(redis)
        follower.last = before

        class Slow(Registry):
            """Takes so long that the stream has gone on."""

            async def document(self, parameters: Parameters, as_of: EntryId | None) -> Document:
                """Look a document up."""
                found = await super().document(parameters, as_of)
                follower.last = EntryId(cluster_time(await platform.database.pulse("test")), 0)
                return found

        signals, keys = RedisSignals(redis), Keys(settings.secret_key)
        services = Services(platform.database, keys, asset_store(settings), signals, settings.public_url, preparer)
        registry = Slow({ID: TEXT}, PartnerDocuments(platform.database), redis, apq=False)
        contexts = Contexts(services, image_links(settings), follower)
        runner = web.AppRunner(create_api_app(api, preparer, registry, contexts, development=True))
        await runner.setup()
        try:
            port = free_port()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            async with platform.session.get(f"http://127.0.0.1:{port}/graphql/{ID}") as response:
                assert response.status == 200
                assert response.headers["Edge-As-Of-Read"] == str(before)
        finally:
            await runner.cleanup()
    assert follower.last > before
