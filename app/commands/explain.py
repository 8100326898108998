"""`python -m app explain`: how an operation is executed, what it reads, and why its answers may be cached or not."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from graphql import OperationType
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.table import Table

from app.acting import services
from app.explaining import Explained, Heard, explain
from app.http import registry
from app.http.contexts import Contexts
from app.operations import OperationError, plan_of
from app.services import connected, image_links, open_asset_store, open_database, open_redis
from app.settings import Settings
from auth.viewer import ANONYMOUS, load_viewer
from edge import plans
from edge.follower import Follower
from edge.keys import key_of
from edge.plans import EVERYBODY, ORGANIZATION, PARTNERS, Plan
from models.database import Database, Row
from models.operation import RegisteredOperation
from models.user import User, fold_email
from resolvers.api import Api, build
from schema.combined import Combined
from schema.compiled import shapes as compiled
from schema.compiled.declined import DeclinedError
from schema.compiled.description import commands, steps
from schema.compiled.executor import Executor
from schema.compiled.plans import Plans
from schema.dependencies import Dependencies
from schema.prepared import Operation, PreparationError, Prepared, Preparer
from schema.reader import Find, Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the operation and its variables."""
    parser.add_argument("operation", metavar="OPERATION", help="a registered name, an id, or a .graphql file")
    parser.add_argument("--variables", default="{}", metavar="JSON", help="the variables to run it with")
    parser.add_argument("--as", dest="email", metavar="EMAIL", help="who to run it as, where it is for a viewer")


async def _partners(settings: Settings, id_: str) -> str:
    """Return the text of an operation that a partner has registered; raises OperationError where nobody has."""
    database = await open_database(settings)
    try:
        rows = await Reader(database).read(Find(RegisteredOperation, {"document_id": id_}, limit=1))
    except PyMongoError as error:
        words = "and no database answers to say what partners have registered; start one with `make run`"
        raise OperationError(f"No operation of this release has the id {id_}, {words}.") from error
    finally:
        await database.close()
    if not rows:
        raise OperationError(f"No operation is registered as sha256:{id_}.")
    return str(rows[0]["body"])


def document(wanted: str, settings: Settings) -> str:
    """Return the text of an operation named by its name, its id, or its file.

    Raises:
        OperationError: there is none.

    """
    registered = registry.load()
    if wanted in registered:
        return registered[wanted]
    if re.fullmatch(_ID, wanted):
        return asyncio.run(_partners(connected(settings), wanted))
    if wanted.endswith(".graphql"):
        path = Path(wanted)
        if not path.is_file():
            raise OperationError(f"{wanted} is no file.")
        return path.read_text(encoding="utf-8").strip()
    names = {text.partition("{")[0].partition("(")[0].split()[-1]: text for text in registered.values()}
    if wanted not in names:
        raise OperationError(f"There is no operation {wanted!r}; registered are {', '.join(sorted(names))}.")
    return names[wanted]


def verdict(plan: Plan) -> str:
    """Say in a sentence whether answers may be cached, and why."""
    if plan.scope != "PUBLIC":
        return "Never cached: it has an entry field that is answered for a viewer (scope VIEWER)."
    if plan.max_age <= 0:
        return "Never cached: one of its fields has a lifetime of zero."
    return f"Cached for {plan.max_age} s, or until something that it shows changes."


@dataclass(frozen=True)
class Ran:
    """What came of running an operation: what it read, its errors, its commands, and why it was not run by its plan."""

    read: Dependencies
    errors: list[str]
    commands: list[list[Explained]]
    declined: str | None


async def _execute(settings: Settings, asked: Asked, plans: Plans, email: str | None) -> Ran:
    """Run a query as somebody, or as nobody, and have MongoDB explain the commands.

    Raises:
        OperationError: there is no such user.

    """
    heard = Heard()
    async with AsyncExitStack() as stack:
        database, redis = await open_database(settings), open_redis(settings)
        stack.push_async_callback(database.close)
        stack.push_async_callback(redis.aclose)
        store = await open_asset_store(settings)
        stack.push_async_callback(store.close)
        user = await User.find_one({"email": fold_email(email)}) if email else None
        if email and user is None:
            raise OperationError(f"There is no user {email}.")
        viewer = await load_viewer(user.id, None) if user else ANONYMOUS
        client: AsyncMongoClient[Row] = AsyncMongoClient(settings.mongodb_url, tz_aware=True, event_listeners=[heard])
        watched = await stack.enter_async_context(client)
        watching = Database(watched, settings.mongodb_database)
        acting = services(settings, watching, redis, store, (asked.api, asked.preparer))
        contexts = Contexts(acting, image_links(settings), Follower(redis), Combined(database))
        context = contexts.make(asked.operation, viewer)
        declined, errors = None, []
        try:
            await Executor(plans).attempt(asked.prepared, asked.operation, asked.variables, context, registered=True)
        except DeclinedError as error:
            declined = str(error)
            heard.commands.clear()
            context = contexts.make(asked.operation, viewer)
            result = await asked.api.execute(
                asked.prepared.text, asked.variables, context, operation_name=asked.operation.name
            )
            errors = [error.message for error in result.errors or ()]
        explained = [await explain(database.handle, command) for command in [*heard.commands]]
        return Ran(context.dependencies, errors, explained, declined)


@dataclass(frozen=True)
class Asked:
    """An operation with its variables, and the schema that it is asked of."""

    api: Api
    preparer: Preparer
    prepared: Prepared
    operation: Operation
    variables: dict[str, Any]


