"""Sending mail, as a Protocol: by SMTP (`storage.smtp`), or in development into a folder.

A message has plain text and simple HTML. Nothing of it goes into the log, since it may carry a secret link.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from pathlib import Path
from typing import Final, Protocol, Self
from urllib.parse import parse_qs, unquote, urlsplit

log = logging.getLogger(__name__)

_PORTS: Final = {"smtp": 587, "smtps": 465}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class MailError(Exception):
    """A message was not sent. `permanent` says that it never will be; the text names no recipient."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over: encrypted from the start (`implicit_tls`), or from STARTTLS on.

    `?tls=off` has it go in the clear, for a relay on the same machine; a password is never sent so.
    """

    host: str
    port: int
    implicit_tls: bool = False
    encrypted: bool = True
    user: str | None = None
    password: str | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `smtp://user:password@host:587`, `smtps://…`, or `smtp://localhost:1025?tls=off`.

        Raises:
            ValueError: says what is wrong, without the password.

        """
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or set(options) - {"tls"}:
            raise ValueError("use smtp://user:password@host:587 or smtps://user:password@host:465")
        encrypted = options.get("tls", ["on"]) != ["off"]
        if not encrypted and (parts.username or parts.scheme == "smtps"):
            raise ValueError("tls=off is for smtp:// without a password: it would go over the network in the clear")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            implicit_tls=parts.scheme == "smtps",
            encrypted=encrypted,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


@dataclass(frozen=True)
class Message:
    """A message to one recipient. `reference` is the same whenever it is sent again, so that programs may notice."""

    to: str
    subject: str
    text: str
    html: str
    reference: str


class Mail(Protocol):
    """Sends messages."""

    async def send(self, message: Message) -> None:
        """Hand a message over for good; raises MailError."""
        ...


def composed(message: Message, sender: str) -> EmailMessage:
    """Return a message as it is sent.

    Raises:
        MailError: the recipient is no address, or a header would hold a line break or another control character.

    """
    for value in (message.to, message.subject, message.reference, sender):
        if _CONTROL.search(value):
            raise MailError("A header of a message has control characters.", permanent=True)
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = sender
        mail["To"] = Address(addr_spec=_with_ascii_domain(message.to))
        domain = mail["From"].addresses[0].domain
    except (MessageError, ValueError, IndexError) as error:
        raise MailError("The recipient or the sender is no address.", permanent=True) from error
    if not domain:
        raise MailError("The sender is no address.", permanent=True)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(localtime())
    mail["Message-ID"] = f"<{message.reference}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is to be answered
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail


def check_sender(text: str) -> None:
    """Check what mail is to come from; raises ValueError."""
    try:
        composed(Message("nobody@localhost", "", "", "", "reference"), text)
    except MailError as error:
        raise ValueError("use an address, such as DiseñoPro <no-reply@example.com>") from error


def _with_ascii_domain(address: str) -> str:
    """Return an address whose domain every server understands (IDNA); raises UnicodeError where there is none."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


class FolderMail:
    """For development: a file for each message."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, message: Message) -> None:
        """Write a file, and name it in the log."""
        mail = composed(message, self._sender)
        path = self._folder / f"{message.reference}.eml"
        try:
            await asyncio.to_thread(self._write, path, bytes(mail))
        except OSError as error:
            raise MailError(f"{path} cannot be written: {error}") from error
        log.info("SMTP_URL is not set; a mail was written to %s.", path)

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = path.with_suffix(".part")
        written.write_bytes(content)
        written.replace(path)
