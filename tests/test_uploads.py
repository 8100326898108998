"""Uploads: bytes become a picture, once, whatever is sent, however often, and wherever it breaks off."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from models.asset import UPLOAD_LIMIT
from schema import ids
from storage.assets import AssetMissingError
from tests.images.samples import animation, jpeg, png
from tests.images.stand import chunks
from tests.platform import Json, Platform, User, another_api
from tests.test_asset import begin, picture, put, uploaded


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who takes pictures."""
    return await platform.user()


@pytest.fixture(scope="module")
async def organization(ana: User) -> str:
    """Found an organization for the pictures."""
    return await ana.organization()


async def test_the_same_content_is_the_same_picture(platform: Platform, ana: User, organization: str) -> None:
    """Completing again, at once or later, and uploading the same bytes again give one asset; others have their own."""
    data = jpeg(300, 200)
    upload = await uploaded(ana, organization, data)
    both = await asyncio.gather(*(ana.by_id("completeAssetUpload", "Asset", upload) for _ in range(3)))
    assert both == [both[0]] * 3
    assert both[0]["__typename"] == "Asset"
    assert await ana.by_id("completeAssetUpload", "Asset", upload) == both[0]
    assert await picture(ana, organization, data) == both[0]
    other = await picture(ana, await ana.organization(), data)
    assert other["__typename"] == "Asset"
    assert other["id"] != both[0]["id"]


async def test_an_upload_is_for_one_picture(platform: Platform, ana: User, organization: str) -> None:
    """Until it is completed bytes may be sent again; afterwards, or when it has expired, they may not."""
    upload = await begin(ana, organization)
    early = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert (early["__typename"], early["path"]) == ("InvalidInput", ["id"])
    assert "PUT" in early["message"]
    for data in (jpeg(50, 40), jpeg(60, 40)):
        assert (await put(platform, upload["url"], data))[0] == 200
    made = await ana.by_id("completeAssetUpload", "Asset", upload["id"], "width")
    assert made["width"] == 60
    status, answer = await put(platform, upload["url"], jpeg(70, 40))
    assert (status, answer["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")
    expired = await begin(ana, organization)
    await platform.database.handle["uploads"].update_one(
        {"_id": ids.key(expired["id"], "Upload")}, {"$set": {"expires_at": datetime.now(UTC)}}
    )
    assert (await put(platform, expired["url"], jpeg(50, 40)))[0] == 404
    for token in ("nonsense", upload["url"].rsplit("/", 1)[1][:-1] + "x"):
        assert (await put(platform, f"{platform.edge}/uploads/{token}", b"x"))[0] == 404


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"PK\x03\x04" + bytes(5000), "a ZIP archive"),
        (b"%PDF-1.7\n" + bytes(5000), "a PDF document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "a HEIC picture"),
        (b"hello", "text"),
    ],
)
async def test_what_is_no_picture_is_refused(
    platform: Platform, ana: User, organization: str, data: bytes, words: str
) -> None:
    """As soon as it comes, with what it is; and nothing is kept of it. What went past us is refused at the end."""
    upload = await begin(ana, organization)
    status, answer = await put(platform, upload["url"], data)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert words in answer["errors"][0]["message"]
    nothing = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert "nothing was uploaded" in nothing["message"]
    await platform.store.write(f"staging/{ids.key(upload['id'], 'Upload')}", chunks(data), limit=len(data))
    refused = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["id"])
    assert words in refused["message"]


@pytest.mark.parametrize(
    "data", [b"GIF89a but not really", jpeg(400, 300)[:2000], png(8, 8)[:40], animation("gif")[:-200]]
)
async def test_what_is_broken_is_refused(platform: Platform, ana: User, organization: str, data: bytes) -> None:
    """When it is looked at, at the end; it can be sent again."""
    upload = await begin(ana, organization)
    assert (await put(platform, upload["url"], data))[0] == 200
    refused = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["id"])
    assert "broken" in refused["message"]
    assert (await put(platform, upload["url"], jpeg(31, 30)))[0] == 200
    assert (await ana.by_id("completeAssetUpload", "Asset", upload["id"], "width"))["width"] == 31


