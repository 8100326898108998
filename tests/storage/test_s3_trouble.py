"""The asset store in S3 when S3 fails, is silent, or is left in the middle of an upload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.embedded.ports import free_port
from storage.assets import AssetError, AssetMissingError, AssetStoreError
from storage.s3 import PART_BYTES, Bucket, S3AssetStore
from tests.s3 import KEYS, S3
from tests.storage.contents import LIMIT, MEBIBYTE, chunks
from tests.storage.hand_made_s3 import cut_off, hand_made, opened, refusing

LARGE = 1 << 30
TWO_PARTS = [MEBIBYTE] * 12


async def failure(store: S3AssetStore, bucket: Bucket) -> str:
    """Return what every operation says that cannot be done; it is one thing, and shows no secret and no address."""
    said = set()
    for work in (
        store.read("k"),
        store.copy("k", "l"),
        store.delete("k"),
        store.check(),
        store.write("k", chunks(b"x"), limit=LIMIT),
        store.write("k", chunks(*TWO_PARTS), limit=LARGE),
    ):
        with pytest.raises(AssetStoreError) as caught:
            await work
        said.add(str(caught.value))
    message = said.pop()
    assert not said
    for hidden in (*KEYS, bucket.endpoint or "http", "nobody shall read"):
        assert hidden not in message
    return message


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("AccessDenied", 403, "may not do this"),
        ("InvalidAccessKeyId", 403, "AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", 403, "AWS_SECRET_ACCESS_KEY"),
        ("ExpiredToken", 400, "AWS_SESSION_TOKEN"),
        ("AuthorizationHeaderMalformed", 400, "ASSETS_REGION"),
        ("RequestTimeTooSkewed", 403, "clock"),
        ("NoSuchBucket", 404, "ASSETS_BUCKET"),
        ("NotImplemented", 501, "NotImplemented"),
    ],
)
async def test_a_refusal_says_what_to_look_at(code: str, status: int, words: str) -> None:
    """S3's code is named, with the setting behind it; what S3 says besides is not passed on."""
    async with hand_made() as (store, s3):
        s3.answers = dict.fromkeys(("GET", "PUT", "DELETE", "create"), refusing(code, status))
        message = await failure(store, Bucket(name="pictures"))
    assert code in message
    assert words in message


@pytest.mark.parametrize(
    ("status", "kind", "words"), [(403, AssetStoreError, "may not do this"), (404, AssetMissingError, "no such asset")]
)
async def test_a_refusal_without_a_body_is_known_by_its_status(status: int, kind: type[AssetError], words: str) -> None:
    """The answer to HEAD has no body that could name a code."""
    async with hand_made() as (store, s3):
        s3.answers["HEAD"] = refusing("", status)
        with pytest.raises(kind, match=words):
            await store.size("k")


async def test_a_bucket_that_is_not_there_is_no_missing_asset(s3: S3) -> None:
    """Given a wrong ASSETS_BUCKET, then the store is in trouble."""
    bucket = replace(await s3.new_bucket(), name="not-there")
    async with opened(bucket) as store:
        assert "ASSETS_BUCKET" in await failure(store, bucket)


async def test_a_bucket_that_cannot_be_is_named(s3: S3) -> None:
    """Given an ASSETS_BUCKET that no bucket can be called, then the message names the setting."""
    bucket = replace(await s3.new_bucket(), name="no such/name")
    async with opened(bucket) as store:
        assert "ASSETS_BUCKET" in await failure(store, bucket)


async def test_a_passing_failure_is_not_noticed() -> None:
    """Given an S3 that is overloaded for a moment, then it is asked again, with the same body."""
    async with hand_made() as (store, s3):
        s3.answers["PUT"] = refusing("SlowDown", 503, times=1)
        await store.write("k", chunks(b"x"), limit=LIMIT)
    assert [asked.body for asked in s3.asked] == [b"x", b"x"]


async def test_a_lasting_failure_is_told_after_three_attempts() -> None:
    """Given an S3 that stays overloaded, then that is said."""
    async with hand_made() as (store, s3):
        s3.answers["GET"] = refusing("SlowDown", 503)
        with pytest.raises(AssetStoreError, match="SlowDown"):
            await store.read("k")
    assert s3.steps == ["GET"] * 3


