"""Liveness, readiness and metrics: what orchestrators and the supervisor ask of every process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import REGISTRY

Check = Callable[[], Awaitable[None]]
"""Returns when the dependency answers, raises when it does not."""

CHECK_SECONDS = 2.0


async def failures(checks: Mapping[str, Check], seconds: float = CHECK_SECONDS) -> dict[str, str]:
    """Run all checks at once and return the reason of each that failed, by dependency; empty means ready.

    A check that has not answered after `seconds` has failed.
    """

    async def reason(check: Check) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                await check()
        except TimeoutError:
            return f"no answer within {seconds:g} s"
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, the dependency does not answer
            return f"{type(error).__name__}: {error}"
        return None

    reasons = await asyncio.gather(*map(reason, checks.values()))
    return {name: reason for name, reason in zip(checks, reasons, strict=True) if reason is not None}


def add_health(application: web.Application, checks: Mapping[str, Check]) -> None:
    """Add `GET /health/live` (200 while the event loop turns) and `GET /health/ready` to an application.

    Ready is 200 `{"status": "ready"}`, or 503 `{"status": "unavailable", "failing": {"mongodb": "…"}}`.
    """

    async def live(_: web.Request) -> web.Response:
        return _json(200, {"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        if failing := await failures(checks):
            return _json(503, {"status": "unavailable", "failing": failing})
        return _json(200, {"status": "ready"})

    application.router.add_get("/health/live", live)
    application.router.add_get("/health/ready", ready)


def admin_application(checks: Mapping[str, Check], pages: Mapping[str, Handler] | None = None) -> web.Application:
    """Return what is served on the admin port: the health routes, `/metrics` for Prometheus, and further pages."""
    application = web.Application()
    add_health(application, checks)
    application.router.add_get("/metrics", _metrics)
    for path, handler in (pages or {}).items():
        application.router.add_get(path, handler)
    return application


async def _metrics(request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _json(status: int, body: Mapping[str, object]) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},  # the edge forwards this path too
    )