@pytest.mark.parametrize("declared", ["image/png", "image/webp"])
async def test_what_is_another_type_than_it_says_is_refused(
    platform: Platform, ana: User, organization: str, declared: str
) -> None:
    """Whether its sender says so with the request, or said so before; a type of no picture says nothing."""
    data = jpeg(52, 40)
    upload = await begin(ana, organization)
    async with platform.session.put(upload["url"], data=data, headers={"Content-Type": declared}) as response:
        assert response.status == 415
        assert f"said to be '{declared}', but is 'image/jpeg'" in await response.text()
    for fine in ("image/jpeg", "image/jpg", "application/octet-stream", "text/plain"):
        async with platform.session.put(upload["url"], data=data, headers={"Content-Type": fine}) as response:
            assert response.status == 200
    said = await begin(ana, organization, mediaType=declared)
    assert (await put(platform, said["url"], data))[0] == 415
    await platform.store.write(f"staging/{ids.key(said['id'], 'Upload')}", chunks(data), limit=len(data))
    refused = await ana.by_id("completeAssetUpload", "Asset", said["id"])
    assert "said to be" in refused["message"]
    wrong = await begin(ana, organization, mediaType="image/tiff")
    assert (wrong["__typename"], wrong["path"]) == ("InvalidInput", ["input", "mediaType"])


async def test_what_is_there_need_not_be_sent(platform: Platform, ana: User, organization: str) -> None:
    """Given a picture's hash, then it comes back at once; elsewhere, or with other bytes, it is not known."""
    data = jpeg(333, 222, orientation=6)
    digest = sha256(data).hexdigest()
    first = await begin(ana, organization, "id url asset { id }", sha256=digest)
    assert first["asset"] is None
    assert (await put(platform, first["url"], data))[0] == 200
    made = await ana.by_id("completeAssetUpload", "Asset", first["id"])
    again = await begin(ana, organization, "id url asset { id }", sha256=digest)
    assert again["asset"] == {"id": made["id"]}
    assert (await ana.by_id("completeAssetUpload", "Asset", again["id"]))["id"] == made["id"]
    assert (await put(platform, again["url"], data))[0] == 404
    other = await begin(ana, await ana.organization(), "asset { id }", sha256=digest)
    assert other["asset"] is None
    wrong = await begin(ana, organization, sha256="abc")
    assert (wrong["__typename"], wrong["path"]) == ("InvalidInput", ["input", "sha256"])


async def test_bytes_that_were_damaged_on_the_way_are_refused(platform: Platform, ana: User, organization: str) -> None:
    """They have another hash than was announced, and can be sent again."""
    data = jpeg(81, 80)
    upload = await begin(ana, organization, sha256=sha256(data).hexdigest())
    assert (await put(platform, upload["url"], jpeg(82, 80)))[0] == 200
    refused = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["id"])
    assert "another SHA-256" in refused["message"]
    assert (await put(platform, upload["url"], data))[0] == 200
    assert (await ana.by_id("completeAssetUpload", "Asset", upload["id"], "width"))["width"] == 81


async def test_what_is_too_large_is_refused(platform: Platform, ana: User, organization: str) -> None:
    """By its announced length, long before all of it is sent."""
    upload = await begin(ana, organization)
    address = urlsplit(upload["url"])
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"PUT {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {UPLOAD_LIMIT + 1}\r\n\r\n"
    try:
        writer.write(head.encode() + b"x" * 1000)
        async with asyncio.timeout(10):
            assert b" 413 " in await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


async def staged(platform: Platform, upload: Json, data: bytes) -> str:
    """Put bytes where a store's own address would have put them; return the key."""
    key = f"staging/{ids.key(upload['id'], 'Upload')}"
    await platform.store.write(key, chunks(data), limit=len(data))
    return key


async def test_the_type_is_that_of_request_and_permission(platform: Platform, ana: User, organization: str) -> None:
    """What the request says counts beside what was said before; bytes of any type say nothing."""
    upload = await begin(ana, organization, mediaType="image/jpeg")
    async with platform.session.put(
        upload["url"], data=jpeg(31, 32), headers={"Content-Type": "image/png"}
    ) as response:
        assert response.status == 415
    anything = await begin(ana, organization, mediaType="application/octet-stream")
    assert (await put(platform, anything["url"], jpeg(31, 32)))[0] == 200


async def test_a_known_picture_of_another_type_than_was_said_is_refused(
    platform: Platform, ana: User, organization: str
) -> None:
    """It is not answered for its hash, and refused at the end."""
    data = jpeg(33, 32)
    await picture(ana, organization, data)
    said = {"mediaType": "image/png", "sha256": sha256(data).hexdigest()}
    upload = await begin(ana, organization, "id url asset { id }", **said)
    assert upload["asset"] is None
    await staged(platform, upload, data)
    refused = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert "said to be image/png, but is image/jpeg" in refused["message"]


