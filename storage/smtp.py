"""Mail by SMTP (RFC 5321): over TLS from the start, or from STARTTLS on; in the clear only where a setting says so."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import aiosmtplib

from storage.mail import MailError, Message, SmtpServer, composed

_SECONDS: Final = 15.0  # for each answer of the server
_ALTOGETHER_SECONDS: Final = 60.0
_PERMANENT: Final = range(500, 600)


class SmtpMail:
    """Hands each message over on a connection of its own. `tls` says whom to trust; None for the system's choice."""

    def __init__(self, server: SmtpServer, sender: str, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._sender = sender
        self._tls = tls

    async def send(self, message: Message) -> None:
        """Have the server take a message; raises MailError, for good where the server says so."""
        mail = composed(message, self._sender)
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls=server.encrypted and not server.implicit_tls,
            tls_context=self._tls,
            timeout=_SECONDS,
        )
        try:
            async with asyncio.timeout(_ALTOGETHER_SECONDS), client:
                await client.send_message(mail, recipients=[mail["To"].addresses[0].addr_spec])
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise MailError(f"the recipient was refused ({codes})", permanent=_for_good(*codes)) from error
        except aiosmtplib.SMTPNotSupported as error:
            raise MailError(f"the server lacks what is needed: {error}") from error
        except aiosmtplib.SMTPAuthenticationError as error:
            raise MailError(f"the server refused our name and password ({error.code})") from error
        except aiosmtplib.SMTPDataError as error:
            raise MailError(f"the message was refused ({error.code})", permanent=_for_good(error.code)) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailError(f"{type(error).__name__} with {server.host}:{server.port}") from error


def _for_good(*codes: int) -> bool:
    return all(code in _PERMANENT for code in codes)
