"""What resolvers act on: made apart from `services`, so that processes without a schema need not load one."""

from __future__ import annotations

from collections.abc import Iterable

from graphql import parse
from redis.asyncio import Redis

from app.settings import Settings
from auth.keyring import Keyring
from auth.passkeys import RelyingParty
from auth.passwords import Passwords
from models.database import Database
from models.edit_log import EditLog
from resolvers.afterwards import Afterwards
from resolvers.allowance import Allowance, Limits
from resolvers.api import Api
from resolvers.attendance import Attendance
from resolvers.context import Services
from resolvers.following import Feeds, Pace
from resolvers.warming import Warming
from resolvers.watching import SessionWatch
from schema.pictures import Signing
from schema.prepared import Preparer
from schema.shown_pictures import shown_pictures
from storage.assets import AssetStore
from storage.attempts import RedisAttempts
from storage.attendance import RedisRegister
from storage.image_links import ImageLinks
from storage.jobs import Jobs
from storage.presence import RedisPresence
from storage.progress import UploadProgress
from storage.signals import RedisSignals


def warming(settings: Settings, redis: Redis, api: Api, documents: Iterable[str]) -> Warming:
    """Return what has pictures made ahead: whatever these documents show of them."""
    shown = shown_pictures(api, (parse(text, no_location=True) for text in documents))
    return Warming(Jobs(redis), Signing(ImageLinks("", *settings.imgproxy_pairs[0])), shown)


def services(
    settings: Settings,
    database: Database,
    redis: Redis,
    store: AssetStore,
    assembled: tuple[Api, Preparer],
    *,
    documents: Iterable[str] = (),
    pace: Pace | None = None,
    limits: Limits | None = None,
) -> Services:
    """Return what resolvers act on, where these documents are registered."""
    api, preparer = assembled
    signals, presence = RedisSignals(redis), RedisPresence(redis)
    keys = Keyring(settings.secret_key, settings.public_url, database)
    limits, pace = limits or Limits(), pace or Pace()
    attendance = Attendance(RedisRegister(redis), limits.people, limits.followings, limits.promptly)
    return Services(
        database=database,
        edit_log=EditLog(database, lambda design: signals.tell(f"design:{design}")),
        keys=keys,
        assets=store,
        signals=signals,
        feeds=Feeds(database, signals, presence, attendance, keys, pace),
        presence=presence,
        progress=UploadProgress(redis),
        warming=warming(settings, redis, api, documents),
        allowance=Allowance(limits),
        attempts=RedisAttempts(redis),
        passwords=Passwords(),
        afterwards=Afterwards(),
        watch=SessionWatch(signals, pace.look),
        public_url=settings.public_url,
        preparer=preparer,
        relying_party=RelyingParty.of(settings.public_url, settings.passkey_domain, settings.passkey_origins),
        live_keys=settings.production,
    )
