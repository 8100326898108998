"""`python -m app audit`: verify that nobody has bent the audit log, or take an anchor of it.

The exit code is 0 where nothing was found, 1 where something was, 2 where it could not be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from bson import ObjectId

from app.services import connected, open_asset_store, open_database
from app.settings import Settings
from auth.anchors import AnchorError
from auth.chain import IDENTITY, chain_key
from auth.signatures import Keys
from models.entity import now
from models.errors import InvalidInputError
from schema import ids
from workers.anchoring import Anchoring, anchors_file
from workers.verifying import Report, Verifier


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to do."""
    parser.add_argument("action", choices=("verify", "anchor"))
    parser.add_argument(
        "--organization", metavar="ID", type=chain, help=f"verify this chain alone: an id, or `{IDENTITY}`"
    )
    parser.add_argument(
        "--anchors",
        metavar="FILE",
        type=Path,
        help="verify against these, such as a copy kept elsewhere",
    )


def chain(text: str) -> tuple[ObjectId | None]:
    """Read whose chain is meant: an organization's id, as the API or as MongoDB spells it; raises ArgumentTypeError."""
    if text == IDENTITY:
        return (None,)
    if ObjectId.is_valid(text):
        return (ObjectId(text),)
    try:
        return (ids.key(text, "Organization"),)
    except InvalidInputError as error:
        raise argparse.ArgumentTypeError(error.message) from error


async def _verify(settings: Settings, only: tuple[ObjectId | None, ...], file: Path | None) -> int:
    database = await open_database(settings, patience=None)
    try:
        began = time.monotonic()
        verifier = Verifier(database, _key(settings), Keys(settings.secret_key), *only)
        report = await verifier.verify()
        own = anchors_file(settings.data_dir)
        if file is not None or own.exists():
            report = await verifier.against(file or own)
    except OSError as error:
        sys.stderr.write(f"The anchors cannot be read: {error}\n")
        return 2
    finally:
        await database.close()
    _tell(report, time.monotonic() - began)
    return 1 if report.findings else 0


def _tell(report: Report, seconds: float) -> None:
    for finding in report.findings:
        sys.stdout.write(f"{finding}\n")
    rate = report.entries / seconds if seconds else 0
    waiting = f"{report.waiting} wait to be sealed"
    if report.oldest is not None:
        waiting += f", the oldest since {report.oldest:%Y-%m-%d %H:%M:%S} UTC"
    anchored = "no anchors"
    if report.anchored is not None:
        anchored = f"{report.anchors} anchors, the last of {report.anchored:%Y-%m-%d %H:%M:%S} UTC"
    found = f"{len(report.findings)} findings" if report.findings else "nothing was bent"
    sys.stdout.write(
        f"{found}: {report.entries} entries of {report.chains} chains ({rate:,.0f}/s); {waiting}; {anchored}.\n"
    )


async def _anchor(settings: Settings) -> int:
    database = await open_database(settings)
    store = await open_asset_store(settings) if settings.assets_bucket else None
    try:
        anchor = await Anchoring(database, _key(settings), anchors_file(settings.data_dir), store).anchor(now())
    except (AnchorError, OSError) as error:
        sys.stderr.write(f"No anchor was taken: {error}\n")
        return 1
    finally:
        await database.close()
        if store is not None:
            await store.close()
    sys.stdout.write("Nothing has moved since the last one.\n" if anchor is None else anchor.line().decode())
    return 0


def _key(settings: Settings) -> bytes:
    return chain_key(settings.audit_secret or settings.secret_key)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Verify or anchor."""
    settings = connected(settings)
    if arguments.action == "anchor":
        return asyncio.run(_anchor(settings))
    return asyncio.run(_verify(settings, arguments.organization or (), arguments.anchors))
