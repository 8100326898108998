"""Opening what processes stand on: the database, Redis, the asset store."""

from __future__ import annotations

from dataclasses import replace

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.embedded import EmbeddedMongoDB, EmbeddedRedis
from app.settings import Settings, SettingsError
from auth.tokens import Keys
from edge.stream import EntryId
from models.database import Database
from storage.assets import FolderAssetStore
from storage.image_links import ImageLinks


def connected(settings: Settings) -> Settings:
    """Return the settings with the addresses of a running `run`'s embedded services, where none are set."""
    mongodb = EmbeddedMongoDB(settings.data_dir, settings.mongodb_port)
    redis = EmbeddedRedis(settings.data_dir, settings.redis_port)
    return replace(settings, mongodb_url=settings.mongodb_url or mongodb.url, redis_url=settings.redis_url or redis.url)


async def open_database(settings: Settings, *, patience: float | None = 10) -> Database:
    """Connect to MongoDB (`patience` as in `Database.open`); raises SettingsError where no address is set."""
    if settings.mongodb_url is None:
        raise SettingsError("MONGODB_URL is not set; `python -m app run` starts a MongoDB of its own.")
    return await Database.open(settings.mongodb_url, settings.mongodb_database, patience=patience)


def open_redis(settings: Settings) -> Redis:
    """Return a client of Redis; raises SettingsError where no address is set."""
    if settings.redis_url is None:
        raise SettingsError("REDIS_URL is not set; `python -m app run` starts a Redis of its own.")
    return Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=2,
        socket_timeout=5,
        health_check_interval=5,
        retry=Retry(NoBackoff(), 1),  # who needs Redis for good waits and tries again; no request waits for it
    )


def asset_store(settings: Settings) -> FolderAssetStore:
    """Return the folder in which originals are kept."""
    return FolderAssetStore(settings.data_dir / "assets")


def image_links(settings: Settings) -> ImageLinks:
    """Return what signs the addresses of pictures, which lead through the front door."""
    return ImageLinks(f"{settings.public_url}/images", settings.imgproxy_key, settings.imgproxy_salt)


def own_write(keys: Keys, header: str) -> EntryId | None:
    """Return the moment in an `Edge-As-Of` header that we signed, None for any other."""
    moment = keys.verified("own-write", header) if header else None
    return EntryId.parse(moment) if moment else None
