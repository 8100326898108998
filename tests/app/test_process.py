"""One process: its health, its metrics, and the order of its end."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from app.health import add_health, admin_application, failures
from tests.app.processes import PROGRAMS, environment, running

SERVED = str(PROGRAMS / "served.py")


async def well() -> None:
    """Answer."""


async def ill() -> None:
    """Fail as a driver does."""
    raise ConnectionError("connection refused")


async def mute() -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def test_readiness_names_each_failing_dependency() -> None:
    """Given checks that answer, fail and hang, then the reasons of the last two are returned within the limit."""
    checks = {"mongodb": well, "redis": ill, "assets": mute}
    assert await failures(checks, seconds=0.05) == {
        "redis": "ConnectionError: connection refused",
        "assets": "no answer within 0.05 s",
    }


async def test_health_and_metrics_on_the_admin_site() -> None:
    """Given a failing check, then live is 200, ready is 503 with the reason, and metrics are Prometheus's."""
    async with TestClient(TestServer(admin_application({"redis": ill}))) as client:
        live = await client.get("/health/live")
        assert (live.status, await live.json()) == (200, {"status": "live"})
        ready = await client.get("/health/ready")
        assert ready.status == 503
        assert await ready.json() == {
            "status": "unavailable",
            "failing": {"redis": "ConnectionError: connection refused"},
        }
        assert ready.headers["Cache-Control"] == "no-store"
        metrics = await client.get("/metrics")
        assert metrics.headers["Content-Type"].startswith("text/plain")
        assert "process_resident_memory_bytes" in await metrics.text()


async def test_health_wins_over_a_route_that_takes_everything() -> None:
    """Given an application that forwards every path, when health is added, then health answers."""

    async def forward(_: web.Request) -> web.Response:
        return web.Response(text="forwarded")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", forward)
    add_health(application, {"mongodb": well})
    async with TestClient(TestServer(application)) as client:
        assert await (await client.get("/health/ready")).json() == {"status": "ready"}
        assert await (await client.get("/elsewhere")).text() == "forwarded"


async def test_sigterm_finishes_what_was_accepted_then_work_then_closes(tmp_path: Path) -> None:
    """Given a request in flight, when SIGTERM comes, then it is answered, and only then the work is stopped."""
    environ = environment(tmp_path)
    async with running(environ, SERVED, "plain") as served, aiohttp.ClientSession() as client:
        await served.until("served is up")
        async with client.get(f"http://127.0.0.1:{environ['ADMIN_PORT']}/health/ready") as ready:
            assert ready.status == 200
        request = asyncio.create_task(client.get(f"http://127.0.0.1:{environ['API_PORT']}/slow"))
        await served.until("in flight")
        served.process.send_signal(signal.SIGTERM)
        async with await request as answer:
            assert await answer.text() == "slow but whole"
        assert await served.ended() == 0
    said = [line for line in served.lines if "app.process" not in line]
    assert said == ["working", "in flight", "answered", "work stopped", "cleaned up", "closed"]


async def test_failing_work_takes_the_process_down(tmp_path: Path) -> None:
    """Given background work that raises, then it is logged as one JSON line in production and the code is 1."""
    secrets = {"SECRET_KEY": "s" * 32, "IMGPROXY_KEY": "aa", "IMGPROXY_SALT": "bb"}
    places = {"MONGODB_URL": "mongodb://nowhere", "REDIS_URL": "redis://nowhere", "SMTP_URL": "smtp://nowhere"}
    environ = environment(tmp_path, ENVIRONMENT="production", MAIL_FROM="a@b.example", **secrets, **places)
    async with running(environ, SERVED, "failing") as served:
        assert await served.ended() == 1
    (line,) = [line for line in served.lines if "failing_work failed" in line]
    assert '"level": "ERROR", "process": "served"' in line
    assert "ValueError: the stream is gone" in line


@pytest.mark.parametrize("setting", ["API_PORT", "ADMIN_PORT"])
async def test_a_taken_port_is_one_line_that_names_the_setting(tmp_path: Path, setting: str) -> None:
    """Given a port in use, when a process is to listen on it, then one line says so and the code is 2."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with running(environment(tmp_path, **{setting: str(port)}), SERVED, "plain") as served:
            assert await served.ended() == 2
    assert f"Port {port} is taken by another program; stop it, or set {setting} to a free port." in served.lines
    assert "closed" in served.lines


async def test_a_setting_refused_by_the_factory_reaches_the_command_line(tmp_path: Path) -> None:
    """Given a factory that refuses a setting, then the error passes through unlogged."""
    async with running(environment(tmp_path), SERVED, "refused") as served:
        assert await served.ended() == 1
    assert served.lines == ["SECRET_KEY is wrong."]


async def test_a_signal_while_connecting_ends_the_process(tmp_path: Path) -> None:
    """Given a factory that waits for its database, when SIGTERM comes, then the process ends."""
    async with running(environment(tmp_path), SERVED, "opening") as served:
        await served.until("opening")
        served.process.send_signal(signal.SIGTERM)
        assert await served.ended() == 0
