"""`python -m app relay`: what follows the database, and mail.

Invalidations, the log of changes, likes, trimming, erasing, the audit log's seals and anchors, and the edges' auditor.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

from redis.asyncio import Redis

from app.edge_fetches import mark
from app.process import Process, serve
from app.services import answering, open_asset_store, open_database, open_mail, open_redis
from app.settings import Settings
from auth.chain import chain_key
from auth.signatures import Keys
from edge import plans
from models.database import Database
from storage.mail import Mail
from storage.signals import RedisSignals
from workers.anchoring import Anchoring, anchors_file
from workers.auditor.auditor import Auditor
from workers.erasing import Eraser
from workers.letters.postman import Postman
from workers.letters.writing import Desk
from workers.likes import LikeCounts
from workers.relay.recorder import Recorder
from workers.relay.relay import Relay
from workers.sealing import Sealer
from workers.trimming import LogTrimming
from workers.usage import UsageCounts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: settings come from the environment."""
    del parser


async def process(settings: Settings, database: Database | None = None, mail: Mail | None = None) -> Process:
    """Open what the relay stands on; a database that is given stays open at the end. `mail` is as settings say."""
    closing: list[Callable[[], Awaitable[None]]] = []
    if database is None:
        database = await open_database(settings)
        closing.append(database.close)
    redis = open_redis(settings)
    relay, likes = Relay(database, redis), LikeCounts(database)
    keys, signals, usage = Keys(settings.secret_key), RedisSignals(redis), UsageCounts(database, redis)
    recorder = Recorder(database, signals)
    desk = Desk(settings.app_url or settings.public_url, keys)
    postman = Postman(database, mail or open_mail(settings), signals, desk)
    trimming = LogTrimming(database, keep=timedelta(days=settings.log_days))
    key = chain_key(settings.audit_secret or settings.secret_key)
    sealer = Sealer(database, key, keys)
    store = await open_asset_store(settings)
    closing.append(store.close)
    bucket = store if settings.assets_bucket else None
    anchoring = Anchoring(database, key, anchors_file(settings.data_dir), bucket, lambda: sealer.sealed)
    eraser = Eraser(database, store)

    background: list[Callable[[], Coroutine[Any, Any, None]]] = [
        *(relay.run, relay.pulse, recorder.run),
        *(likes.run, trimming.run, usage.run, eraser.run),
        *(sealer.run, anchoring.run),
        *(signals.run, postman.run),
    ]
    if settings.edge_admin_urls:
        background.append(auditor(settings, redis).run)

    return Process(
        name="relay",
        checks={
            "mongodb": database.ping,
            "redis": answering(redis),
            "change stream": relay.ready,
            "log of changes": recorder.ready,
        },
        background=background,
        close=(redis.aclose, *closing),
    )


def auditor(settings: Settings, redis: Redis) -> Auditor:
    """Return what holds the edges that settings name against the API."""
    keys = Keys(settings.secret_key)
    return Auditor(
        settings.edge_admin_urls,
        settings.api_url,
        redis,
        plans=plans.load(),
        sign=lambda moment: keys.sign("own-write", str(moment)),
        mark=partial(mark, keys),
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Relay until a signal."""
    del arguments
    return serve(lambda: process(settings), settings, name="relay")
