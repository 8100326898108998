"""The asset store that keeps originals as objects of an S3 bucket: Amazon's, MinIO, R2, and others that speak S3.

Asset keys are object keys. An object is there whole or not at all: S3 shows it when a PUT is complete, or when the
parts of a multipart upload are put together.

- https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html: parts of at least 5 MiB but for the last;
  parts that no abort has removed stay, and are paid for, until a lifecycle rule removes them
- https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html: whoever has a presigned URL may use
  it again and again until it expires
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from types import TracebackType
from typing import Any, Self

from aiobotocore.config import AioConfig  # type: ignore[import-untyped]  # published without types
from aiobotocore.session import get_session  # type: ignore[import-untyped]  # likewise
from botocore.handlers import add_expect_header  # type: ignore[import-untyped]  # likewise

from storage.assets import AssetError, AssetKeyError, AssetTooLargeError, StoredAsset, check_key
from storage.cancellation import to_its_end
from storage.s3_errors import answering

PART_BYTES = 8 << 20
_STAGING = "staging"
_PROBE = f"{_STAGING}/check"
_CONNECT_SECONDS = 5
_ATTEMPTS = 3
_MOST_CONNECTIONS = 64  # so that a health check does not wait behind uploads


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket, and who asks for it. What is empty is found by botocore: in its files, or by asking the machine.

    `endpoint` is the address of an S3 that is not Amazon's, and `session_token` belongs to temporary credentials.
    """

    name: str
    endpoint: str = ""
    region: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


class S3AssetStore:
    """Originals as objects of one bucket.

    Checksums are those that every S3 checks: the SHA-256 of each body is part of its request's signature.
    """

    def __init__(self, client: Any, bucket: str, seconds: float) -> None:
        self._client, self._bucket, self._seconds = client, bucket, seconds

    @classmethod
    async def open(cls, bucket: Bucket, *, seconds: float = 20) -> Self:
        """Return the store; nothing is asked of S3 yet.

        `seconds` is how long S3 may be silent. A request is tried three times, and has thrice that time in all.

        Raises:
            AssetStoreError: the bucket's settings are of no use to botocore.

        """
        config = AioConfig(
            signature_version="s3v4",
            s3={"addressing_style": "path" if bucket.endpoint else "virtual"},  # "auto" signs for no region's address
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=seconds,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            request_checksum_calculation="when_required",  # the newer checksums are refused by some that speak S3
            response_checksum_validation="when_required",
            max_pool_connections=_MOST_CONNECTIONS,
        )
        async with answering(_ATTEMPTS * seconds):
            context = get_session().create_client(
                "s3",
                config=config,
                endpoint_url=bucket.endpoint or None,
                region_name=bucket.region or None,
                aws_access_key_id=bucket.access_key or None,
                aws_secret_access_key=bucket.secret_key or None,
                aws_session_token=bucket.session_token or None,
            )
            client = await context.__aenter__()  # `close` is its exit
        # With `Expect` aiohttp sends no body before a `100 Continue`, which a server need not send (RFC 9110, 10.1.1).
        client.meta.events.unregister("before-call.s3", add_expect_header)
        return cls(client, bucket.name, _ATTEMPTS * seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def write(self, key: str, chunks: AsyncIterator[bytes], *, limit: int) -> StoredAsset:
        """Store `chunks` under `key`, with at most two parts in memory; see `AssetStore.write`."""
        check_key(key)
        digest, size, buffer = hashlib.sha256(), 0, bytearray()
        async with _Upload(self, key) as upload:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise AssetTooLargeError(f"The file has more than {limit} bytes.")
                digest.update(chunk)
                buffer += chunk
                while len(buffer) > PART_BYTES:
                    await upload.send(buffer[:PART_BYTES])
                    del buffer[:PART_BYTES]
            await upload.finish(buffer)
        return StoredAsset(key, size, digest.hexdigest())

    async def read(self, key: str) -> bytes:
        """Return the content; see `AssetStore.read`."""
        check_key(key)
        async with answering(self._seconds):
            response = await self._client.get_object(Bucket=self._bucket, Key=key)
            async with response["Body"] as body:
                content: bytes = await body.read()
                return content

    async def size(self, key: str) -> int:
        """Return the size in bytes; see `AssetStore.size`."""
        check_key(key)
        return int((await self.ask("head_object", Key=key))["ContentLength"])

    async def copy(self, source: str, target: str) -> None:
        """Copy within S3. The content alone is copied: whoever uploaded to the source may have chosen its headers."""
        check_key(source)
        check_key(target)
        origin = {"Bucket": self._bucket, "Key": source}
        await self.ask("copy_object", Key=target, CopySource=origin, MetadataDirective="REPLACE")

    async def delete(self, key: str) -> None:
        """Delete the object; see `AssetStore.delete`."""
        check_key(key)
        await self.ask("delete_object", Key=key)

    async def check(self) -> None:
        """Put and delete an empty object; see `AssetStore.check`."""
        await self.ask("put_object", Key=_PROBE, Body=b"")
        await self.ask("delete_object", Key=_PROBE)

    async def presigned_put(self, key: str, *, seconds: int) -> str:
        """Return the address that takes an upload to a staging key; see `PresignedUploads.presigned_put`."""
        first, *rest = check_key(key)
        if first != _STAGING or not rest:
            raise AssetKeyError(f"Uploads go below {_STAGING}/ alone, since their addresses can be used again.")
        async with answering(self._seconds):
            asked = {"Bucket": self._bucket, "Key": key}
            return str(await self._client.generate_presigned_url("put_object", Params=asked, ExpiresIn=seconds))

    async def ask(self, operation: str, **parameters: object) -> dict[str, Any]:
        """Ask something of the bucket; raises AssetMissingError or AssetStoreError."""
        async with answering(self._seconds):
            answer: dict[str, Any] = await getattr(self._client, operation)(Bucket=self._bucket, **parameters)
            return answer


class _Upload:
    """An object on its way: put at once if it fits into one part, else in parts that `finish` makes an object of.

    An error inside its `async with` has S3 forget the parts. What a failing S3 does not forget then, a lifecycle rule
    of the bucket removes.
    """

    def __init__(self, store: S3AssetStore, key: str) -> None:
        self._store, self._key = store, key
        self._id: str | None = None
        self._parts: list[dict[str, object]] = []

    async def send(self, part: bytearray) -> None:
        """Send a part; one that is on its way when the write is cancelled arrives before the abort, not after it."""
        await to_its_end(self._send(part))

    async def finish(self, rest: bytearray) -> None:
        """Send what is left, and make the object visible."""
        if self._id is None:
            await self._store.ask("put_object", Key=self._key, Body=BytesIO(rest))
            return
        await self.send(rest)
        parts = {"Parts": self._parts}
        finished = self._store.ask("complete_multipart_upload", **self._named(), MultipartUpload=parts)
        await to_its_end(finished)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._id is not None:
            with suppress(AssetError):
                await to_its_end(self._store.ask("abort_multipart_upload", **self._named()))

    async def _send(self, part: bytearray) -> None:
        if self._id is None:
            self._id = str((await self._store.ask("create_multipart_upload", Key=self._key))["UploadId"])
        number = len(self._parts) + 1
        # a file, since aiohttp warns of bytes that are so many
        sent = await self._store.ask("upload_part", **self._named(), PartNumber=number, Body=BytesIO(part))
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _named(self) -> dict[str, object]:
        return {"Key": self._key, "UploadId": self._id}
