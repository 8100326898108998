"""Fixtures that need more than Python: Node with the reference clients, and a browser."""

from __future__ import annotations

import shutil

import pytest

from tests.web.node import NodeClients, install


@pytest.fixture(scope="session")
def node_clients() -> NodeClients:
    """Give the reference clients of GraphQL over HTTP, WebSocket and SSE."""
    return install()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of an installed Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("chromium is not installed: this opens the GraphiQL page in a real browser")
