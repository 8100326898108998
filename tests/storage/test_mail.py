"""Mail: what it looks like, and handing it to a real SMTP server."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.embedded.ports import free_port
from storage.mail import FolderMail, MailError, Message, SmtpServer, composed
from storage.smtp import SmtpMail

SENDER = "DiseñoPro <no-reply@disenopro.example>"
MESSAGE = Message("ana@example.com", "Elige una contraseña", "Hola, Ana:\n\ná é ñ\n", "<p>Hola, Ana: á é ñ</p>", "r1")


class Handler:
    """What a server does with mail: keep it, or refuse it with a code."""

    def __init__(self, refusal: str = "") -> None:
        self.received: list[Envelope] = []
        self.refusal = refusal

    async def handle_RCPT(self, _: Any, __: Session, envelope: Envelope, address: str, ___: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a recipient."""
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, __: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message."""
        self.received.append(envelope)
        return "250 OK"

    def mail(self) -> EmailMessage:
        """Return the one message."""
        (envelope,) = self.received
        content = envelope.content
        assert isinstance(content, bytes)
        found = message_from_bytes(content, policy=default)
        assert isinstance(found, EmailMessage)
        return found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1 that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    moment = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@asynccontextmanager
async def server(handler: Handler, certificate: Path | None = None, *, implicit: bool = False) -> AsyncIterator[int]:
    """Run an SMTP server, with TLS where there is a certificate; give its port."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    options: dict[str, Any] = {"hostname": "localhost"}
    if certificate is not None:
        options |= {
            "tls_context": None if implicit else context,
            "require_starttls": not implicit,
            "authenticator": lambda *arguments: AuthResult(
                success=(arguments[-1].login, arguments[-1].password) == (b"ana", b"p@ss/word"),
                handled=False,
            ),
            "auth_require_tls": not implicit,
        }
    loop, port = asyncio.get_running_loop(), free_port()
    listening = await loop.create_server(
        lambda: SMTP(handler, **options), "127.0.0.1", port, ssl=context if implicit else None
    )
    try:
        yield port
    finally:
        listening.close()
        await listening.wait_closed()


def trusting(certificate: Path) -> ssl.SSLContext:
    """Return a context that trusts the server."""
    return ssl.create_default_context(cafile=str(certificate))


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS"])
async def test_mail_is_handed_over_encrypted_with_a_password(certificate: Path, implicit: bool) -> None:  # noqa: FBT001
    """Given a server that takes mail over TLS from its users only, then it gets the message as it was written."""
    handler, scheme = Handler(), "smtps" if implicit else "smtp"
    async with server(handler, certificate, implicit=implicit) as port:
        url = f"{scheme}://ana:p%40ss%2Fword@localhost:{port}"
        await SmtpMail(SmtpServer.parse(url), SENDER, trusting(certificate)).send(MESSAGE)
    (envelope,) = handler.received
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@disenopro.example", ["ana@example.com"])
    mail = handler.mail()
    assert (mail["Subject"], mail["From"], mail["To"]) == (MESSAGE.subject, SENDER, MESSAGE.to)
    assert mail["Message-ID"] == "<r1@disenopro.example>"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == MESSAGE.text.splitlines()
    assert html.get_content().strip() == MESSAGE.html


async def test_a_server_without_starttls_is_told_nothing() -> None:
    """Given one in the middle who takes STARTTLS out of the greeting, then neither password nor mail goes out."""
    handler = Handler()
    async with server(handler) as port:
        mail = SmtpMail(SmtpServer.parse(f"smtp://ana:secret@localhost:{port}"), SENDER)
        with pytest.raises(MailError) as caught:
            await mail.send(MESSAGE)
    assert not caught.value.permanent
    assert "secret" not in str(caught.value)
    assert handler.received == []


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path, implicit: bool) -> None:  # noqa: FBT001
    """Given one in the middle with a certificate of their own, then nothing is handed over."""
    handler, scheme = Handler(), "smtps" if implicit else "smtp"
    async with server(handler, certificate, implicit=implicit) as port:
        with pytest.raises(MailError) as caught:
            await SmtpMail(SmtpServer.parse(f"{scheme}://localhost:{port}"), SENDER).send(MESSAGE)
    assert not caught.value.permanent
    assert handler.received == []


