"""A real Varnish before the hand-made origin, one for a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from edge.cdn.varnish import Varnish
from tests.edge.cdn.varnishes import Stand, varnish
from tests.edge.stand import Origin, served


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    """Start Varnish before a hand-made origin."""
    origin = Origin()
    origin.gate.set()
    async with (
        served(web.Server(origin.handle, access_log=None)) as (port, _),
        varnish(tmp_path_factory.mktemp("varnish"), port) as url,
        aiohttp.ClientSession(auto_decompress=False, headers={"Accept-Encoding": "identity"}) as session,
    ):
        yield Stand(url, origin, session)


@pytest.fixture
async def stand(running: Stand) -> Stand:
    """Give Varnish with nothing in it, and the origin as it was."""
    await Varnish(running.url).purge_everything(running.session)
    running.origin.asked.clear()
    running.origin.requests.clear()
    running.origin.gate.set()
    running.origin.tags = {"*", "Shelf", "Shelf:1"}
    running.origin.status, running.origin.headers = 200, {"ETag": '"one"'}
    running.origin.body = {"data": "one"}
    return running
