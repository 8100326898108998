"""What `run` prints once everything is ready: where things are, who can sign in, and what to try first."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.demo.world import world
from app.programs import NAMES, admin_url
from app.seed import PASSWORD, SEED
from app.seed.documents import object_id
from app.settings import Settings
from edge import plans
from schema import ids

_SHOWN_ORGANIZATION = "organization-0"


class Account(NamedTuple):
    """A demo account of the seed."""

    email: str
    password: str
    role: str


class Try(NamedTuple):
    """A command to paste into a shell, and what it shows."""

    what: str
    command: str


@dataclass(frozen=True)
class Demo:
    """What the commands act on: accounts of one organization, a design of theirs, and a picture's address."""

    accounts: Sequence[Account]
    design_id: str
    picture: str


def welcome(console: Console, settings: Settings) -> None:
    """Print the page; `settings` hold the addresses of the running services."""
    console.print(addresses(settings))
    demo = find_demo(settings)
    if demo is not None:
        console.print()
        console.print(accounts(demo))
        for number, (what, command) in enumerate(commands(settings, demo), start=1):
            console.print(Text(f"\n{number}. {what}", style="bold"))
            console.print(Text(command), soft_wrap=True)  # one line, whatever the window's width: it is to be pasted
    console.print(Text("\nCtrl-C stops everything.\n", style="dim"))


def find_demo(settings: Settings) -> Demo | None:
    """Look the demo up through the front door; None where the database holds other data."""
    made = world(SEED)
    roles = {m.person: m.role for m in made.memberships if m.organization == _SHOWN_ORGANIZATION}
    found = [Account(p.email, PASSWORD, f"{roles[p.key]} of {made.organizations[0].name}") for p in made.people[:4]]
    public = {p.key for p in made.projects if p.visibility == "PUBLIC" and p.status == "ACTIVE"}
    design = next(
        d
        for d in made.designs
        if d.organization == _SHOWN_ORGANIZATION and d.project in public and d.published_at and d.cover
    )
    design_id = ids.encode("Design", object_id(0, "design", design.key))
    query = "query ($id: ID!) { publicDesign(id: $id) { cover { image(width: 800) { url } } } }"
    body = orjson.dumps({"query": query, "variables": {"id": design_id}})
    request = Request(  # noqa: S310 - our own front door
        f"{settings.public_url}/graphql", body, {"Content-Type": "application/json", "Accept": "application/json"}
    )
    try:
        with urlopen(request, timeout=10) as response:  # noqa: S310 - likewise
            shown = orjson.loads(response.read())["data"]["publicDesign"]
    except (URLError, OSError, KeyError, TypeError, orjson.JSONDecodeError):
        return None
    return Demo(found, design_id, shown["cover"]["image"]["url"]) if shown and shown["cover"] else None


def commands(settings: Settings, demo: Demo) -> Sequence[Try]:
    """Return commands that work as they stand, through the edge's address: with curl, or with Python without it."""
    url = f"{settings.public_url}/graphql"
    gallery = next(plan for plan in plans.load().values() if plan.name == "Gallery")
    persisted = f"{url}/{gallery.id}?variables=%7B%22first%22%3A2%7D"
    email = demo.accounts[0].email
    sign_in = f'mutation{{signIn(input:{{email:"{email}",password:"{PASSWORD}"}}){{...on SignedIn{{accessToken}}}}}}'
    follow = (
        f'subscription{{designEvents(designId:"{demo.design_id}",afterSeq:0)'
        "{__typename ...on EditsCommitted{seq author{name} edits{__typename}} ...on Heartbeat{seq}}}"
    )
    bodies = [json.dumps({"query": query}) for query in (sign_in, follow)]
    write = _with_curl if shutil.which("curl") else _with_python
    what = (
        "A persisted query at the edge (run it twice: Cache-Status turns to hit)",
        "A picture as AVIF (saved as cover.avif)",
        "A subscription: a design's edits so far, then every new one",
    )
    return [Try(*pair) for pair in zip(what, write(url, persisted, demo.picture, *bodies), strict=True)]


def _with_curl(url: str, persisted: str, picture: str, sign_in: str, follow: str) -> tuple[str, str, str]:
    post = f"curl -sN {url} -H 'Content-Type: application/json'"
    token = f"$({post} -d '{sign_in}' | sed 's/.*accessToken\":\"\\([^\"]*\\).*/\\1/')"
    return (
        f"curl -si '{persisted}' | head -c 1500; echo",
        f"curl -sD- -H 'Accept: image/avif' -o cover.avif '{picture}'",
        f"{post} -H 'Accept: text/event-stream' -H \"Authorization: Bearer {token}\" -d '{follow}'",
    )


def _with_python(url: str, persisted: str, picture: str, sign_in: str, follow: str) -> tuple[str, str, str]:
    opening = "import json,urllib.request as u;r=lambda a,d=None,**h:u.urlopen(u.Request(a,d,h));"
    post = "**{'Content-Type':'application/json'"
    token = f"json.load(r({url!r},{sign_in.encode()!r},{post}}}))['data']['signIn']['accessToken']"
    stream = f"r({url!r},{follow.encode()!r},{post},'Accept':'text/event-stream','Authorization':'Bearer '+t}})"
    programs = (
        f"a=r({persisted!r});print(a.headers,a.read(1200).decode())",
        f"a=r({picture!r},Accept='image/avif');print(a.headers);open('cover.avif','wb').write(a.read())",
        f"t={token};[print(l.decode(),end='',flush=True) for l in {stream}]",
    )
    first, second, third = (f"{sys.executable} -c {shlex.quote(opening + program)}" for program in programs)
    return first, second, third


def addresses(settings: Settings) -> Table:
    """Return the table of addresses."""
    table = Table(title="DiseñoPro is ready", title_justify="left", title_style="bold green")
    table.add_column("part")
    table.add_column("address", no_wrap=True)
    table.add_column("what is there")
    rows = [
        ("edge", f"{settings.public_url}/graphql", "the front door; GraphiQL in a browser"),
        ("api", f"{settings.api_url}/graphql", "the GraphQL origin"),
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


def accounts(demo: Demo) -> Table:
    """Return the table of demo accounts."""
    table = Table(title="Demo accounts", title_justify="left", title_style="bold")
    for column in Account._fields:
        table.add_column(column)
    for account in demo.accounts:
        table.add_row(*account)
    return table
