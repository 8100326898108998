"""The client of Redis under uvloop, whose transports refuse in their own way when they have closed."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from storage.redis_client import connect


def test_a_transport_that_closed_is_an_error_of_redis(redis_url: str) -> None:
    """Given a connection whose transport has closed, then that is a ConnectionError, and it connects again."""

    async def closed() -> None:
        async with connect(redis_url, retry=Retry(NoBackoff(), 0), max_connections=1) as redis:
            await redis.echo("a")
            connection = await redis.connection_pool.get_connection()  # type: ignore[no-untyped-call]  # untyped in the library
            connection._writer.transport.close()  # noqa: SLF001 - what a peer that resets does
            with pytest.raises(RedisConnectionError):
                await connection.send_command("PING", check_health=False)
            await redis.connection_pool.release(connection)
            assert await redis.echo("a") == b"a"

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(closed())


async def test_connecting_asks_for_nothing_that_an_old_redis_lacks(redis_url: str) -> None:
    """Given a Redis of before 7.2, then it is not told the library's name, which it would answer with an error."""
    async with connect(redis_url) as redis:
        await redis.config_resetstat()
        async with connect(redis_url) as other:
            assert await other.echo("a") == b"a"
        assert "cmdstat_client" not in await redis.info("commandstats")


@pytest.mark.parametrize("url", ["redis://h/1", "rediss://h:7", "unix:///run/redis.sock"])
def test_every_kind_of_address_has_its_kind_of_connection(url: str) -> None:
    """Given TCP, TLS or a socket in the file system, then the client tells its errors the same way."""
    kind = connect(url).connection_pool.connection_class
    assert kind.__module__ == "storage.redis_client"


def test_an_address_of_another_kind_is_refused() -> None:
    """Given another scheme, then a ValueError says which are known."""
    with pytest.raises(ValueError, match="redis://"):
        connect("http://h")