async def test_a_wrong_password_is_said_without_it(certificate: Path) -> None:
    """And the mail waits until somebody mends the setting."""
    async with server(Handler(), certificate) as port:
        mail = SmtpMail(SmtpServer.parse(f"smtp://ana:wrong@localhost:{port}"), SENDER, trusting(certificate))
        with pytest.raises(MailError, match="name and password") as caught:
            await mail.send(MESSAGE)
    assert not caught.value.permanent
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(("refusal", "permanent"), [("550 No such user", True), ("451 Later", False)])
async def test_a_recipient_that_is_refused(refusal: str, permanent: bool) -> None:  # noqa: FBT001
    """For good, or for now; the error names nobody."""
    async with server(Handler(refusal)) as port:
        with pytest.raises(MailError) as caught:
            await SmtpMail(SmtpServer.parse(f"smtp://localhost:{port}?tls=off"), SENDER).send(MESSAGE)
    assert caught.value.permanent == permanent
    assert "ana@" not in str(caught.value)


async def test_a_server_that_is_away() -> None:
    """Given nobody who listens, then it is tried again later."""
    with pytest.raises(MailError) as caught:
        await SmtpMail(SmtpServer.parse(f"smtp://localhost:{free_port()}"), SENDER).send(MESSAGE)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "fields",
    [
        {"to": "ana@example.com\r\nBcc: eve@example.com"},
        {"to": "ana@example.com\nBcc: eve@example.com"},
        {"to": "eve@example.com, ana@example.com"},
        {"to": "Ana <ana@example.com>"},
        {"to": "ana@example.com>\x00"},
        {"to": "nobody"},
        {"subject": "Hello\r\nBcc: eve@example.com"},
        {"subject": "Hello\n\nBody"},
        {"subject": "Hello\u2028Bcc: eve@example.com"},
        {"reference": "r1>\r\nBcc: eve@example.com"},
    ],
)
def test_a_header_cannot_be_injected(fields: dict[str, str]) -> None:
    """Given a value that would begin a header or name another recipient, then there is no message."""
    given = {"to": MESSAGE.to, "subject": MESSAGE.subject, "reference": MESSAGE.reference, **fields}
    with pytest.raises(MailError) as caught:
        composed(Message(text="", html="", **given), SENDER)
    assert caught.value.permanent
    assert "eve" not in str(caught.value)


def test_a_domain_in_another_script_is_spelled_for_every_server() -> None:
    """By IDNA."""
    mail = composed(Message("ana@diseño.example", "S", "", "", "r"), SENDER)
    assert mail["To"].addresses[0].addr_spec == "ana@xn--diseo-rta.example"


async def test_without_a_server_mail_is_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the file, and says nothing of what is in it."""
    with caplog.at_level(logging.INFO, "storage.mail"):
        await FolderMail(tmp_path / "mail", SENDER).send(MESSAGE)
    written = tmp_path / "mail" / "r1.eml"
    assert str(written) in caplog.text
    assert "ana@" not in caplog.text
    assert message_from_bytes(written.read_bytes(), policy=default)["Subject"] == MESSAGE.subject


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 587)),
        ("smtps://a:b@mail.example", SmtpServer("mail.example", 465, implicit_tls=True, user="a", password="b")),
        ("smtp://localhost:1025?tls=off", SmtpServer("localhost", 1025, encrypted=False)),
    ],
)
def test_addresses_of_servers(url: str, expected: SmtpServer) -> None:
    """Encrypted unless they say otherwise."""
    assert SmtpServer.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example",
        "smtp://",
        "smtp://mail.example/path",
        "smtp://a:secret@mail.example?tls=off",
        "smtps://mail.example?tls=off",
        "smtp://mail.example?starttls=no",
        "smtp://mail.example:99999",
    ],
)
def test_an_address_of_a_server_that_is_refused(url: str) -> None:
    """Among them a password that would go over the network in the clear, which the message does not repeat."""
    with pytest.raises(ValueError, match=r".") as caught:
        SmtpServer.parse(url)
    assert "secret" not in str(caught.value)
