"""Reading originals from servers that send too much, too little, too slowly, or something else."""

from __future__ import annotations

import gzip
import ssl
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from tempfile import NamedTemporaryFile

import brotli
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.images.servers import (
    LARGEST_BYTES,
    LOOPBACK,
    PHOTO,
    Handler,
    answer,
    door,
    failure,
    raw,
    reading,
    serving,
    sources,
)
from workers.images.errors import (
    DeadlineError,
    SourceTroubleError,
    TooLargeError,
)


def _endless(encoding: str, first: bytes, rest: bytes) -> Handler:
    """Return a handler that sends for as long as anybody reads."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": encoding})
        await response.prepare(request)
        await response.write(first)
        while True:
            await response.write(rest)

    return handle


def _self_signed() -> ssl.SSLContext:
    """Return what a server for `localhost` needs, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    signed = builder.sign(key, hashes.SHA256())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with NamedTemporaryFile() as file:  # what `load_cert_chain` reads
        file.write(signed.public_bytes(Encoding.PEM))
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def _read_raw(answer: bytes, *, stays: bool = False, seconds: float = 10) -> bytes:
    async with (
        raw(answer, stays=stays) as origin,
        sources(origins=[origin], allowed_networks=LOOPBACK, seconds=seconds) as reader,
    ):
        return await reader.read(f"{origin}/photo?signature=secret")


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
async def test_a_bomb_is_refused(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """What counts are the bytes after decoding; sent they are few enough."""
    bomb = pack(bytes(LARGEST_BYTES << 4))
    assert len(bomb) < LARGEST_BYTES
    async with reading(web.get("/photo", answer(body=bomb, Content_Encoding=encoding))) as (origin, reader):
        assert type(await failure(reader, f"{origin}/photo")) is TooLargeError


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_body_without_end_is_left(encoding: str) -> None:
    """As soon as it is too large: it is not read to its end, since it has none."""
    first = rest = bytes(1 << 16)
    if encoding == "gzip":
        packing = zlib.compressobj(wbits=31)
        first, rest = (packing.compress(bytes(1 << 16)) + packing.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    async with reading(web.get("/photo", _endless(encoding, first, rest))) as (origin, reader):
        assert type(await failure(reader, f"{origin}/photo")) is TooLargeError


async def test_a_length_that_is_too_large_is_refused_at_once() -> None:
    """Before anything of the body has come."""
    with pytest.raises(TooLargeError):
        await _read_raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BYTES + 1), stays=True)


async def test_a_length_that_lies_harms_nobody() -> None:
    """Less than was promised is trouble, and so is more."""
    for length in (b"1000", b"3"):
        with pytest.raises(SourceTroubleError, match="broke off"):
            await _read_raw(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nshort")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nsecret",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * (1 << 17) + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_server_that_does_not_speak_http_is_a_502(answer: bytes) -> None:
    """Whatever it does instead, and nothing of it is repeated."""
    with pytest.raises(SourceTroubleError) as caught:
        await _read_raw(answer)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
async def test_a_server_that_stops_is_given_up(answer: bytes) -> None:
    """Before its answer, in the headers, or in the body."""
    with pytest.raises(DeadlineError, match="took too long"):
        await _read_raw(answer, stays=True, seconds=0.1)


async def test_a_server_that_a_redirect_leads_to_has_no_longer() -> None:
    """The time is for both."""
    async with (
        raw(b"", stays=True) as silent,
        serving(web.get("/photo", answer(302, Location=silent))) as origin,
        sources(origins=[origin, silent], allowed_networks=LOOPBACK, seconds=0.2) as reader,
    ):
        assert type(await failure(reader, f"{origin}/photo")) is DeadlineError


async def test_a_server_that_is_down_is_a_502() -> None:
    """So is a name that does not exist, and a server without TLS where TLS was asked for."""
    async with door() as listener:
        closed = f"http://127.0.0.1:{listener.port}"
    async with serving(web.get("/photo", answer())) as plain:
        origins = [closed, "http://no-such-host.invalid", plain.replace("http:", "https:")]
        async with sources(origins=origins, allowed_networks=LOOPBACK) as reader:
            for origin in origins:
                error = await failure(reader, f"{origin}/photo")
                assert type(error) is SourceTroubleError
                assert (error.status, str(error)) == (502, "The original's server cannot be reached.")


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    """The server never sees the request, nor the signature in it."""
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(body=PHOTO)

    async with serving(web.get("/photo", handle), certificate=_self_signed()) as server:
        origin = server.replace("127.0.0.1", "localhost")
        async with sources(origins=[origin], allowed_networks=LOOPBACK) as reader:
            error = await failure(reader, f"{origin}/photo?signature=secret")
    assert origin.startswith("https:")
    assert (type(error), str(error)) == (SourceTroubleError, "The original's server cannot be reached.")
    assert seen == []