async def test_nobody_there_is_the_stores_trouble() -> None:
    """Given an endpoint where nothing listens, then the message names the setting."""
    bucket = Bucket(name="pictures", endpoint=f"http://127.0.0.1:{free_port()}", access_key="a", secret_key="s")
    async with opened(bucket) as store:
        with pytest.raises(AssetStoreError, match="ASSETS_ENDPOINT"):
            await store.check()


@pytest.mark.parametrize("step", ["GET", "PUT"])
async def test_a_silent_s3_is_given_up(step: str) -> None:
    """Given an S3 that takes requests and does not answer, then waiting ends."""
    async with hand_made(seconds=0.1) as (store, s3), asyncio.timeout(10):
        s3.slow = step
        work = store.read("k") if step == "GET" else store.check()
        with pytest.raises(AssetStoreError, match=r"did not answer|broke off"):
            await work


async def test_an_s3_that_does_not_take_the_body_is_given_up() -> None:
    """Given a server that reads nothing of an upload, which has no time-out in the HTTP client, then waiting ends."""
    done = asyncio.Event()

    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        port = server.sockets[0].getsockname()[1]
        bucket = Bucket(name="pictures", endpoint=f"http://127.0.0.1:{port}", access_key="a", secret_key="s")
        async with opened(bucket, seconds=0.1) as store:
            with pytest.raises(AssetStoreError, match=r"did not answer within 0\.3 s"):
                await store.write("k", chunks(MEBIBYTE), limit=LIMIT)
        done.set()


async def test_half_an_answer_is_no_asset() -> None:
    """Given a connection that ends in the middle of the content, then nothing is returned of it."""
    async with hand_made() as (store, s3):
        s3.answers["GET"] = cut_off
        with pytest.raises(AssetStoreError, match="broke off"):
            await store.read("k")


async def test_credentials_that_nobody_has_are_asked_for(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given no credentials anywhere, then the message names the settings."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = replace(await s3.new_bucket(), access_key="", secret_key="")
    async with opened(bucket) as store:
        assert "set AWS_ACCESS_KEY_ID" in await failure(store, bucket)
        with pytest.raises(AssetStoreError, match="set AWS_ACCESS_KEY_ID"):
            await store.presigned_put("staging/abc", seconds=600)


async def test_half_of_the_credentials_does_not_open() -> None:
    """Given a key without its secret, then the store is not opened."""
    with pytest.raises(AssetStoreError, match="AWS_SECRET_ACCESS_KEY"):
        await S3AssetStore.open(Bucket(name="pictures", access_key="alone"))


@pytest.mark.parametrize("step", ["part 2", "complete"])
async def test_a_part_that_s3_refuses_takes_the_others_with_it(step: str) -> None:
    """Given an upload that fails late, then S3 is told to forget it, and the failure is what is raised."""
    async with hand_made() as (store, s3):
        s3.answers = {step: refusing("InvalidPart", 400), "abort": refusing("AccessDenied", 403)}
        with pytest.raises(AssetStoreError, match="InvalidPart"):
            await store.write("k", chunks(*TWO_PARTS), limit=LARGE)
    assert s3.steps[-2:] == [step, "abort"]


@pytest.mark.parametrize("step", ["create", "part 1", "part 2", "complete"])
async def test_a_write_that_is_cancelled_while_s3_works_is_aborted_after_it(step: str) -> None:
    """Given a cancellation while S3 works, then its answer is waited for, so that nothing comes after the abort."""
    async with hand_made() as (store, s3):
        s3.slow = step
        task = asyncio.create_task(store.write("k", chunks(*TWO_PARTS), limit=LARGE))
        await s3.reached.wait()
        task.cancel()
        await store.delete("another")  # an abort that did not wait would come before this
        assert s3.steps[-2:] == [step, "DELETE"]
        s3.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert s3.steps[-1] == "abort"


async def test_a_write_that_is_cancelled_while_its_source_is_slow_is_aborted() -> None:
    """Given a cancellation while the client sends nothing, then the part that S3 has is forgotten."""
    waiting = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * (PART_BYTES + 1)
        waiting.set()
        await asyncio.Event().wait()

    async with hand_made() as (store, s3):
        task = asyncio.create_task(store.write("k", slow(), limit=LARGE))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert s3.steps == ["create", "part 1", "abort"]
