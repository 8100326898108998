"""The four processes of the platform as `run` starts them: names, ports, commands, environment."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from app.embedded.ports import Listener
from app.settings import Settings

NAMES = ("api", "edge", "images", "relay")
"""In the order of their admin ports, counted up from `ADMIN_PORT`."""

STOP_ORDER = ("relay", "edge", "images", "api")
"""From the front to the back, so that what is in flight at the edge still finds its origin."""

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - listened on by choice, asked on loopback


@dataclass(frozen=True)
class Program:
    """One child process: how it is started and where it says that it is ready."""

    name: str
    command: tuple[str, ...]
    admin_port: int
    ready_url: str


def programs(settings: Settings) -> tuple[Program, ...]:
    """Return the platform's processes."""
    return tuple(
        Program(
            name,
            (sys.executable, "-m", "app", name),
            admin_port(settings, name),
            f"{admin_url(settings, name)}/health/ready",
        )
        for name in NAMES
    )


def admin_port(settings: Settings, name: str) -> int:
    """Return the admin port of a process that `run` started."""
    return settings.admin_port + NAMES.index(name)


def admin_url(settings: Settings, name: str) -> str:
    """Return where a process's `/metrics` and `/health/ready` are, without a slash at the end."""
    host = _ANY_ADDRESS.get(settings.admin_host, settings.admin_host)
    return f"http://{f'[{host}]' if ':' in host else host}:{admin_port(settings, name)}"


def listeners(settings: Settings) -> list[Listener]:
    """Return every port the four processes listen on, with the setting that changes it."""
    sites = [("EDGE_PORT", settings.edge_port), ("API_PORT", settings.api_port), ("IMAGES_PORT", settings.images_port)]
    base = f"ADMIN_PORT (the first of {len(NAMES)} in a row, now {settings.admin_port})"
    return [
        *(Listener(settings.host, port, setting) for setting, port in sites),
        *(Listener(settings.admin_host, admin_port(settings, name), base) for name in NAMES),
    ]
