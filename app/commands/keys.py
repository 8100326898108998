"""`python -m app keys`: the keys that access tokens are signed with: list them, or bring in a new one."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from datetime import datetime

from rich.console import Console
from rich.table import Table

from app.key_following import TOPIC
from app.services import connected, open_database, open_redis
from app.settings import Settings
from auth.keyring import Keyring
from auth.signing_keys import AHEAD, Ring
from models.entity import now
from models.signing_key import SigningKey, stored
from storage.signals import RedisSignals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to do."""
    parser.add_argument("action", nargs="?", choices=("list", "rotate"), default="list", help="rotate: make a new key")
    parser.add_argument(
        "--revoke",
        metavar="KID",
        help="with rotate: a key that has leaked; its tokens are worthless at once, and the new key signs at once",
    )


def states(keys: Keyring, rows: list[SigningKey], moment: datetime) -> Iterator[tuple[SigningKey, str]]:
    """Say of each key what it does."""
    ring = Ring(keys, rows)
    signing = ring.signing(moment)
    for row in rows:
        held = ring.verifying(row.kid, moment)
        if row.revoked_at is not None:
            yield row, f"revoked at {_spelled(row.revoked_at)}"
        elif not ring.holds(row.kid):
            yield row, "of another SECRET_KEY"
        elif held is None:
            yield row, "retired"
        elif signing is not None and row.kid == signing.kid:
            yield row, "signs" if held.retires_at is None else f"signs until {_spelled(held.retires_at)}"
        elif held.ends_at is None:
            yield row, f"published, signs from {_spelled(row.signs_from)}"
        else:
            yield row, f"verifies until {_spelled(held.ends_at)}"


def _spelled(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


async def _run(settings: Settings, *, rotate: bool, revoked: str | None) -> int:
    database, redis = await open_database(settings), open_redis(settings)
    try:
        keys = Keyring(settings.secret_key, settings.public_url, database)
        await keys.load()
        if rotate:
            moment = now()
            made = await keys.rotate(moment if revoked else moment + AHEAD, revoked)
            await RedisSignals(redis).send(TOPIC)
            sys.stdout.write(f"Made key {made.kid}, which signs from {_spelled(made.signs_from)}.\n")
        table = Table("kid", "made", "what it does")
        for row, state in states(keys, await stored(database), now()):
            table.add_row(row.kid, _spelled(row.created_at), state)
        Console(width=120).print(table)
    except LookupError:
        sys.stderr.write(f"There is no key {revoked!r}; `python -m app keys` lists them.\n")
        return 2
    finally:
        await redis.aclose()
        await database.close()
    return 0


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """List the keys, or rotate them."""
    rotate = arguments.action == "rotate"
    if arguments.revoke and not rotate:
        sys.stderr.write("--revoke goes with rotate, since something must sign afterwards.\n")
        return 2
    return asyncio.run(_run(connected(settings), rotate=rotate, revoked=arguments.revoke))
