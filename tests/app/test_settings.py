"""The settings: defaults, what is refused, and that a message names the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError
from auth.passkeys import RelyingParty

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "k" * 32,
    "IMGPROXY_KEY": "aa",
    "IMGPROXY_SALT": "bb",
    "MONGODB_URL": "mongodb://mongodb/?replicaSet=rs0",
    "REDIS_URL": "redis://redis",
    "SMTP_URL": "smtp://user:password@mail.example",
    "MAIL_FROM": "no-reply@disenopro.example",
}


def test_an_empty_environment_gives_the_defaults() -> None:
    """Given nothing, then development on the documented ports, with embedded services."""
    settings = Settings.from_environment({})
    assert (settings.edge_port, settings.api_port, settings.images_port) == (8080, 8000, 8001)
    assert settings.public_url == "http://localhost:8080"
    assert settings.data_dir == Path(".data")
    assert settings.mongodb_url is None
    assert settings.redis_url is None
    assert settings.log_days == 90
    assert settings.apq
    assert not settings.production


def test_addresses_follow_the_ports() -> None:
    """Given other ports, then the addresses made from them change, and one that is set loses its last slash."""
    settings = Settings.from_environment({"EDGE_PORT": "81", "API_PORT": "82", "IMAGES_URL": "http://images/"})
    assert (settings.public_url, settings.api_url) == ("http://localhost:81", "http://127.0.0.1:82")
    assert settings.images_url == "http://images"


def test_several_addresses_are_separated_by_commas() -> None:
    """Given a list, then each address is one without its last slash; given none, then there is none."""
    settings = Settings.from_environment({"EDGE_ADMIN_URLS": "http://a:9101/, http://b:9101"})
    assert settings.edge_admin_urls == ("http://a:9101", "http://b:9101")
    assert Settings.from_environment({}).edge_admin_urls == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("EDGE_PORT", "0"),
        ("API_PORT", "65536"),
        ("ADMIN_PORT", "http"),
        ("REDIS_PORT", "-1"),
        ("SECRET_KEY", "short"),
        ("AUDIT_SECRET", "short"),
        ("IMGPROXY_KEY", "no hex"),
        ("APQ", "perhaps"),
        ("LOG_DAYS", "soon"),
        ("LOG_DAYS", "0"),
        ("LOG_DAYS", "99999"),
        ("SMTP_URL", "mail.example"),
        ("SMTP_URL", "smtp://user:password@mail.example?tls=off"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@example.com\r\nBcc: b@example.com"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    """Given a malformed variable, then the error names it."""
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})


@pytest.mark.parametrize(
    "address",
    [
        "s3.example.com",
        "ftp://s3",
        "https://",
        "https://user:word@s3",
        "https://s3?a=b",
        "http://s3:port",
        "http://a b",
    ],
)
def test_the_address_of_an_s3_is_an_address(address: str) -> None:
    """Given something else as ASSETS_ENDPOINT, or a password in it, then the error names it without repeating it."""
    with pytest.raises(SettingsError, match="ASSETS_ENDPOINT must be") as caught:
        Settings.from_environment({"ASSETS_BUCKET": "pictures", "ASSETS_ENDPOINT": address})
    assert "user:word" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://s3.example.com", "http://minio:9000", "http://[::1]:9000", "http://s3/path"]
)
def test_originals_may_lie_in_an_s3(address: str) -> None:
    """Given a bucket, then originals lie there; an endpoint loses its last slash; without a bucket it is refused."""
    environ = {"ASSETS_ENDPOINT": f"{address}/", "ASSETS_REGION": "auto"}
    settings = Settings.from_environment({**environ, "ASSETS_BUCKET": "pictures"})
    assert (settings.assets_bucket, settings.assets_endpoint) == ("pictures", address)
    assert settings.assets_region == "auto"
    with pytest.raises(SettingsError, match="ASSETS_BUCKET"):
        Settings.from_environment(environ)


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.net",
        "https://notexample.com",
        "example.com",
        "https://a.example.com/path",
        "https://example.com.net",
    ],
)
def test_passkeys_are_not_used_elsewhere(origin: str) -> None:
    """Given an origin that is not at or below the domain of passkeys, then the error names the variable."""
    with pytest.raises(SettingsError, match="PASSKEY_ORIGINS"):
        Settings.from_environment({"PUBLIC_URL": "https://example.com", "PASSKEY_ORIGINS": origin})


def test_passkeys_are_for_the_front_door_or_the_domain_that_is_named() -> None:
    """Given nothing, then for the host of `PUBLIC_URL`; given a domain, then for origins at it or below, and apps."""
    assert RelyingParty.of("https://example.com:8443").id == "example.com"
    assert RelyingParty.of("https://example.com:8443").origins == ("https://example.com:8443",)
    environ = {"PUBLIC_URL": "https://api.example.com", "PASSKEY_DOMAIN": "example.com"}
    origins = ("https://app.example.com", "https://example.com", "android:apk-key-hash:x")
    settings = Settings.from_environment({**environ, "PASSKEY_ORIGINS": ", ".join(origins)})
    party = RelyingParty.of(settings.public_url, settings.passkey_domain, settings.passkey_origins)
    assert (party.id, party.origins) == ("example.com", origins)


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "ENVIRONMENT"])
def test_production_refuses_a_missing_secret_or_service(name: str) -> None:
    """Given production without one of its own values, then the error names it."""
    environ = {key: value for key, value in PRODUCTION.items() if key != name}
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(environ)


def test_production_with_all_its_values_starts_without_apq() -> None:
    """Given every value, then production runs registered operations only."""
    settings = Settings.from_environment(PRODUCTION)
    assert settings.production
    assert not settings.apq
    assert Settings.from_environment({**PRODUCTION, "APQ": "on"}).apq
