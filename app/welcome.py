"""What `run` prints once everything is ready: where things are, who can sign in, and what to try first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from app.programs import NAMES, admin_url
from app.settings import Settings


class Account(NamedTuple):
    """A demo account of the seed."""

    email: str
    password: str
    role: str


class Try(NamedTuple):
    """A command to paste into a shell, and what it shows."""

    what: str
    command: str


ACCOUNTS: Sequence[Account] = ()


def welcome(settings: Settings) -> RenderableType:
    """Return the page; `settings` hold the addresses of the running services."""
    parts: list[RenderableType] = ["", addresses(settings)]
    if ACCOUNTS:
        parts += ["", accounts()]
    for number, (what, command) in enumerate(commands(settings), start=1):
        parts += ["", Text(f"{number}. {what}", style="bold"), Text(command, no_wrap=True, overflow="ignore")]
    return Group(*parts, "", Text("Ctrl-C stops everything.", style="dim"), "")


def commands(settings: Settings) -> Sequence[Try]:
    """Return commands that work as they stand, through the edge's address."""
    del settings
    return ()


def addresses(settings: Settings) -> Table:
    """Return the table of addresses."""
    table = Table(title="DiseñoPro is ready", title_justify="left", title_style="bold green")
    table.add_column("part")
    table.add_column("address", no_wrap=True)
    table.add_column("what is there")
    rows = [
        ("edge", f"{settings.public_url}/graphql", "the front door: GraphQL, pictures, subscriptions"),
        ("api", f"{settings.api_url}/graphql", "the GraphQL origin; GraphiQL in a browser"),
        ("images", settings.images_url, "pictures, transformed"),
        *((f"{name} admin", f"{admin_url(settings, name)}/metrics", "metrics; /health/ready") for name in NAMES),
        ("MongoDB", settings.mongodb_url or "", f"database {settings.mongodb_database}"),
        ("Redis", settings.redis_url or "", ""),
    ]
    for part, address, what in rows:
        link = Text(address, style=f"link {address}" if address.startswith("http") else "")
        table.add_row(part, link, what)
    table.caption = f"Data is in {settings.data_dir}"
    table.caption_justify = "left"
    return table


def accounts() -> Table:
    """Return the table of demo accounts."""
    table = Table(title="Demo accounts", title_justify="left", title_style="bold")
    for column in Account._fields:
        table.add_column(column)
    for account in ACCOUNTS:
        table.add_row(*account)
    return table
