"""A client of Redis whose every failure to reach Redis is an error of Redis.

uvloop refuses to write to a transport that has closed meanwhile with a RuntimeError, which the client passes on as it
is: whoever waits for a Redis that went away and tries again would take it for a mistake of its own, and end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis.asyncio import Connection, Redis
from redis.asyncio.connection import AbstractConnection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError


class _Telling(AbstractConnection):
    """A connection that tells what it is when it has closed."""

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - the library's own signature
        """Send; raises redis.ConnectionError also where the transport has closed since."""
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise RedisConnectionError(str(error)) from error


class _Tcp(_Telling, Connection):
    pass


class _Tls(_Telling, SSLConnection):
    pass


class _Unix(_Telling, UnixDomainSocketConnection):
    pass


_KINDS = {Connection: _Tcp, SSLConnection: _Tls, UnixDomainSocketConnection: _Unix}


def connect(url: str, **options: Any) -> Redis:
    """Return a client for `redis://`, `rediss://` or `unix://`; `options` are the library's own. Raises ValueError.

    It does not tell Redis the library's name: one before 7.2 answers that with an error, and who listens hears it.
    """
    pool = ConnectionPool.from_url(url, **{"driver_info": None, **options})
    pool.connection_class = _KINDS[pool.connection_class]
    return Redis.from_pool(pool)
