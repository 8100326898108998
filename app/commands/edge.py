"""`python -m app edge`: the edge cache."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from typing import Any, Final

from yarl import URL

from app import edge_stats
from app.edge_fetches import mark
from app.edge_pages import pages
from app.process import Process, serve
from app.services import guards, open_redis, own_write
from app.settings import Settings
from auth import api_keys
from auth.budgets import address_payer
from auth.caller import caller, networks, within
from auth.signatures import Keys
from edge import lag, plans
from edge.fast import FastRunner
from edge.http_cache.server import create_gateway_app
from edge.leases import Leases
from edge.server import EDGE, EdgeConfig, create_edge_app
from edge.tolls import Callers
from storage.redis_client import connect

_IMPATIENT: Final[dict[str, Any]] = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}  # a miss can ask the API
_LARGEST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `stats`, and what an edge before any other origin needs; all else comes from the environment."""
    parser.add_argument("action", nargs="?", choices=("serve", "stats"), default="serve", help="stats: what it counted")
    parser.add_argument("--json", action="store_true", help="with stats: as JSON")
    parser.add_argument("--origin", metavar="URL", type=origin, help="be an HTTP cache before this origin instead")
    parser.add_argument(
        "--listen", metavar="HOST:PORT", type=listening, help="where to listen (default: HOST and EDGE_PORT)"
    )


def origin(text: str) -> str:
    """Read the base URL of an origin; raises ArgumentTypeError."""
    try:
        url = URL(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL ({error}).") from error
    if url.scheme not in {"http", "https"} or not url.host or url.path not in {"", "/"} or url.query_string:
        raise argparse.ArgumentTypeError(f"{text!r}: expected http://HOST[:PORT] or https://HOST[:PORT].")
    return str(url.origin())


def listening(text: str) -> tuple[str, int]:
    """Read an address to listen on; raises ArgumentTypeError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or not 0 < int(port) <= _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r}: expected HOST:PORT, e.g. 127.0.0.1:8080.")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - what `:8080` means everywhere


async def process(settings: Settings) -> Process:
    """Assemble the edge."""
    redis, keys = open_redis(settings), Keys(settings.secret_key)
    second = connect(settings.cache_redis_url, **_IMPATIENT) if settings.cache_redis_url else None
    config = EdgeConfig(
        api=settings.api_url,
        images=settings.images_url,
        plans=plans.load(),
        own_write=lambda header: own_write(keys, header),
        sign=lambda position: keys.sign("own-write", str(position)),
        guards=guards(settings),
        mark=partial(mark, keys),
        callers=callers(settings),
        credential=api_keys.presented,
        prove=partial(mark, keys, purpose="api-key"),
    )
    leases = Leases(redis) if settings.rate_limits else None
    app = create_edge_app(config, redis, second, leases)

    async def coherent() -> None:
        await app[EDGE].ready()

    async def watch_lag() -> None:
        await lag.watch(redis, lambda: app[EDGE].coherence.position)

    return Process(
        name="edge",
        application=app,
        port=settings.edge_port,
        port_setting="EDGE_PORT",
        checks={"invalidations": coherent},
        close=(*((leases.close,) if leases else ()), redis.aclose, *((second.aclose,) if second else ())),
        background=(watch_lag,),
        admin=pages(lambda: app[EDGE], redis),
        runner=FastRunner,
    )


def callers(settings: Settings) -> Callers:
    """Return who calls, and who pays for them: what the API says of it too."""
    trusted = networks(settings.trusted_proxies)
    return Callers(
        address=lambda peer, forwarded: caller(peer, forwarded, "", trusted).address,
        proxy=lambda peer: within(peer, trusted),
        payer=address_payer,
    )


async def before_another(origin_url: str, settings: Settings) -> Process:
    """Assemble an HTTP cache before an origin that is none of ours."""
    return Process(
        name="edge",
        application=create_gateway_app(origin_url),
        port=settings.edge_port,
        port_setting="--listen",
        runner=FastRunner,
        another_site=True,
    )


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve until a signal, or tell what a running edge has counted."""
    if arguments.action == "stats":
        return edge_stats.show(settings, as_json=arguments.json)
    if arguments.listen:
        host, port = arguments.listen
        settings = replace(settings, host=host, edge_port=port)
    if arguments.origin:
        return serve(lambda: before_another(arguments.origin, settings), settings, name="edge")
    return serve(lambda: process(settings), settings, name="edge")
