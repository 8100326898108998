"""`python -m app explain`: what is known of an operation, and why its answers may be cached or not."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import orjson
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.table import Table

from app.http import registry
from app.http.contexts import Contexts
from app.operations import OperationError, plan_of
from app.services import asset_store, connected, image_links, open_database, open_redis
from app.settings import Settings
from auth.tokens import Keys
from auth.viewer import ANONYMOUS
from edge import plans
from edge.follower import Follower
from edge.keys import key_of
from edge.plans import Plan
from models.operation import RegisteredOperation
from resolvers.api import Api, build
from resolvers.context import Services
from schema.dependencies import Dependencies
from schema.prepared import Operation, PreparationError, Prepared, Preparer
from schema.reader import Find, Reader
from storage.signals import RedisSignals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the operation and its variables."""
    parser.add_argument("operation", metavar="OPERATION", help="a registered name, an id, or a .graphql file")
    parser.add_argument("--variables", default="{}", metavar="JSON", help="the variables to run it with")


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
    if re.fullmatch(r"[0-9a-f]{64}", wanted):
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


async def _execute(
    settings: Settings,
    api: Api,
    preparer: Preparer,
    prepared: Prepared,
    operation: Operation,
    variables: dict[str, Any],
) -> tuple[Dependencies, list[str]]:
    """Run a public operation as nobody: (what it read, its errors)."""
    database, redis = await open_database(settings), open_redis(settings)
    try:
        services = Services(
            database,
            Keys(settings.secret_key),
            asset_store(settings),
            RedisSignals(redis),
            settings.public_url,
            preparer,
        )
        context = Contexts(services, image_links(settings), Follower(redis)).make(operation, ANONYMOUS)
        result = await api.execute(
            prepared.text, variable_values=variables, context_value=context, operation_name=operation.name
        )
        return context.dependencies, [error.message for error in result.errors or ()]
    finally:
        await redis.aclose()
        await database.close()


def _show(console: Console, plan: Plan) -> None:
    table = Table(title=f"{plan.name or 'An operation without a name'} ({plan.id[:12]}…)", title_justify="left")
    table.add_column("what")
    table.add_column("value", overflow="fold")
    rows: list[tuple[str, object]] = [
        ("scope", plan.scope),
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
        for tag, low, high, *_ in read.ranges
    }
    table = Table(title=f"This answer depends on {len(read.tags)} tags", title_justify="left")
    table.add_column("tag", overflow="fold")
    table.add_column("which part", overflow="fold")
    for tag in sorted(read.tags):
        table.add_row(tag, parts.get(tag, ""))
    console.print(table)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Explain one operation."""
    console = Console()
    api, preparer = build(production=False)
    try:
        variables = orjson.loads(arguments.variables)
        prepared = preparer.prepare(document(arguments.operation, settings))
        operation = prepared.choose(None)
    except orjson.JSONDecodeError as error:
        sys.stderr.write(f"--variables: this is not JSON ({error}).\n")
        return 2
    except (OperationError, PreparationError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    own = plans.load().get(prepared.id)
    plan = plan_of(preparer.schema, own.client if own is not None else "", prepared, operation)
    _show(console, plan)
    if not plan.cacheable:
        return 0
    console.print(f"Its key with these variables: {key_of(plan, variables)}", highlight=False)
    try:
        read, errors = asyncio.run(_execute(connected(settings), api, preparer, prepared, operation, variables))
    except PyMongoError:
        console.print("No database answers, so it was not run; start one with `make run`.", highlight=False)
        return 0
    for message in errors:
        console.print(f"Not cached with these variables: {message}", highlight=False, markup=False)
    _show_read(console, read)
    return 0
