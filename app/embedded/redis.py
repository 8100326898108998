"""An embedded Redis, configured as production wants it: append-only file, and no eviction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as NoConnection

from app.embedded.binaries import Binary, find_redis_server
from app.embedded.service import HOST, EmbeddedService, poll


class EmbeddedRedis(EmbeddedService):
    """One redis-server on 127.0.0.1 below `data_dir`/redis."""

    name: ClassVar[str] = "redis"
    port_setting: ClassVar[str] = "REDIS_PORT"
    pid_file: ClassVar[str] = "redis.pid"

    @property
    def url(self) -> str:
        """The address, database 0."""
        return f"redis://{HOST}:{self.port}/0"

    def binary(self) -> Binary:
        """Find redis-server 6.2 or newer; raises NoBinaryError."""
        return find_redis_server(self.data_dir)

    def arguments(self) -> Sequence[str]:
        """Eviction is off: a stream entry or a rate limit that vanishes would be a fault, not a cache miss."""
        options = {
            "bind": HOST,
            "port": str(self.port),
            "dir": str(self.directory),
            "pidfile": str(self.directory / self.pid_file),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    async def wait_until_ready(self) -> None:
        """Wait until it answers, which is after the append-only file was read."""

        async def answers() -> bool:
            try:
                answer: Any = client.ping()  # typed for both kinds of client
                await answer
            except (NoConnection, BusyLoadingError):
                return False
            return True

        async with Redis(host=HOST, port=self.port) as client:
            await poll(answers)