async def test_pictures_are_known_by_what_was_sent_and_by_what_is_kept(
    platform: Platform, ana: User, organization: str
) -> None:
    """Given one from before hashes of what was sent were noted, then that is noted when it is sent again."""
    data, assets = jpeg(64, 33, orientation=6), platform.database.handle["assets"]
    made = await picture(ana, organization, data)
    key = ids.key(made["id"], "Asset")
    await assets.update_one({"_id": key}, {"$unset": {"source_hash": 1}})
    assert await picture(ana, organization, data) == made
    row = await assets.find_one({"_id": key})
    assert row is not None
    assert row["source_hash"] == sha256(data).hexdigest() != row["content_hash"]
    for digest in (row["source_hash"], row["content_hash"]):
        assert (await begin(ana, organization, "asset { id }", sha256=digest))["asset"] == {"id": made["id"]}


async def test_known_bytes_are_found_by_an_index(platform: Platform, ana: User, organization: str) -> None:
    """Given many pictures, then one is examined."""
    for width in range(40, 60):
        await picture(ana, organization, jpeg(width, 34))
    of, digest = {"organization": ids.key(organization, "Organization")}, sha256(jpeg(50, 34)).hexdigest()
    alternatives = [{**of, "source_hash": digest}, {**of, "content_hash": digest}]
    command = {"explain": {"find": "assets", "filter": {"$or": alternatives}}, "verbosity": "executionStats"}
    found = (await platform.database.handle.command(command))["executionStats"]
    assert (found["nReturned"], found["totalDocsExamined"]) == (1, 1)
    assert found["totalKeysExamined"] <= 2


async def test_an_upload_is_completed_once_however_many_ask(platform: Platform, ana: User, organization: str) -> None:
    """At once, at two APIs, of one upload and of several with the same bytes: one picture, and nothing is left."""
    data = jpeg(1200, 900, orientation=6)
    uploads = [await uploaded(ana, organization, data) for _ in range(3)]
    async with another_api(platform) as other:
        elsewhere = User(other, ana.email, ana.id, ana.token, ana.refresh_token)
        asked = [user.by_id("completeAssetUpload", "Asset", id_) for id_ in uploads for user in (ana, elsewhere) * 2]
        found = await asyncio.gather(*asked)
    assert found[0]["__typename"] == "Asset"
    assert found == [found[0]] * 12
    for id_ in uploads:
        with pytest.raises(AssetMissingError):
            await platform.store.size(f"staging/{ids.key(id_, 'Upload')}")


async def test_a_picture_that_is_described_meanwhile_keeps_its_words(
    platform: Platform, ana: User, organization: str
) -> None:
    """Completing again notes what was sent, and writes over nothing else."""
    data, words = jpeg(65, 33, orientation=6), {"alt": "Un patio"}
    made = await picture(ana, organization, data)
    key = ids.key(made["id"], "Asset")
    await platform.database.handle["assets"].update_one({"_id": key}, {"$unset": {"source_hash": 1}})
    again = await uploaded(ana, organization, data)
    completing = ana.by_id("completeAssetUpload", "Asset", again)
    await asyncio.gather(completing, ana.do("updateAsset", "Asset", {"id": made["id"], **words}))
    row = await platform.database.handle["assets"].find_one({"_id": key})
    assert row is not None
    assert (row["alt"], row["source_hash"]) == ("Un patio", sha256(data).hexdigest())


async def test_too_much_in_the_store_is_refused_and_removed(platform: Platform, ana: User, organization: str) -> None:
    """An address of the store's own takes anything; it is not read then."""
    upload = await begin(ana, organization)
    key = await staged(platform, upload, jpeg(31, 30) + bytes(UPLOAD_LIMIT))
    refused = await ana.by_id("completeAssetUpload", "Asset", upload["id"])
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["id"])
    assert str(UPLOAD_LIMIT) in refused["message"]
    with pytest.raises(AssetMissingError):
        await platform.store.size(key)
    assert (await put(platform, upload["url"], jpeg(31, 30)))[0] == 200


async def test_nobody_sends_much_in_vain(platform: Platform, ana: User, organization: str) -> None:
    """What is no picture is refused while the rest of it is not sent, and waited for by nobody; also at the edge."""
    upload = await begin(ana, organization)
    for base in (platform.api, platform.edge):
        address = urlsplit(base + urlsplit(upload["url"]).path)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        head = f"PUT {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {UPLOAD_LIMIT}\r\n\r\n"
        try:
            writer.write(head.encode() + b"%PDF-1.7\n" + bytes(2000))
            async with asyncio.timeout(10):
                assert b" 415 " in await reader.readline()
                assert b"a PDF document" in await reader.readuntil(b"}]}")
        finally:
            writer.close()
            await writer.wait_closed()
