"""The client core, compiled."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.app.processes import ROOT
from tests.web.node import NodeClients, installed


@pytest.fixture(scope="session")
def client_core() -> NodeClients:
    """Give the core and its programs, as they are now, in a folder where they are compiled."""
    node, folder = installed(ROOT / "web" / "collab")
    core = NodeClients(node, folder)
    npm_run(core, "build")
    return core


def npm_run(core: NodeClients, script: str) -> None:
    """Run a script of the core's package; fails with what it said."""
    there = {"SCHEMA": str(ROOT / "schema.graphql"), "OPERATIONS": str(ROOT / "edge" / "operations" / "collab")}
    run = subprocess.run(
        ["npm", "run", "--silent", script],  # noqa: S607 - found where the packages were installed with it
        cwd=core.folder,
        env={**os.environ, **there},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"npm run {script}:\n{run.stdout}{run.stderr}"
