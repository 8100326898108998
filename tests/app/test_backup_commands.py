"""`python -m app backup` and `restore`, as an operator runs them: beside a platform, and where nothing runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from app.backup.restoring import examine
from app.embedded import EmbeddedMongoDB, EmbeddedRedis
from app.run_lock import RunLock
from tests.app.processes import environment, running
from tests.platform import Platform


async def command(environ: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """Run a command to its end: (exit code, what it said)."""
    async with running(environ, "-m", "app", *arguments) as process:
        return await process.ended(), process.text


@asynccontextmanager
async def at_work(environ: Mapping[str, str]) -> AsyncIterator[None]:
    """Have embedded services run, and the folder be locked, as under `run`."""
    folder = Path(environ["DATA_DIR"])
    async with AsyncExitStack() as stack:
        stack.enter_context(RunLock(folder))
        for service in (EmbeddedMongoDB, EmbeddedRedis):
            await stack.enter_async_context(service(folder, int(environ[service.port_setting])))
        yield


@pytest.fixture
async def backup(platform: Platform, tmp_path: Path) -> str:
    """Take a backup of the running platform, by the command."""
    await (await platform.user("Ana")).organization()
    settings, folder = platform.settings, str(tmp_path / "backup")
    named = {"MONGODB_URL": settings.mongodb_url or "", "MONGODB_DATABASE": settings.mongodb_database}
    named |= {"REDIS_URL": settings.redis_url or "", "DATA_DIR": str(settings.data_dir)}
    code, said = await command(environment(tmp_path) | named, "backup", folder)
    assert (code, "documents" in said) == (0, True), said
    return folder


async def test_a_platform_moves_to_another_machine(backup: str, tmp_path: Path) -> None:
    """Given a backup, then where nothing runs it is put back, by embedded services that run for as long as it takes."""
    there = environment(tmp_path / "there")
    assert await command(there, "restore", "--check", backup) == (0, f"{backup} is whole: {_told(backup)}.")
    code, said = await command(there, "restore", backup)
    assert (code, "the platform can be started" in said) == (0, True), said
    code, said = await command(there, "restore", backup)
    assert (code, "has documents" in said) == (1, True), said
    again = str(tmp_path / "again")
    assert (await command(there, "backup", "--without-assets", again))[0] == 0
    theirs, ours = examine(Path(again)).files, examine(Path(backup)).files
    assert theirs["collections/users.bson"] == ours["collections/users.bson"]


def _told(folder: str) -> str:
    found = examine(Path(folder))
    return f"{len(found.files)} files, as of {found.made_at}"


async def test_beside_run_a_backup_is_taken_and_nothing_is_restored(backup: str, tmp_path: Path) -> None:
    """Given a `run` at work on the folder, then its services are asked, and restoring is refused: it would be lost."""
    there = environment(tmp_path / "there")
    async with at_work(there):
        assert (await command(there, "backup", str(tmp_path / "beside")))[0] == 0
        code, said = await command(there, "restore", backup)
        assert (code, "already works on" in said) == (1, True), said


async def test_what_cannot_be_done_is_said_in_one_line(backup: str, tmp_path: Path) -> None:
    """Given a folder that exists, or one that is no backup, then the command says so and ends with 1."""
    there = environment(tmp_path / "there")
    assert await command(there, "backup", backup) == (
        1,
        f"There is no backup: {backup} exists; a backup is written into a folder of its own.",
    )
    code, said = await command(there, "restore", "--check", str(tmp_path))
    assert (code, said) == (
        1,
        f"Nothing is restored: {tmp_path} is no backup: it has no manifest.json that can be read.",
    )
