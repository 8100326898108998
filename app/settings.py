"""The settings of every process: one frozen class, read once from the environment.

Lower layers never read the environment; they receive values from here.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from storage.mail import SmtpServer, check_sender

Environment = Literal["development", "production"]

_DEVELOPMENT_SECRET = "development-only-secret-change-me-in-production"  # noqa: S105 - refused in production
_DEVELOPMENT_KEY = "646576656c6f706d656e742d6f6e6c79"
_DEVELOPMENT_SALT = "6368616e67652d6d65"
_LEAST_SECRET_BYTES = 32
_LARGEST_PORT = 65_535
_MOST_LOG_DAYS = 36_500
_ENDPOINT = re.compile(r"https?://(\[[\da-fA-F:]+\]|[a-zA-Z\d.-]+)(:\d{1,5})?(/[\w./-]*)?", re.ASCII)
_ORIGIN = re.compile(r"https?://(\[[\da-f:]+\]|[a-z\d.-]+)(:\d{1,5})?", re.ASCII)


class SettingsError(Exception):
    """A setting is missing, malformed or unsafe. The message names the variable and says how to mend it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator can choose; every field has the environment variable of the same name in capitals.

    Ports are TCP ports on `host`; `admin_port` listens on loopback and serves `/metrics`.
    `cache_redis_url` is a Redis for answers that several edges share; None for none. `edge_admin_urls` are the admin
    sites of the edges that the relay's auditor asks what they serve. `mongodb_url` and `redis_url` are None when `run`
    is to start the embedded services. `cloudfront_distribution` also has the API let CloudFront keep answers, which
    obeys no header of its own: see `edge.cdn.sharing`. `assets_bucket` is the S3 bucket in which originals lie instead
    of `data_dir`/assets, `assets_endpoint` the address of an S3 that is not Amazon's; the `aws_…` keys serve both.

    `imgproxy_key` and `imgproxy_salt` may have several parts, separated by commas: addresses of pictures are signed
    with the first pair and answered for all of them. `imgproxy_presets` are as imgproxy writes them, `images_origins`
    the origins that originals may be read from, `images_watermark` the path of a picture. `images_cache_bytes` is how
    much of what the image worker made is kept in `data_dir`/variants. `log_days` is how long the batches of edits of a
    design are kept. `smtp_url` is the server that mail from `mail_from` is handed to; without, it is written to
    `data_dir`/mail. `cors_origins` are the origins whose pages may read our answers (`*`: any).
    `audit_secret` is what the audit log is sealed with, where that is not `secret_key`: only the relay and `audit`
    need it, and it stays when that one is changed. `trusted_proxies` are the networks whose word is taken on where
    a request comes from; `app_url` (empty: `public_url`) is where the pages are that mails lead to; without
    `rate_limits` nobody's budget is counted, as load tests want it. Passkeys are for `passkey_domain` (empty: the
    host of `public_url`), and used by pages of `passkey_origins` (none: `public_url`).
    """

    environment: Environment = "development"
    host: str = "127.0.0.1"
    edge_port: int = 8080
    api_port: int = 8000
    images_port: int = 8001
    admin_host: str = "127.0.0.1"
    admin_port: int = 9100
    data_dir: Path = Path(".data")
    assets_bucket: str = ""
    assets_endpoint: str = ""
    assets_region: str = ""
    mongodb_url: str | None = None
    mongodb_port: int = 27117
    mongodb_database: str = "disenopro"
    redis_url: str | None = None
    redis_port: int = 6479
    cache_redis_url: str | None = None
    edge_admin_urls: tuple[str, ...] = ()
    public_url: str = ""
    api_url: str = ""
    images_url: str = ""
    secret_key: str = _DEVELOPMENT_SECRET
    audit_secret: str = ""
    imgproxy_key: str = _DEVELOPMENT_KEY
    imgproxy_salt: str = _DEVELOPMENT_SALT
    imgproxy_presets: str = ""
    images_origins: tuple[str, ...] = ()
    images_watermark: str = ""
    images_cache_bytes: int = 2 << 30
    log_days: int = 90
    cors_origins: tuple[str, ...] = ()
    smtp_url: str = ""
    mail_from: str = "DiseñoPro <no-reply@localhost>"
    trusted_proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    app_url: str = ""
    passkey_domain: str = ""
    passkey_origins: tuple[str, ...] = ()
    rate_limits: bool = True
    apq: bool = False
    varnish_urls: tuple[str, ...] = ()
    fastly_service: str = ""
    fastly_token: str = ""
    cloudflare_zone: str = ""
    cloudflare_token: str = ""
    cloudfront_distribution: str = ""
    aws_access_key: str = ""
    aws_secret_key: str = ""
    aws_session_token: str = ""

    @property
    def production(self) -> bool:
        """Whether this is a production process: registered operations only, no introspection, no GraphiQL."""
        return self.environment == "production"

    @property
    def imgproxy_pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of key and salt, in hex, that addresses of pictures are signed with; new ones by the first."""
        return tuple(zip(self.imgproxy_key.split(","), self.imgproxy_salt.split(","), strict=True))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a variable is malformed, or production lacks a secret of its own.

        """
        environment = environ.get("ENVIRONMENT", "development")
        if environment not in get_args(Environment):
            raise SettingsError(f"ENVIRONMENT is {environment!r}; use one of {', '.join(get_args(Environment))}.")
        edge_port = _port(environ, "EDGE_PORT", cls.edge_port)
        api_port = _port(environ, "API_PORT", cls.api_port)
        images_port = _port(environ, "IMAGES_PORT", cls.images_port)
        settings = cls(
            environment=environment,  # type: ignore[arg-type]  # just checked against the literal's values
            host=environ.get("HOST", cls.host),
            edge_port=edge_port,
            api_port=api_port,
            images_port=images_port,
            admin_host=environ.get("ADMIN_HOST", cls.admin_host),
            admin_port=_port(environ, "ADMIN_PORT", cls.admin_port),
            data_dir=Path(environ.get("DATA_DIR", str(cls.data_dir))),
            assets_bucket=environ.get("ASSETS_BUCKET", ""),
            assets_endpoint=_endpoint(environ, "ASSETS_ENDPOINT"),
            assets_region=environ.get("ASSETS_REGION", ""),
            mongodb_url=environ.get("MONGODB_URL") or None,
            mongodb_port=_port(environ, "MONGODB_PORT", cls.mongodb_port),
            mongodb_database=environ.get("MONGODB_DATABASE", cls.mongodb_database),
            redis_url=environ.get("REDIS_URL") or None,
            redis_port=_port(environ, "REDIS_PORT", cls.redis_port),
            cache_redis_url=environ.get("CACHE_REDIS_URL") or None,
            public_url=environ.get("PUBLIC_URL", f"http://localhost:{edge_port}").rstrip("/"),
            api_url=environ.get("API_URL", f"http://127.0.0.1:{api_port}").rstrip("/"),
            images_url=environ.get("IMAGES_URL", f"http://127.0.0.1:{images_port}").rstrip("/"),
            secret_key=environ.get("SECRET_KEY", _DEVELOPMENT_SECRET),
            audit_secret=environ.get("AUDIT_SECRET", ""),
            imgproxy_key=_hex(environ, "IMGPROXY_KEY", _DEVELOPMENT_KEY),
            imgproxy_salt=_hex(environ, "IMGPROXY_SALT", _DEVELOPMENT_SALT),
            imgproxy_presets=environ.get("IMGPROXY_PRESETS", ""),
            images_origins=_addresses(environ, "IMAGES_ORIGINS"),
            images_watermark=environ.get("IMAGES_WATERMARK", ""),
            images_cache_bytes=_whole(environ, "IMAGES_CACHE_BYTES", cls.images_cache_bytes),
            log_days=_whole(environ, "LOG_DAYS", cls.log_days),
            cors_origins=_origins(environ, "CORS_ORIGINS"),
            smtp_url=_smtp(environ, "SMTP_URL"),
            mail_from=_sender(environ, "MAIL_FROM", cls.mail_from),
            trusted_proxies=_networks(environ, "TRUSTED_PROXIES", cls.trusted_proxies),
            app_url=_endpoint(environ, "APP_URL"),
            passkey_domain=environ.get("PASSKEY_DOMAIN", ""),
            passkey_origins=_addresses(environ, "PASSKEY_ORIGINS"),
            rate_limits=_flag(environ, "RATE_LIMITS", default=True),
            edge_admin_urls=_addresses(environ, "EDGE_ADMIN_URLS"),
            varnish_urls=_addresses(environ, "VARNISH_URLS"),
            fastly_service=environ.get("FASTLY_SERVICE_ID", ""),
            fastly_token=environ.get("FASTLY_API_TOKEN", ""),
            cloudflare_zone=environ.get("CLOUDFLARE_ZONE_ID", ""),
            cloudflare_token=environ.get("CLOUDFLARE_API_TOKEN", ""),
            cloudfront_distribution=environ.get("CLOUDFRONT_DISTRIBUTION_ID", ""),
            aws_access_key=environ.get("AWS_ACCESS_KEY_ID", ""),
            aws_secret_key=environ.get("AWS_SECRET_ACCESS_KEY", ""),
            aws_session_token=environ.get("AWS_SESSION_TOKEN", ""),
            apq=_flag(environ, "APQ", default=environment == "development"),
        )
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse a production process with a missing, short or default secret, an S3 without a bucket, logs of no day.

        Raises:
            SettingsError: names the variable.

        """
        if len(self.secret_key.encode()) < _LEAST_SECRET_BYTES:
            raise SettingsError(f"SECRET_KEY is shorter than {_LEAST_SECRET_BYTES} bytes; use `openssl rand -hex 32`.")
        if self.audit_secret and len(self.audit_secret.encode()) < _LEAST_SECRET_BYTES:
            raise SettingsError(
                f"AUDIT_SECRET is shorter than {_LEAST_SECRET_BYTES} bytes; use `openssl rand -hex 32`."
            )
        if self.assets_endpoint and not self.assets_bucket:
            raise SettingsError("ASSETS_ENDPOINT needs ASSETS_BUCKET, the bucket there in which originals lie.")
        if not 1 <= self.log_days <= _MOST_LOG_DAYS:
            raise SettingsError(f"LOG_DAYS is {self.log_days}; logs are kept for 1 to {_MOST_LOG_DAYS} days.")
        if self.imgproxy_key.count(",") != self.imgproxy_salt.count(","):
            raise SettingsError("IMGPROXY_KEY and IMGPROXY_SALT need equally many parts, separated by commas.")
        domain = self.passkey_domain or urlsplit(self.public_url).hostname or ""
        for origin in self.passkey_origins:
            if not _uses_passkeys(origin, domain):
                raise SettingsError(f"PASSKEY_ORIGINS: {origin!r} is no origin at or below PASSKEY_DOMAIN, {domain}.")
        if not self.production:
            return
        defaults = {
            "SECRET_KEY": self.secret_key == _DEVELOPMENT_SECRET,
            "IMGPROXY_KEY": _DEVELOPMENT_KEY in self.imgproxy_key,
            "IMGPROXY_SALT": _DEVELOPMENT_SALT in self.imgproxy_salt,
            "MONGODB_URL": self.mongodb_url is None,
            "REDIS_URL": self.redis_url is None,
            "SMTP_URL": not self.smtp_url,
            "MAIL_FROM": self.mail_from == Settings.mail_from,
        }
        if missing := [name for name, unset in defaults.items() if unset]:
            raise SettingsError(f"ENVIRONMENT=production needs values of its own for: {', '.join(missing)}.")


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= _LARGEST_PORT:
        raise SettingsError(f"{name} is {text!r}; it must be a port between 1 and {_LARGEST_PORT}.")
    return int(text)


