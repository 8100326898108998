"""An S3 to test against: moto's server, in a process of its own, and a look at what lies in it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import aiohttp
from aiobotocore.session import get_session  # type: ignore[import-untyped]  # published without types

from app.embedded.binaries import Binary
from app.embedded.ports import free_port
from app.embedded.service import HOST, EmbeddedService, poll
from storage.s3 import Bucket

REGION = "eu-south-2"
KEYS = ("AKIAEXAMPLE", "an-access-key-that-nobody-may-see")


class Moto(EmbeddedService):
    """Moto's server on 127.0.0.1; `async with` starts and stops it."""

    name: ClassVar[str] = "moto"
    port_setting: ClassVar[str] = "no setting"
    pid_file: ClassVar[str] = "moto.pid"

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://{HOST}:{self.port}"

    def binary(self) -> Binary:
        """Moto is a package of this Python."""
        return Binary(Path(sys.executable), sys.version_info[:3])

    def arguments(self) -> Sequence[str]:
        """Listen on the port."""
        return ["-m", "moto.server", "-H", HOST, "-p", str(self.port)]

    async def wait_until_ready(self) -> None:
        """Wait until it answers."""

        async def answers() -> bool:
            try:
                async with session.get(f"{self.url}/moto-api/"):
                    return True
            except aiohttp.ClientConnectionError:
                return False

        async with aiohttp.ClientSession() as session:
            await poll(answers)


@dataclass(frozen=True)
class S3:
    """A running S3, and a client that looks past the asset store."""

    url: str
    client: Any

    async def new_bucket(self) -> Bucket:
        """Make a bucket."""
        bucket = Bucket(name=uuid4().hex, endpoint=self.url, region=REGION, access_key=KEYS[0], secret_key=KEYS[1])
        where = {"LocationConstraint": REGION}
        await self.client.create_bucket(Bucket=bucket.name, CreateBucketConfiguration=where)
        return bucket

    async def kept(self, bucket: Bucket) -> list[str]:
        """List a bucket: its objects, and `key (unfinished)` for uploads that were neither finished nor aborted."""
        listed = await self.client.list_objects_v2(Bucket=bucket.name)
        unfinished = await self.client.list_multipart_uploads(Bucket=bucket.name)
        keys = [found["Key"] for found in listed.get("Contents", [])]
        return sorted([*keys, *(f"{found['Key']} (unfinished)" for found in unfinished.get("Uploads", []))])


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[S3]:
    """Start an S3 with its log below `folder`."""
    async with (
        Moto(folder, free_port()) as moto,
        get_session().create_client(
            "s3", REGION, endpoint_url=moto.url, aws_access_key_id=KEYS[0], aws_secret_access_key=KEYS[1]
        ) as client,
    ):
        yield S3(moto.url, client)
