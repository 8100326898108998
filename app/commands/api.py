"""`python -m app api`: the GraphQL API."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable

from app.http import registry
from app.http.api import create_api_app
from app.http.contexts import Contexts
from app.http.partners import PartnerDocuments
from app.http.registry import Registry
from app.process import Process, serve
from app.services import asset_store, image_links, open_database, open_redis
from app.settings import Settings
from auth.tokens import Keys
from edge.follower import Follower
from models.database import Database
from resolvers.api import build
from resolvers.context import Pace, Services
from schema.combined import Combined
from schema.compiled.executor import Executor
from schema.compiled.plans import Plans
from storage.signals import RedisSignals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: settings come from the environment."""
    del parser


async def process(settings: Settings, database: Database | None = None, pace: Pace | None = None) -> Process:
    """Open what the API stands on, and assemble it; a database that is given stays open at the end."""
    closing: list[Callable[[], Awaitable[None]]] = []
    if database is None:
        database = await open_database(settings)
        closing.append(database.close)
    redis = open_redis(settings)
    store, signals = asset_store(settings), RedisSignals(redis)
    registered = registry.load()
    strict = settings.production and not settings.apq
    api, preparer = build(production=settings.production, registered=registered.keys() if strict else None)
    made = Plans(api)
    for document in registered.values():  # ready means that no first request pays for this
        made.add(preparer.prepare(document))
    partners = PartnerDocuments(database)
    follower = Follower(redis, on_start=partners.begin, on_entries=partners.apply, on_lost=partners.lost)
    keys = Keys(settings.secret_key)
    services = Services(database, keys, store, signals, settings.public_url, preparer, pace or Pace())
    contexts = Contexts(services, image_links(settings), follower)
    documents = Registry(registered, partners, redis, apq=settings.apq)
    app = create_api_app(
        api,
        Executor(made, Combined(database)),
        preparer,
        documents,
        contexts,
        development=not settings.production,
        cloudfront=bool(settings.cloudfront_distribution),
    )

    async def redis_answers() -> None:
        await redis.ping()

    return Process(
        name="api",
        application=app,
        port=settings.api_port,
        port_setting="API_PORT",
        checks={"mongodb": database.ping, "redis": redis_answers, "assets": store.check},
        background=(follower.run, signals.run),
        close=(redis.aclose, *closing),
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until a signal."""
    del arguments
    return serve(lambda: process(settings), settings, name="api")
