"""Sending letters: each at least once, whoever is killed meanwhile.

A letter is claimed for as long as sending may take, written, sent, and deleted; one that was not deleted is claimed
again after that. Several relays may do it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from models.database import Database, cancelled
from models.entity import now
from models.letter import TOPIC, Letter
from storage.mail import Mail, MailError, Message
from storage.signals import Signals
from workers.letters.texts import Written
from workers.letters.writing import Desk, written

log = logging.getLogger(__name__)

MOST_TRIES: Final = 12
"""With the pauses between them they take about three hours."""

LEASE: Final = timedelta(seconds=90)
_AT_ONCE: Final = 8
_LOOK_SECONDS: Final = 2.0
_SHORTEST_PAUSE: Final = timedelta(seconds=10)
_LONGEST_PAUSE: Final = timedelta(minutes=30)


class Postman:
    """Sends what is due, written at a desk."""

    def __init__(
        self,
        database: Database,
        mail: Mail,
        signals: Signals,
        desk: Desk,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._mail = mail
        self._signals = signals
        self._desk = desk
        self._clock = clock

    async def run(self) -> None:
        """Send whatever is due, when a signal says so and every few seconds, until cancelled."""
        with self._signals.listen(TOPIC) as listener:
            while not cancelled():
                try:
                    while await self.send_due():
                        pass
                except PyMongoError as error:
                    log.warning("Mail waits for the database: %s", error)
                await listener.wait(_LOOK_SECONDS)

    async def send_due(self) -> int:
        """Send some of what is due; return how many letters that were."""
        letters: list[Letter] = []
        while len(letters) < _AT_ONCE and (letter := await Letter.claim(self._clock(), LEASE)) is not None:
            letters.append(letter)
        async with asyncio.TaskGroup() as sending:
            for letter in letters:
                sending.create_task(self._send(letter))
        return len(letters)

    async def _send(self, letter: Letter) -> None:
        try:
            text = await self._write(letter)
            if text is not None:
                await self._mail.send(Message(letter.to, text.subject, text.text, text.html, reference=str(letter.id)))
        except MailError as error:
            await self._failed(letter, error)
        except PyMongoError as error:
            log.warning("Letter %s (%s) waits for the database: %s", letter.id, letter.kind, error)
        else:
            await letter.delete()

    async def _write(self, letter: Letter) -> Written | None:
        async def work(session: AsyncClientSession) -> Written | None:
            return await written(letter, self._desk, session)

        return await self._database.transaction(work)

    async def _failed(self, letter: Letter, error: MailError) -> None:
        """Have a letter tried again later, or never."""
        if error.permanent or letter.tries >= MOST_TRIES:
            log.error("Letter %s (%s) cannot be sent, and is given up: %s", letter.id, letter.kind, error)
            await letter.give_up(self._clock())
        else:
            pause = min(_SHORTEST_PAUSE * 2 ** (letter.tries - 1), _LONGEST_PAUSE)
            log.warning("Letter %s (%s) is tried again in %s: %s", letter.id, letter.kind, pause, error)
            await letter.put_off(self._clock() + pause)
