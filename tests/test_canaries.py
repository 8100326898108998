"""Secrets are never logged: whatever clients send, and whatever goes wrong with it.

Each text that a mutation or query takes is a canary of its own, so a field that is added later is covered too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
)

from models.database import Database
from resolvers.api import api
from tests.platform import Platform, User, another_api

SCHEMA = api._schema  # noqa: SLF001 - Strawberry offers no other way to graphql-core's schema
KEPT = {"Boolean": True, "Int": 1, "Float": 1.0, "DateTime": "2026-01-01T00:00:00Z"}
VALID = {"locale": "es"}
OURS = ("app", "auth", "edge", "models", "resolvers", "schema", "storage", "workers")
_DEEPEST = 4


class Canaries:
    """Makes texts that nothing else contains, and finds them in what was logged."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def one(self, where: str) -> str:
        """Return a new canary."""
        canary = f"canary-{uuid4().hex}"
        self.made[canary] = where
        return canary

    def sung(self, text: str) -> list[str]:
        """Return where the canaries in a text were put."""
        return [where for canary, where in self.made.items() if canary in text]


@pytest.fixture
def canaries(caplog: pytest.LogCaptureFixture) -> Iterator[Canaries]:
    """Give canaries, and look for them in everything that is logged meanwhile: of ours, the least important too."""
    listen(caplog)
    made = Canaries()
    yield made
    assert made.made
    assert {line[:300]: made.sung(line) for line in logged(caplog) if made.sung(line)} == {}


def listen(caplog: pytest.LogCaptureFixture) -> None:
    """Hear what processes log, and what ours would if it were asked for more."""
    caplog.set_level(logging.INFO)
    for package in OURS:
        caplog.set_level(logging.DEBUG, logger=package)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged, with tracebacks and what came beside the message."""
    formatter = logging.Formatter("%(name)s %(message)s")
    return [f"{formatter.format(record)} {vars(record)!r}" for record in caplog.records]


def test_a_canary_in_a_log_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    """In a message, beside it, and in a traceback."""
    listen(caplog)
    canaries, log = Canaries(), logging.getLogger("app.somewhere")
    log.debug("It was %s.", canaries.one("message"))
    log.info("It was.", extra={"what": canaries.one("extra")})
    try:
        int(canaries.one("error"))
    except ValueError:
        log.exception("It went wrong.")
    assert [canaries.sung(line) for line in logged(caplog)] == [["message"], ["extra"], ["error"]]


def value(type_: GraphQLInputType, canaries: Canaries, where: str, depth: int = 0) -> Any:
    """Return a value of a type with a canary wherever a text may be."""
    if isinstance(type_, GraphQLNonNull):
        return value(type_.of_type, canaries, where, depth)
    if isinstance(type_, GraphQLList):
        return [value(type_.of_type, canaries, where, depth)]
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        fields = type_.fields.items()
        if type_.extensions.get("one_of") or getattr(type_, "is_one_of", False):
            fields = dict([*fields][:1]).items()
        needed = {name: f for name, f in fields if depth < _DEEPEST or isinstance(f.type, GraphQLNonNull)}
        return {name: value(f.type, canaries, f"{where}.{name}", depth + 1) for name, f in needed.items()}
    return KEPT[type_.name] if type_.name in KEPT else text(canaries, where)


def text(canaries: Canaries, where: str) -> str:
    """Return a canary that gets as far as it can: addresses look like some, and a language is one."""
    if (field := where.rpartition(".")[2]) in VALID:
        return VALID[field]
    canary = canaries.one(where)
    return f"{canary}@example.com" if where.lower().endswith("email") else canary


def entries(root: GraphQLObjectType | None) -> list[str]:
    """Return the fields of a root type that take something."""
    assert root is not None
    return [name for name, field in root.fields.items() if field.args]


def asked(kind: str, root: GraphQLObjectType | None, name: str, canaries: Canaries) -> dict[str, Any]:
    """Return a request for one entry field."""
    assert root is not None
    field = root.fields[name]
    declared = ", ".join(f"${argument}: {found.type}" for argument, found in field.args.items())
    given = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    inner = get_named_type(field.type)
    composite = isinstance(inner, GraphQLObjectType | GraphQLUnionType | GraphQLInterfaceType)
    variables = {argument: value(found.type, canaries, f"{name}.{argument}") for argument, found in field.args.items()}
    selection = "{ __typename }" if composite else ""
    return {"query": f"{kind} ({declared}) {{ {name}({given}) {selection} }}", "variables": variables}


async def send(platform: Platform, request: dict[str, Any], user: User, canaries: Canaries) -> str:
    """Send a request as somebody who is signed in, with canaries in its headers; return the answer."""
    headers = {
        "Authorization": f"Bearer {user.token}",
        "Cookie": f"session={canaries.one('Cookie')}",
        "X-Api-Key": canaries.one("X-Api-Key"),
        "User-Agent": canaries.one("User-Agent"),
    }
    async with platform.session.post(f"{platform.api}/graphql", json=request, headers=headers) as response:
        return await response.text()


@pytest.mark.parametrize("name", entries(SCHEMA.mutation_type))
async def test_no_mutation_logs_what_it_was_given(platform: Platform, canaries: Canaries, name: str) -> None:
    """Given a canary in each text of a mutation's input, when it is run, then no log has one of them."""
    user = await platform.user()
    await send(platform, asked("mutation", SCHEMA.mutation_type, name, canaries), user, canaries)


@pytest.mark.parametrize("name", entries(SCHEMA.query_type))
async def test_no_query_logs_what_it_was_given(platform: Platform, canaries: Canaries, name: str) -> None:
    """The same of queries."""
    user = await platform.user()
    await send(platform, asked("query", SCHEMA.query_type, name, canaries), user, canaries)


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "bearer dp_live_", ""])
async def test_no_credential_is_logged_or_told(platform: Platform, canaries: Canaries, scheme: str) -> None:
    """Given a credential that is not good, then neither a log nor the answer repeats it."""
    for method, path in (("POST", "/graphql"), ("GET", "/graphql?query={viewer{id}}")):
        headers = {"Authorization": f"{scheme} {canaries.one('Authorization')}"}
        async with platform.session.request(
            method, platform.api + path, json={"query": "{ viewer { id } }"}, headers=headers
        ) as response:
            assert canaries.sung(await response.text()) == []


async def test_nothing_is_logged_of_what_fails(
    platform: Platform, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a fault of ours whose message has what it was given, then the answer is masked; the log names the fault.

    What is logged of a fault is its traceback, so this is about the answer, and about the variables beside it.
    """
    user = await platform.user()

    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Database, "transaction", fail)
    request = asked("mutation", SCHEMA.mutation_type, "signUp", canaries)
    answer = await send(platform, request, user, canaries)
    assert "a fault of ours" not in answer
    assert canaries.sung(answer) == []


async def test_no_secret_of_the_deployment_is_told(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    """Given secrets in the settings, when processes start and answer, then neither logs nor answers have them."""
    listen(caplog)
    secret = f"canary-{uuid4().hex}{uuid4().hex}"
    async with another_api(platform, secret_key=secret) as other:
        for path in ("/graphql?query={viewer{id}}", "/graphql?query={", "/nowhere", "/.well-known/jwks.json"):
            async with other.session.get(other.api + path) as response:
                assert secret not in json.dumps(dict(response.headers)) + await response.text()
    assert secret not in "\n".join(logged(caplog))
