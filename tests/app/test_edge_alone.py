"""The edge on its own, as a process: before any origin, with nothing else running."""

from __future__ import annotations

import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from app.__main__ import main
from app.embedded.ports import free_port
from tests.app.processes import environment, running
from tests.edge.stand import served


async def test_it_caches_before_any_origin(tmp_path: Path) -> None:
    """Given an origin of any kind, even with an admin port that is taken, then its pages come from memory."""

    async def page(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=request.path, headers={"Cache-Control": "max-age=60"})

    with socket.create_server(("127.0.0.1", 0)) as other:
        environ = environment(tmp_path, ADMIN_PORT=str(other.getsockname()[1]))
        async with served(web.Server(page, access_log=None)) as (port, _):
            address = f"127.0.0.1:{free_port()}"
            command = ["-m", "app", "edge", "--origin", f"http://127.0.0.1:{port}/", "--listen", address]
            async with running(environ, *command) as edge, aiohttp.ClientSession() as session:
                await edge.until("is up")
                assert "There are no metrics" in edge.text
                for source in ("edge; fwd=uri-miss; fwd-status=200; stored", "edge; hit; ttl="):
                    async with session.get(f"http://{address}/health/live") as response:
                        assert await response.text() == "/health/live"  # the origin's page, not one of ours
                        assert response.headers["Cache-Status"].startswith(source)


@pytest.mark.parametrize(
    "options",
    [
        ["--origin", "ftp://x"],
        ["--origin", "http://x/path"],
        ["--origin", "http://"],
        ["--origin", "x"],
        ["--listen", "8080"],
        ["--listen", "x:0"],
        ["--listen", "x:99999"],
        ["--listen", "x:http"],
    ],
)
def test_an_address_that_is_none_is_a_usage_error(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Given an address that is none, then one line names it and says what is expected, and the code is 2."""
    with pytest.raises(SystemExit, match="2"):
        main(["edge", *options])
    assert "expected" in capsys.readouterr().err.splitlines()[-1]


async def test_a_taken_port_names_the_option(tmp_path: Path) -> None:
    """Given a port in use, then one line says so and names the option."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        command = ["-m", "app", "edge", "--origin", "http://127.0.0.1:9", "--listen", address]
        async with running(environment(tmp_path), *command) as edge:
            assert await edge.ended() == 2
            assert "--listen" in edge.text
