"""The mail of a platform that has no SMTP server: files in its data folder."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

_TOKEN = re.compile(r"#token=([\w-]+)")
_SECONDS = 30.0
_LOOK_SECONDS = 0.02


class Mailbox:
    """Finds the tokens that were mailed; reads each file once."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "mail"
        self._read: set[Path] = set()
        self._tokens: dict[str, str] = {}

    async def token(self, email: str) -> str:
        """Wait for the newest token that went to an address; raises TimeoutError."""
        async with asyncio.timeout(_SECONDS):
            while email not in self._tokens:
                self._tokens |= dict(self._new())
                await asyncio.sleep(_LOOK_SECONDS)
        return self._tokens.pop(email)

    def _new(self) -> Iterator[tuple[str, str]]:
        for path in set(self._folder.glob("*.eml")) - self._read:
            self._read.add(path)
            mail = message_from_bytes(path.read_bytes(), policy=default)
            body = mail.get_body(("plain",))
            found = _TOKEN.search(body.get_content() if body else "")
            if found is not None:
                yield str(mail["To"]), found[1]
