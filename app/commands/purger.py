"""`python -m app purger`: tells other caches what has changed; see `docs/cdn.md`."""

from __future__ import annotations

import argparse

from app.process import Process, serve
from app.services import answering, open_redis
from app.settings import Settings, SettingsError
from edge.cdn.cloudflare import Cloudflare
from edge.cdn.cloudfront import CloudFront, Keys
from edge.cdn.fastly import Fastly
from edge.cdn.purger import Purger
from edge.cdn.sharing import LONGEST_MAKING
from edge.cdn.varnish import Varnish
from edge.cdn.vendor import Cdn

_TRANSIT_SECONDS = LONGEST_MAKING + 5  # for the way itself


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: settings come from the environment."""
    del parser


def caches(settings: Settings) -> list[Cdn]:
    """Return the caches that settings name.

    Raises:
        SettingsError: none is named, or one only in part.

    """
    found: list[Cdn] = [Varnish(url.rstrip("/")) for url in settings.varnish_urls]
    if settings.fastly_service or settings.fastly_token:
        if not (settings.fastly_service and settings.fastly_token):
            raise SettingsError("Fastly needs both FASTLY_SERVICE_ID and FASTLY_API_TOKEN.")
        found.append(Fastly(settings.fastly_service, settings.fastly_token))
    if settings.cloudflare_zone or settings.cloudflare_token:
        if not (settings.cloudflare_zone and settings.cloudflare_token):
            raise SettingsError("Cloudflare needs both CLOUDFLARE_ZONE_ID and CLOUDFLARE_API_TOKEN.")
        found.append(Cloudflare(settings.cloudflare_zone, settings.cloudflare_token))
    if settings.cloudfront_distribution:  # the AWS keys alone mean nothing: they may be there for something else
        if not (settings.aws_access_key and settings.aws_secret_key):
            raise SettingsError("CloudFront needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
        keys = Keys(settings.aws_access_key, settings.aws_secret_key, settings.aws_session_token)
        found.append(CloudFront(settings.cloudfront_distribution, keys))
    if not found:
        raise SettingsError(
            "No cache to purge: set VARNISH_URLS, FASTLY_SERVICE_ID, CLOUDFLARE_ZONE_ID or CLOUDFRONT_DISTRIBUTION_ID."
        )
    return found


async def process(settings: Settings) -> Process:
    """Assemble a purger for each cache."""
    redis = open_redis(settings)
    purgers = [Purger(cache, transit=_TRANSIT_SECONDS) for cache in caches(settings)]

    return Process(
        name="purger",
        checks={"redis": answering(redis)},
        background=[work for purger in purgers for work in (purger.run, purger.follow(redis).run)],
        close=(redis.aclose,),
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Purge until a signal."""
    del arguments
    return serve(lambda: process(settings), settings, name="purger")
