"""Opening what processes stand on: the database, Redis, the asset store.

The clients of MongoDB and S3 are loaded by who opens these: they take tens of megabytes, which not every process needs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.settings import Settings, SettingsError
from edge.guards import Guards
from edge.stream import EntryId
from storage.assets import AssetStore, FolderAssetStore
from storage.image_links import ImageLinks
from storage.mail import FolderMail, Mail, SmtpServer
from storage.redis_client import connect

if TYPE_CHECKING:
    from auth.signatures import Keys
    from models.database import Database


def connected(settings: Settings) -> Settings:
    """Return the settings with the addresses of a running `run`'s embedded services, where none are set."""
    from app.embedded import EmbeddedMongoDB, EmbeddedRedis  # noqa: PLC0415 - see above

    mongodb = EmbeddedMongoDB(settings.data_dir, settings.mongodb_port)
    redis = EmbeddedRedis(settings.data_dir, settings.redis_port)
    return replace(settings, mongodb_url=settings.mongodb_url or mongodb.url, redis_url=settings.redis_url or redis.url)


async def open_database(settings: Settings, *, patience: float | None = 10) -> Database:
    """Connect to MongoDB (`patience` as in `Database.open`); raises SettingsError where no address is set."""
    if settings.mongodb_url is None:
        raise SettingsError("MONGODB_URL is not set; `python -m app run` starts a MongoDB of its own.")
    from models.database import Database  # noqa: PLC0415 - see above

    return await Database.open(settings.mongodb_url, settings.mongodb_database, patience=patience)


def open_redis(settings: Settings) -> Redis:
    """Return a client of Redis; raises SettingsError where no address is set."""
    if settings.redis_url is None:
        raise SettingsError("REDIS_URL is not set; `python -m app run` starts a Redis of its own.")
    return connect(
        settings.redis_url,
        socket_connect_timeout=2,
        socket_timeout=5,
        health_check_interval=5,
        retry=Retry(NoBackoff(), 1),  # who needs Redis for good waits and tries again; no request waits for it
    )


def answering(redis: Redis) -> Callable[[], Awaitable[None]]:
    """Return what raises unless Redis answers."""

    async def answers() -> None:
        answer: Any = redis.ping()  # typed for both kinds of client
        await answer

    return answers


def open_mail(settings: Settings) -> Mail:
    """Return what sends mail: a server where one is set, else a folder."""
    if not settings.smtp_url:
        return FolderMail(settings.data_dir / "mail", settings.mail_from)
    from storage.smtp import SmtpMail  # noqa: PLC0415 - see above

    return SmtpMail(SmtpServer.parse(settings.smtp_url), settings.mail_from)


async def open_asset_store(settings: Settings) -> AssetStore:
    """Return where originals are kept, to be closed at the end: a bucket of S3 where one is set, else a folder."""
    if not settings.assets_bucket:
        return FolderAssetStore(settings.data_dir / "assets")
    from storage.s3 import Bucket, S3AssetStore  # noqa: PLC0415 - see above

    bucket = Bucket(
        name=settings.assets_bucket,
        endpoint=settings.assets_endpoint,
        region=settings.assets_region,
        access_key=settings.aws_access_key,
        secret_key=settings.aws_secret_key,
        session_token=settings.aws_session_token,
    )
    return await S3AssetStore.open(bucket)


def guards(settings: Settings) -> Guards:
    """Return what guards the answers at the front door."""
    return Guards(settings.cors_origins, https=settings.public_url.startswith("https://"))


def image_links(settings: Settings) -> ImageLinks:
    """Return what signs the addresses of pictures, which lead through the front door."""
    from auth.signatures import Keys  # noqa: PLC0415 - see above

    keys, (key, salt) = Keys(settings.secret_key), settings.imgproxy_pairs[0]
    return ImageLinks(f"{settings.public_url}/images", key, salt, sign_preview=lambda name: keys.sign("preview", name))


def own_write(keys: Keys, header: str) -> EntryId | None:
    """Return the moment in an `Edge-As-Of` header that we signed, None for any other."""
    moment = keys.verified("own-write", header) if header else None
    return EntryId.parse(moment) if moment else None