def _addresses(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return addresses separated by commas or white space, without a slash at the end."""
    return tuple(url.rstrip("/") for url in environ.get(name, "").replace(",", " ").split())


def _networks(environ: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return networks, such as 10.0.0.0/8, or addresses, separated by commas or white space."""
    texts = tuple(environ.get(name, "").replace(",", " ").split())
    for text in texts:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}; use networks such as 10.0.0.0/8.") from error
    return texts or default


def _origins(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return origins, separated by commas or white space, or `*` alone."""
    origins = _addresses(environ, name)
    for origin in origins:
        if not _ORIGIN.fullmatch(origin) and origins != ("*",):
            raise SettingsError(f"{name}: {origin!r} is no origin; use such as https://app.example.com, or * alone.")
    return origins


def _uses_passkeys(origin: str, domain: str) -> bool:
    """Whether it is an app's, or an origin whose browser may use passkeys of a domain."""
    if origin.startswith("android:apk-key-hash:"):
        return True
    return bool(_ORIGIN.fullmatch(origin)) and f".{urlsplit(origin).hostname}".endswith(f".{domain}")


def _smtp(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "")
    if text:
        try:
            SmtpServer.parse(text)
        except ValueError as error:
            raise SettingsError(f"{name}: {error}.") from error
    return text


def _sender(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name) or default
    try:
        check_sender(text)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}.") from error
    return text


def _endpoint(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "").rstrip("/")
    if text and not _ENDPOINT.fullmatch(text):
        raise SettingsError(f"{name} must be an address such as https://service.example.com, without a password in it.")
    return text


def _hex(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name) or default
    parts = text.replace(" ", "").split(",")
    try:
        empty = not all(map(bytes.fromhex, parts))
    except ValueError:
        empty = True
    if empty:
        raise SettingsError(f"{name} must be hexadecimal, as imgproxy wants it; use `openssl rand -hex 32`.")
    return ",".join(parts)


def _whole(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdecimal():
        raise SettingsError(f"{name} is {text!r}; it must be a whole number.")
    return int(text)


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").lower()
    values = {"": default, "1": True, "true": True, "on": True, "0": False, "false": False, "off": False}
    if text not in values:
        raise SettingsError(f"{name} is {text!r}; use 1 or 0.")
    return values[text]