def _show(console: Console, plan: Plan) -> None:
    table = Table(title=f"{plan.name or 'An operation without a name'} ({plan.id[:12]}…)", title_justify="left")
    table.add_column("what")
    table.add_column("value", overflow="fold")
    rows: list[tuple[str, object]] = [
        ("scope", plan.scope),
        ("may be asked by", _AUDIENCES[plan.audience]),
        ("cost", f"{plan.cost:,} fields at most"),
        ("variables", ", ".join(plan.variables) or "none"),
        ("absent means null", ", ".join(plan.nullable) or "none"),
    ]
    if plan.cacheable:
        aged = f"{plan.stale_while_revalidate} s while it is asked for anew, {plan.stale_if_error} s if the API fails"
        rows += [
            ("lifetime", f"{plan.max_age} s; aged: {aged}"),
            ("lists", ", ".join(plan.collections) or "none"),
            ("tags", f"{plan.most_tags:,} at most"),
            *((f"reads of {kind}", ", ".join(plan.fields.get(kind, ("everything",)))) for kind in plan.types),
        ]
    for name, value in rows:
        table.add_row(name, str(value))
    console.print(table)
    console.print(verdict(plan), highlight=False)


def _show_read(console: Console, read: Dependencies) -> None:
    parts = {
        tag: f"behind {low or 'the beginning'}, up to {high.replace('~', 'the end')}"
        for tag, low, high, *_ in sorted(read.ranges)
    }
    table = Table(title=f"This answer depends on {len(read.tags)} tags", title_justify="left")
    table.add_column("tag", overflow="fold")
    table.add_column("which part", overflow="fold")
    for tag in sorted(read.tags):
        table.add_row(tag, parts.get(tag, ""))
    console.print(table)


def _show_steps(console: Console, found: compiled.Plan | str) -> None:
    if isinstance(found, str):
        console.print(f"Executed by graphql-core, because {found}.", highlight=False, markup=False)
        return
    table = Table(title=f"Its plan: at most {commands(found)} commands to MongoDB", title_justify="left")
    table.add_column("wave", justify="right")
    table.add_column("step", overflow="fold")
    for step in steps(found):
        table.add_row(str(step.wave), f"{'  ' * step.depth}{step.text}")
    console.print(table)


def _show_commands(console: Console, ran: Ran) -> None:
    if ran.declined is not None:
        console.print(f"This request was executed by graphql-core: {ran.declined}.", highlight=False, markup=False)
    table = Table(title="Its commands, as MongoDB explains them", title_justify="left")
    for name in ("command", "reads", "index", "keys", "documents", "returned", "but"):
        table.add_column(name, overflow="fold", justify="right" if name in _NUMBERS else "left")
    for number, command in enumerate(ran.commands, 1):
        for read in command:
            indexes, faults = ", ".join(sorted(read.indexes)) or "none", ", ".join(sorted(read.faults))
            counts = (read.keys, read.documents, read.returned)
            table.add_row(str(number), read.collection, indexes, *(f"{count:,}" for count in counts), faults)
    console.print(table)


_ID = r"[0-9a-f]{64}"
_AUDIENCES = {
    EVERYBODY: "everybody",
    PARTNERS: "who has an API key",
    ORGANIZATION: "members and API keys of the organizations that registered it",
}
_NUMBERS = {"keys", "documents", "returned"}


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Explain one operation."""
    console = Console()
    api, preparer = build(production=False)
    try:
        variables = orjson.loads(arguments.variables)
        prepared = preparer.prepare(document(arguments.operation, settings))
        asked = Asked(api, preparer, prepared, prepared.choose(None), variables)
        of_partners = re.fullmatch(_ID, arguments.operation) is not None
        return _explain(console, settings, asked, arguments.email, ORGANIZATION if of_partners else EVERYBODY)
    except orjson.JSONDecodeError as error:
        sys.stderr.write(f"--variables: this is not JSON ({error}).\n")
    except (OperationError, PreparationError) as error:
        sys.stderr.write(f"{error}\n")
    return 2


def _explain(console: Console, settings: Settings, asked: Asked, email: str | None, audience: str) -> int:
    """Explain an operation that is of the release, or else for an audience."""
    own = plans.load().get(asked.prepared.id)
    client, audience = ("", audience) if own is None else (own.client, own.audience)
    plan = plan_of(asked.preparer.schema, client, asked.prepared, asked.operation, audience)
    _show(console, plan)
    made = Plans(asked.api)
    made.add(asked.prepared)
    _show_steps(console, made.get(asked.prepared, asked.operation, asked.variables, registered=False))
    if plan.cacheable:
        console.print(f"Its key with these variables: {key_of(plan, asked.variables)}", highlight=False)
    elif asked.operation.kind is not OperationType.QUERY:
        return 0
    elif plan.scope != "PUBLIC" and email is None:
        console.print("It was not run; say as whom with --as EMAIL.", highlight=False)
        return 0
    try:
        ran = asyncio.run(_execute(connected(settings), asked, made, email))
    except PyMongoError:
        console.print("No database answers, so it was not run; start one with `make run`.", highlight=False)
        return 0
    for message in ran.errors:
        console.print(f"Not cached with these variables: {message}", highlight=False, markup=False)
    _show_commands(console, ran)
    if plan.cacheable:
        _show_read(console, ran.read)
    return 0
