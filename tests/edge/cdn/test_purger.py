"""Purgers: what they send is what the vendors document, and nothing is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import models.database
from app.commands.purger import caches
from app.settings import Settings, SettingsError
from edge.cdn.cloudflare import Cloudflare
from edge.cdn.fastly import Fastly
from edge.cdn.varnish import Varnish
from edge.cdn.vendor import Cdn, pause
from edge.tags import EVERYTHING, PULSES, short
from tests.edge.cdn.vendors import entries, purging, vendor

FORMATS: dict[str, tuple[Callable[[str], Cdn], tuple[str, str, Any], tuple[str, str, Any]]] = {
    "fastly": (
        lambda url: Fastly("abc", "secret", url),
        ("POST", "/service/abc/purge", {"surrogate_keys": [short("User:1"), short("User:2")]}),
        ("POST", "/service/abc/purge_all", None),
    ),
    "cloudflare": (
        lambda url: Cloudflare("zone", "secret", url),
        ("POST", "/client/v4/zones/zone/purge_cache", {"tags": [short("User:1"), short("User:2")]}),
        ("POST", "/client/v4/zones/zone/purge_cache", {"purge_everything": True}),
    ),
    "varnish": (
        Varnish,
        ("PURGE", "/", f"{short('User:1')} {short('User:2')}"),
        ("PURGE", "/", short(EVERYTHING)),
    ),
}


@pytest.mark.parametrize("name", FORMATS)
async def test_what_is_sent_is_what_the_vendor_documents(name: str) -> None:
    """Given changes, and then a gap in the stream, then their keys go in one request, and everything in the next."""
    make, tags, everything = FORMATS[name]
    async with vendor() as server, purging(make(server.url)) as purger:
        purger.hear(entries("User:1", "User:2"))
        await server.until(lambda: len(server.asked) == 1)
        purger.hear(entries("User:3", first=9))
        await server.until(lambda: len(server.asked) == 2)
        assert server.asked == [tags, everything]


async def test_a_purge_that_is_refused_is_sent_again() -> None:
    """Given a vendor that is busy, fails, breaks off or sends elsewhere, then the same is sent until it is taken."""
    async with vendor() as server, purging(Fastly("abc", "secret", server.url)) as purger:
        server.refusals = [
            (429, {"Retry-After": "0"}, b"busy"),
            (503, {}, b"\xff\xfe"),
            (0, {}, b""),
            (307, {"Location": "/"}, b""),
        ]
        purger.hear(entries("User:1"))
        await server.until(lambda: len(server.asked) == 1)
        assert [*server.refused, *server.asked] == 5 * [
            ("POST", "/service/abc/purge", {"surrogate_keys": [short("User:1")]})
        ]


@pytest.mark.parametrize("said", [b'{"success": false}', b"<html>", b"[]", b""])
async def test_an_answer_that_acknowledges_nothing_is_a_refusal(said: bytes) -> None:
    """Given 200 from Cloudflare without success, or from something else in its place, then the purge is sent again."""
    async with vendor() as server, purging(Cloudflare("zone", "secret", server.url)) as purger:
        server.refusals = [(200, {"Content-Type": "application/json"}, said)]
        purger.hear(entries("User:1"))
        await server.until(lambda: len(server.asked) == 1)
        assert server.refused == server.asked


async def test_what_changes_anew_during_its_purge_is_purged_again() -> None:
    """Given a purge under way, when its key changes anew, then it is purged again: the first may be too early."""
    async with vendor() as server, purging(Fastly("abc", "secret", server.url)) as purger:
        server.gate.clear()
        purger.hear(entries("User:1", "User:2"))
        await server.until(lambda: server.begun == 1)
        purger.hear(entries("User:1", first=3))
        server.gate.set()
        await server.until(lambda: len(server.asked) == 2)
        assert server.asked[1][2] == {"surrogate_keys": [short("User:1")]}


async def test_everything_overtakes_a_purge_that_fails() -> None:
    """Given a purge that is being refused, when everything is to be purged, then that is sent, and it alone."""
    async with vendor() as server, purging(Fastly("abc", "secret", server.url)) as purger:
        server.gate.clear()
        server.refusals = [(503, {}, b"")]
        purger.hear(entries("User:1"))
        await server.until(lambda: server.begun == 1)
        purger.hear(entries("User:2", first=9))
        server.gate.set()
        await server.until(lambda: len(server.asked) == 1)
        assert [path for _, path, _ in [*server.refused, *server.asked]] == [
            "/service/abc/purge",
            "/service/abc/purge_all",
        ]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("-1", None),
        ("0", 0),
        ("7", 7),
        ("٣", None),
        ("86400", 300),
        ("Thu, 01 Jan 1970 00:00:40 GMT", 30),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 300),
        ("Thu, 99 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_a_vendors_pause_is_a_number_or_a_date(said: str, seconds: float | None) -> None:
    """Given `Retry-After` in either form, then the pause is kept, within reason; what is neither says nothing."""
    assert pause(said, now=10) == seconds


async def test_pulses_purge_nothing() -> None:
    """Given pulses between changes, then they follow each other without a gap, and only what changed is purged."""
    assert PULSES == models.database.PULSES
    async with vendor() as server, purging(Fastly("abc", "secret", server.url)) as purger:
        purger.hear(entries(PULSES, PULSES, "User:1", PULSES))
        await server.until(lambda: len(server.asked) == 1)
        assert server.asked[0][2] == {"surrogate_keys": [short("User:1")]}


async def test_every_purge_is_sent_a_second_time() -> None:
    """Given an answer that may have been on its way, then the same keys are purged again after its longest time."""
    async with vendor() as server, purging(Varnish(server.url), transit=0.2) as purger:
        purger.hear(entries("User:1"))
        await server.until(lambda: len(server.asked) == 2)
        assert server.asked[0] == server.asked[1]


async def test_many_changes_go_in_requests_of_the_allowed_size() -> None:
    """Given more keys than a request can name, then they go in several, each key once."""
    async with vendor() as server, purging(Cloudflare("zone", "secret", server.url)) as purger:
        purger.hear(entries(*(f"User:{number % 150}" for number in range(300))))
        await server.until(lambda: len(server.asked) == 2)
        sent = [asked[2]["tags"] for asked in server.asked]
        assert list(map(len, sent)) == [100, 50]
        assert len({key for keys in sent for key in keys}) == 150


async def test_a_backlog_that_is_too_long_becomes_a_purge_of_everything() -> None:
    """Given more changes than can sensibly be named, then everything is purged, and nothing waits any more."""
    async with vendor() as server, purging(Fastly("abc", "secret", server.url)) as purger:
        purger.hear(entries(*(f"User:{number}" for number in range(20_001))))
        await server.until(lambda: len(server.asked) == 1)
        assert server.asked == [("POST", "/service/abc/purge_all", None)]


def test_settings_name_the_caches() -> None:
    """Given settings, then each cache that they name in full is purged; one named in part is refused by its names."""
    named = caches(Settings(varnish_urls=("http://a/", "http://b"), fastly_service="s", fastly_token="t"))
    assert [cache.name for cache in named] == ["varnish at http://a", "varnish at http://b", "fastly"]
    aws = {"CLOUDFRONT_DISTRIBUTION_ID": "E1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
    assert [cache.name for cache in caches(Settings.from_environment(aws))] == ["cloudfront"]
    with pytest.raises(SettingsError, match="CLOUDFLARE_API_TOKEN"):
        caches(Settings(cloudflare_zone="z"))
    with pytest.raises(SettingsError, match="FASTLY_SERVICE_ID"):
        caches(Settings(fastly_token="t"))
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY"):
        caches(Settings(cloudfront_distribution="E1", aws_access_key="a"))
    with pytest.raises(SettingsError, match="VARNISH_URLS"):
        caches(Settings(aws_access_key="a", aws_secret_key="s"))
