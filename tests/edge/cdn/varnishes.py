"""Running a real Varnish with the configuration of this repository, and asking it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.embedded.leash import leashed
from app.embedded.ports import free_port
from tests.edge.stand import PUBLIC, Origin

VCL = Path(__file__).parents[3] / "edge" / "varnish" / "default.vcl"
VARNISHD = shutil.which("varnishd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PARAMETERS = ("-p", "http_resp_hdr_len=64k", "-p", "http_resp_size=96k", "-p", "workspace_backend=256k")
needed = pytest.mark.skipif(
    VARNISHD is None, reason="Varnish is not installed (Debian: apt-get install varnish varnish-modules)"
)


@dataclass
class Stand:
    """Varnish, the origin behind it, and a client."""

    url: str
    origin: Origin
    session: aiohttp.ClientSession

    async def get(self, query: str = "?variables=%7B%22first%22%3A1%7D", **headers: str) -> tuple[str, int, Any]:
        """Ask for the public operation: (Cache-Status, status, headers)."""
        return await self.ask("GET", f"/graphql/{PUBLIC}{query}", **headers)

    async def ask(self, method: str, path: str, **headers: str) -> tuple[str, int, Any]:
        """Ask for any path."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, f"{self.url}{path}", headers=named) as response:
            await response.read()
            return response.headers.get("Cache-Status", ""), response.status, response.headers

    def asked(self) -> int:
        """Return how often the origin was asked for the operation."""
        return self.origin.asked[f"GET /graphql/{PUBLIC}"]


@asynccontextmanager
async def varnish(
    folder: Path, behind: int, vcl: str | None = None, parameters: Sequence[str] = PARAMETERS
) -> AsyncIterator[str]:
    """Run Varnish before a port; yield its base URL."""
    assert VARNISHD is not None
    port = free_port()
    (folder / "default.vcl").write_text((vcl or VCL.read_text()).replace('"8000"', f'"{behind}"'))
    listen = ("-a", f"127.0.0.1:{port}", "-f", str(folder / "default.vcl"), "-n", str(folder / "work"))
    command = (VARNISHD, "-F", "-j", "none", *listen, "-s", "malloc,32m", *parameters)
    with (folder / "varnish.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*leashed(signal.SIGKILL, *command), stdout=log, stderr=log)
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    assert process.returncode is None, (folder / "varnish.log").read_text()
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    await writer.wait_closed()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
