"""The embedded services: started, killed, restarted, moved, and refused with a message that helps."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from app.embedded import EmbeddedMongoDB, EmbeddedRedis, EmbeddedServiceError, NoBinaryError, PortTakenError
from app.embedded.binaries import executable, find_mongod, find_redis_server, link_bundled, probe
from app.embedded.errors import StillRunningError
from app.embedded.ports import Listener, free_port, problem_of, require_free


async def write(url: str, value: int) -> None:
    """Insert a document in a transaction, which needs a replica set."""
    client: AsyncMongoClient[Mapping[str, Any]] = AsyncMongoClient(url)
    async with client, client.start_session() as session, await session.start_transaction():
        await client["kept"]["values"].insert_one({"_id": value}, session=session)


async def read(url: str) -> list[int]:
    """Return what `write` wrote."""
    client: AsyncMongoClient[Mapping[str, Any]] = AsyncMongoClient(url)
    async with client:
        return [document["_id"] async for document in client["kept"]["values"].find(sort={"_id": 1})]


async def test_mongodb_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """Given a write, when mongod is killed, restarted, and restarted on another port, then the write is there."""
    mongodb = EmbeddedMongoDB(tmp_path, free_port())
    await mongodb.start()
    try:
        await write(mongodb.url, 1)
        mongodb.kill()
        assert await mongodb.wait() == -9
        assert mongodb.pid is None

        await mongodb.start()
        await write(mongodb.url, 2)
        await mongodb.stop()

        mongodb.port = free_port()
        await mongodb.start()
        await write(mongodb.url, 3)
        assert await read(mongodb.url) == [1, 2, 3]
    finally:
        await mongodb.stop()
    assert (tmp_path / "log" / "mongod.log.1").exists()


async def test_redis_keeps_what_it_was_told(tmp_path: Path) -> None:
    """Given a synced write, when redis-server is killed and restarted, then it is there and nothing is evicted."""
    async with EmbeddedRedis(tmp_path, free_port()) as service:
        async with Redis.from_url(service.url, decode_responses=True) as client:
            await client.config_set("appendfsync", "always")
            await client.set("name", "Aljafería")
            assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
        service.kill()
        await service.wait()
        await service.start()
        async with Redis.from_url(service.url, decode_responses=True) as client:
            assert await client.get("name") == "Aljafería"


async def test_a_second_service_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Given a running service, when another is to start on its folder, then the message names the process."""
    async with EmbeddedRedis(tmp_path, free_port()) as service:
        with pytest.raises(StillRunningError, match=rf"process {service.pid}\b.*DATA_DIR"):
            await EmbeddedRedis(tmp_path, free_port()).wait_for_leftover(seconds=0.1)


async def test_a_pid_file_of_another_life_is_ignored(tmp_path: Path) -> None:
    """Given a pid file whose number now belongs to another program, when the service starts, then it starts."""
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "redis.pid").write_text(str(os.getpid()))
    async with EmbeddedRedis(tmp_path, free_port()) as service:
        assert service.running


@pytest.mark.parametrize("kind", [EmbeddedMongoDB, EmbeddedRedis])
async def test_a_taken_port_names_its_setting(tmp_path: Path, kind: type[EmbeddedMongoDB | EmbeddedRedis]) -> None:
    """Given a port in use, when a service is to listen on it, then the error names the port and the setting."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        service = kind(tmp_path, other.getsockname()[1])
        with pytest.raises(PortTakenError, match=rf"Port {service.port} is taken.*{kind.port_setting}"):
            await service.start()
    assert not service.running


async def test_a_service_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    """Given data that cannot be read, when the service starts, then the error shows why and names the log."""
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").write_text("*broken\r\n" * 10)
    service = EmbeddedRedis(tmp_path, free_port())
    with pytest.raises(EmbeddedServiceError, match=r"(?s)ended with code 1.*redis\.log.*Bad file format"):
        await service.start()
    with pytest.raises(EmbeddedServiceError, match="was not started"):
        await service.wait()


def test_ports_that_cannot_be_listened_on() -> None:
    """Given two settings with one port, and an address of another machine, then each is named."""
    port = free_port()
    with pytest.raises(PortTakenError, match=f"EDGE_PORT and API_PORT both mean port {port}"):
        require_free([Listener("127.0.0.1", port, "EDGE_PORT"), Listener("127.0.0.1", port, "API_PORT")])
    assert "set EDGE_PORT or the host" in (problem_of(Listener("192.0.2.1", port, "EDGE_PORT")) or "")


def test_mongod_runs_with_the_bundled_libcurl(tmp_path: Path) -> None:
    """Given a machine that has no libcurl, when the wheel's is linked, then mongod finds it and says its version.

    The linker prefers LD_LIBRARY_PATH to the system's own folders, so this is the bundled one on any machine.
    """
    environment = link_bundled("libcurl.so.4", tmp_path)
    assert (tmp_path / "libcurl.so.4").resolve().parent.name == "pycurl.libs"
    assert environment["LD_LIBRARY_PATH"].split(":")[0] == str(tmp_path)
    traced = {"LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": str(tmp_path / "linker"), **environment}
    script = tmp_path / "mongod"
    exports = " ".join(f"{name}={value!r}" for name, value in traced.items())
    script.write_text(f'#!/bin/sh\n{exports} exec "{find_mongod(tmp_path).path}" "$@"\n')
    assert probe(executable(script, tmp_path), tmp_path).version >= (6, 0)
    trace = "".join(file.read_text() for file in tmp_path.glob("linker.*"))
    assert f"calling init: {tmp_path}/libcurl.so.4" in trace


def test_a_library_that_nothing_brings_is_named(tmp_path: Path) -> None:
    """Given a program that asks for an unknown library, then the error names it and the Debian package of libcurl."""
    program = tmp_path / "mongod"
    program.write_text(
        "#!/bin/sh\necho 'error while loading shared libraries: libodd.so.9: cannot open' >&2; exit 127\n"
    )
    with pytest.raises(NoBinaryError, match=r"libodd\.so\.9 is missing.*libcurl4"):
        probe(executable(program, tmp_path), tmp_path / "lib")


def test_an_old_mongod_on_the_path_is_passed_over(tmp_path: Path) -> None:
    """Given mongod 4.4 on the PATH, then the wheel's is used; given 7.0, then that one."""
    program = tmp_path / "mongod"
    for version, used in (("4.4.29", False), ("7.0.14", True)):
        program.write_text(f"#!/bin/sh\necho 'db version v{version}'\n")
        program.chmod(0o755)
        assert (find_mongod(tmp_path, path=str(tmp_path)).path == program) is used


def test_a_program_that_says_nothing_is_passed_over(tmp_path: Path) -> None:
    """Given a redis-server that does not run, then the wheel's is used."""
    program = tmp_path / "redis-server"
    program.write_text("no program at all")
    program.chmod(0o755)
    assert find_redis_server(tmp_path, path=str(tmp_path)).version >= (6, 2)
