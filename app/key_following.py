"""Keeping a process's keys up to date: at once when a signal comes, and now and then without one."""

from __future__ import annotations

import asyncio
import logging

from pymongo.errors import PyMongoError

from auth.keyring import Keyring
from auth.signing_keys import RELOAD_SECONDS
from models.database import cancelled
from storage.signals import Signals

TOPIC = "signing-keys"
"""Under which processes tell each other that keys have changed."""

_RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


async def follow_keys(keys: Keyring, signals: Signals, every: float = RELOAD_SECONDS) -> None:
    """Read the keys until cancelled."""
    with signals.listen(TOPIC) as listener:
        while not cancelled():
            try:
                await keys.load()
                await listener.wait(every)
            except PyMongoError as error:
                log.warning("The keys of access tokens cannot be read (%s); trying again.", error)
                await asyncio.sleep(_RETRY_SECONDS)
