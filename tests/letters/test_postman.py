"""Sending letters: at least once, never twice at a time, and not for ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from beanie import PydanticObjectId

from auth.signatures import Keys
from models.letter import Letter, LetterKind
from models.user import User
from storage.mail import MailError, Message
from storage.redis_client import connect
from storage.signals import RedisSignals
from tests.letterbox import TOKEN
from tests.platform import Platform
from workers.letters.postman import LEASE, MOST_TRIES, Postman
from workers.letters.writing import Desk

FUTURE = datetime(2100, 1, 1, tzinfo=UTC)  # the platform's own postman takes nothing that is due then


class Office:
    """A mail server that may fail or be slow, and what it was handed."""

    def __init__(self) -> None:
        self.handed: list[Message] = []
        self.failures: list[MailError] = []
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()

    async def send(self, message: Message) -> None:
        """Take a message, or fail as was wanted."""
        self.asked.set()
        await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.handed.append(message)

    def to(self, email: str) -> list[Message]:
        """Return what was handed over for somebody."""
        return [message for message in self.handed if message.to == email]


class Clock:
    """A time that the test moves."""

    def __init__(self) -> None:
        self.now = FUTURE

    def __call__(self) -> datetime:
        """Return it."""
        return self.now


@pytest.fixture
def office() -> Office:
    """Give a mail server."""
    return Office()


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


def postman_of(platform: Platform, office: Office, clock: Clock) -> Postman:
    """Return a postman beside the platform's own."""
    signals = RedisSignals(connect(platform.settings.redis_url or ""))
    desk = Desk("https://disenopro.example", Keys(platform.settings.secret_key))
    return Postman(platform.database, office, signals, desk, clock)


@pytest.fixture
def postman(platform: Platform, office: Office, clock: Clock) -> Postman:
    """Give a postman."""
    return postman_of(platform, office, clock)


async def deliver(postman: Postman) -> None:
    """Send all that is due."""
    while await postman.send_due():
        pass


async def somebody(locale: str = "es") -> User:
    """Write an account."""
    user = User(email=f"{uuid4().hex}@example.com", name="Ana", locale=locale)
    await user.insert()
    return user


async def reset_for(email: str) -> PydanticObjectId:
    """Leave a letter that is due in the future."""
    letter = Letter(kind=LetterKind.PASSWORD_RESET, to=email, address="192.0.2.7", request="r", due_at=FUTURE)
    await letter.insert()
    return letter.id


async def events_of(platform: Platform, user: User) -> list[Any]:
    """Return what the log says of an account."""
    found: list[Any] = await platform.database.handle["audit_events"].find({"subject": user.id}).to_list()
    return found


async def test_a_letter_is_written_in_its_readers_language_and_then_forgotten(
    platform: Platform, postman: Postman, office: Office
) -> None:
    """Given somebody who reads Spanish, then they get a link, whose token is stored nowhere."""
    user = await somebody()
    letter = await reset_for(user.email)
    await deliver(postman)
    (message,) = office.to(user.email)
    assert message.subject == "Elige una contraseña nueva"
    assert message.text.startswith("Hola, Ana:")
    assert await Letter.get(letter) is None
    found = TOKEN.search(message.text)
    assert found is not None
    assert "https://disenopro.example/reset-password#token=" in message.html
    for name in await platform.database.handle.list_collection_names():
        rows = platform.database.handle[name].find({"created_at": {"$gte": user.created_at}})
        assert all(found[1] not in str(row) for row in await rows.to_list())


async def test_nobody_is_written_to_who_has_no_account(office: Office, postman: Postman) -> None:
    """And the letter is gone all the same."""
    email = f"{uuid4().hex}@example.com"
    letter = await reset_for(email)
    await deliver(postman)
    assert office.to(email) == []
    assert await Letter.get(letter) is None


async def test_a_letter_is_sent_though_the_process_was_killed_that_had_taken_it(
    platform: Platform, postman: Postman, office: Office, clock: Clock
) -> None:
    """Given one that ends amid sending, then nobody else sends before the lease ends, and somebody does after it."""
    user = await somebody()
    await reset_for(user.email)
    office.open.clear()
    sending = asyncio.create_task(postman.send_due())
    await office.asked.wait()
    sending.cancel()  # it comes no further, as if killed
    await asyncio.gather(sending, return_exceptions=True)
    office.open.set()
    another = postman_of(platform, office, clock)
    await deliver(another)
    assert office.to(user.email) == []
    clock.now += LEASE
    await deliver(another)
    assert len(office.to(user.email)) == 1
    assert [event["action"] for event in await events_of(platform, user)] == ["PASSWORD_RESET_ASKED"]


async def test_two_postmen_do_not_send_a_letter_twice(
    platform: Platform, postman: Postman, office: Office, clock: Clock
) -> None:
    """Given thirty letters and three postmen at once, then each recipient gets one."""
    users = [await somebody() for _ in range(30)]
    for user in users:
        await reset_for(user.email)
    await asyncio.gather(*(deliver(one) for one in (postman, *(postman_of(platform, office, clock) for _ in "ab"))))
    assert [len(office.to(user.email)) for user in users] == [1] * 30


async def test_a_server_that_is_away_is_tried_again_later(
    platform: Platform, postman: Postman, office: Office, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """With longer and longer pauses; the log names the letter, not who gets it."""
    user = await somebody()
    letter = await reset_for(user.email)
    office.failures = [MailError("it is away") for _ in range(2)]
    for pause in (10, 20):
        await deliver(postman)
        stored = await Letter.get(letter)
        assert stored is not None
        assert stored.due_at == clock.now + timedelta(seconds=pause)
        clock.now = stored.due_at
    await deliver(postman)
    assert len(office.to(user.email)) == 1
    assert len(await events_of(platform, user)) == 1
    assert caplog.text.count(str(letter)) == 2
    assert user.email not in caplog.text


@pytest.mark.parametrize("permanent", [True, False])
async def test_a_letter_that_cannot_be_sent_is_given_up(
    platform: Platform,
    postman: Postman,
    office: Office,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    permanent: bool,  # noqa: FBT001
) -> None:
    """Given a refusal for good, or twelve failures, then it is kept for whoever looks why, and never sent."""
    user = await somebody()
    letter = await reset_for(user.email)
    tries = 1 if permanent else MOST_TRIES
    office.failures = [MailError("no", permanent=permanent) for _ in range(tries)]
    for _ in range(tries):
        await deliver(postman)
        clock.now += timedelta(hours=1)
    await deliver(postman)
    stored = await Letter.get(letter)
    assert stored is not None
    assert stored.dead_at is not None
    assert stored.expires_at is not None
    assert stored.tries == tries
    assert office.to(user.email) == []
    assert "is given up" in caplog.text
    await stored.delete()
