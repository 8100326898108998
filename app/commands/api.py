"""`python -m app api`: the GraphQL API."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from app.acting import services
from app.edge_fetches import marked
from app.http import registry
from app.http.access import Access
from app.http.api import create_api_app
from app.http.api_keys import ApiKeys
from app.http.charging import Charging
from app.http.contexts import Contexts
from app.http.partners import PartnerDocuments
from app.http.quick import QuickRunner
from app.http.registry import Registry
from app.key_following import follow_keys
from app.process import Process, serve
from app.services import answering, guards, image_links, open_asset_store, open_database, open_redis
from app.settings import Settings
from auth.caller import networks
from edge import plans
from edge.follower import Follower
from edge.leases import Leases
from edge.plans import PARTNERS
from edge.usage import Usage
from models.database import Database
from resolvers.allowance import Limits
from resolvers.api import build
from resolvers.following import Pace
from schema.combined import Combined
from schema.compiled.executor import Executor
from schema.compiled.plans import Plans
from storage.assets import AssetStore, AssetStoreError, FolderAssetStore

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: settings come from the environment."""
    del parser


async def process(
    settings: Settings, database: Database | None = None, pace: Pace | None = None, limits: Limits | None = None
) -> Process:
    """Open what the API stands on, and assemble it; a database that is given stays open at the end."""
    closing: list[Callable[[], Awaitable[None]]] = []
    if database is None:
        database = await open_database(settings)
        closing.append(database.close)
    redis = open_redis(settings)
    store = await open_asset_store(settings)
    registered = registry.load()
    strict = settings.production and not settings.apq
    own = plans.load()
    for_partners = {id_ for id_, plan in own.items() if plan.audience == PARTNERS}
    in_full = registered.keys() - for_partners  # which clients may also send; those for partners go by their ids alone
    api, preparer = build(production=settings.production, registered=in_full if strict else None)
    made = Plans(api)
    for document in registered.values():  # ready means that no first request pays for this
        made.add(preparer.prepare(document, admitted=True))
    partners = PartnerDocuments(database)
    follower = Follower(redis, on_start=partners.begin, on_entries=partners.apply, on_lost=partners.lost)
    acting = services(
        settings, database, redis, store, (api, preparer), documents=registered.values(), pace=pace, limits=limits
    )
    combined = Combined(database)
    contexts = Contexts(acting, image_links(settings), follower, combined, networks(settings.trusted_proxies))
    leases = Leases(redis) if settings.rate_limits else None
    documents = Registry(registered, partners, redis, apq=settings.apq, for_partners=for_partners)
    usage = Usage(redis)
    access = Access(contexts, ApiKeys(database, for_partners), usage)
    app = create_api_app(
        api,
        Executor(made, combined),
        preparer,
        documents,
        access,
        contexts,
        Charging(leases, partial(marked, acting.keys)),
        own=own,
        development=not settings.production,
        cloudfront=bool(settings.cloudfront_distribution),
        guards=guards(settings),
    )

    return Process(
        name="api",
        application=app,
        port=settings.api_port,
        port_setting="API_PORT",
        checks={"mongodb": database.ping, "keys": acting.keys.ready, "redis": answering(redis), "assets": store.check},
        background=(
            *(follower.run, acting.signals.run, acting.feeds.attendance.run, acting.watch.run),
            *(partial(follow_keys, acting.keys, acting.signals), partial(sweep_staging, store), usage.run),
        ),
        runner=QuickRunner,
        close=(
            acting.close,
            usage.flush,
            *((leases.close,) if leases else ()),
            redis.aclose,
            store.close,
            *closing,
        ),
    )


async def sweep_staging(store: AssetStore, every: float = 3600, age: float = 86_400) -> None:
    """Remove uploads that were never completed from the folder, each day's; a bucket has a rule for that."""
    while isinstance(store, FolderAssetStore):
        try:
            if removed := await store.sweep("staging", age):
                log.info("%s uploads that were never completed are removed.", removed)
        except AssetStoreError as error:
            log.warning("Uploads that were never completed cannot be removed: %s", error)
        await asyncio.sleep(every)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until a signal."""
    del arguments
    return serve(lambda: process(settings), settings, name="api")
