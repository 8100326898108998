"""The operator's commands, against real processes: what is counted, purging by hand, explaining."""

from __future__ import annotations

import asyncio
import json

import pytest

from edge.keys import key_of
from tests.app.processes import running
from tests.coherence import by_bulk
from tests.coherence.conftest import Loop
from tests.coherence.world import PLANS, World


def command(world: World, loop: Loop, *arguments: str) -> tuple[int, str]:
    """Run `python -m app …` to its end: (exit code, what it said)."""

    async def run() -> tuple[int, str]:
        async with running({**world.environ, "COLUMNS": "200"}, "-m", "app", *arguments) as process:
            code = await process.ended()
            return code, process.text

    return loop.run(run())


@pytest.fixture
def held(world: World, loop: Loop) -> World:
    """Give the world with one answer in the edge's memory."""
    loop.run(by_bulk.insert(world, 0, 3))
    loop.run(_until_hit(world))
    return world


async def _until_hit(world: World) -> None:
    async with asyncio.timeout(20):  # a busy machine may hear no pulse for a moment
        while True:
            said, _, _ = await world.ask(world.edge, "Gallery", {"first": 7}, Edge_As_Of=world.own_write())
            if "hit" in said:
                return


def test_statistics_tell_what_was_counted(held: World, loop: Loop) -> None:
    """Given a hit, then `edge stats` says so, in tables and as JSON, and that the edge knows what has changed."""
    code, text = command(held, loop, "edge", "stats", "--json")
    found = json.loads(text)
    assert code == 0
    assert found["operations"]["Gallery"]["hit"] >= 1
    assert 0 < found["operations"]["Gallery"]["hit_rate"] <= 1
    assert found["store"]["bytes"] > 1000
    assert found["stream"]["vouches"] is True
    assert found["stream"]["lag"]["entries"] < 1000
    code, text = command(held, loop, "edge", "stats")
    assert code == 0
    assert "Gallery" in text
    assert "answers from memory" in text
    assert "behind the stream's tail" in text


def test_the_relay_audits_the_edge(held: World, loop: Loop) -> None:
    """Given an answer in memory, then the relay compares it with the API's, finds nothing, and its metrics say so."""

    async def until_compared() -> tuple[int, int]:
        async with asyncio.timeout(30):
            while True:
                compared, stale = await held.audited()
                if compared:
                    return compared, stale
                await _until_hit(held)

    assert loop.run(until_compared())[1] == 0


@pytest.mark.parametrize(
    "arguments", [("--all",), ("--operation", "Gallery"), ("Project",), ("gallery?",)], ids=lambda words: words[-1]
)
def test_a_purge_by_hand_reaches_the_edge(held: World, loop: Loop, arguments: tuple[str, ...]) -> None:
    """Given an answer in memory, when it is purged by any of its names, then the next one comes from the API."""
    code, text = command(held, loop, "purge", *arguments)
    assert (code, text.startswith("Purged ")) == (0, True)
    moment = text.rstrip(".\n").rpartition(" ")[2]
    signed = held.keys.sign("own-write", moment)
    for _ in range(100):
        said, _, _ = loop.run(held.ask(held.edge, "Gallery", {"first": 7}, Edge_As_Of=signed))
        if "behind-own-write" not in said:
            break
    assert "fwd=uri-miss" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Say what to purge"),
        (("--operation", "Nothing"), "registered are AcceptInvitation"),
        (("Projekt:1",), "No answer depends on 'Projekt:1'"),
    ],
)
def test_a_purge_of_nothing_known_is_refused(world: World, loop: Loop, arguments: tuple[str, ...], words: str) -> None:
    """Given a name that no answer has, then the message says which there are."""
    code, text = command(world, loop, "purge", *arguments)
    assert code == 2
    assert words in text


def test_an_operation_is_explained(held: World, loop: Loop) -> None:
    """Given a registered operation, then its plan, its key and the tags of its answer are shown."""
    code, text = command(held, loop, "explain", "Gallery", "--variables", '{"first": 1}')
    assert code == 0
    for words in ("PUBLIC", "Cached for 300 s", "reads of Project", "gallery?", "up to "):
        assert words in text
    assert f"Its key with these variables: {key_of(PLANS['Gallery'], {'first': 1})}" in text
    code, text = command(held, loop, "explain", PLANS["NearbyListings"].id)
    assert (code, "a lifetime of zero" in text) == (0, True)
    code, text = command(held, loop, "explain", "ViewerHome")
    assert (code, "scope VIEWER" in text, "--as EMAIL" in text) == (0, True, True)


def test_its_plan_and_its_commands_are_explained(held: World, loop: Loop) -> None:
    """Given a query, then its steps are shown, and what MongoDB does for each command; else why there is no plan."""
    code, text = command(held, loop, "explain", "Gallery")
    assert code == 0
    for words in ("at most 3 commands", "reference author → User(name)", "published_designs_by_project", "_id_"):
        assert words in text
    assert "scans the collection" not in text
    code, text = command(held, loop, "explain", "ViewerHome", "--as", held.viewers[0].email.upper())
    assert code == 0, text
    assert "memberships_by_user" in text
    code, text = command(held, loop, "explain", "ApplyDesignEdits")
    assert (code, "Executed by graphql-core, because it is a mutation." in text) == (0, True)
    code, text = command(held, loop, "explain", "Gallery", "--variables", '{"first": 101}')
    assert (code, "This request was executed by graphql-core: it has an error" in text) == (0, True)
    assert "Not cached with these variables: first: a page has 0 to 100 rows" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Nothing",), "registered are AcceptInvitation"),
        (("Gallery", "--variables", "{"), "this is not JSON"),
        (("missing.graphql",), "missing.graphql is no file"),
        (("ViewerHome", "--as", "nobody@example.com"), "There is no user nobody@example.com."),
    ],
)
def test_what_cannot_be_explained_says_why(world: World, loop: Loop, arguments: tuple[str, ...], words: str) -> None:
    """Given no such operation, or variables that are not JSON, then the message says so."""
    code, text = command(world, loop, "explain", *arguments)
    assert code == 2
    assert words in text


def test_without_an_edge_statistics_say_so(world: World, loop: Loop) -> None:
    """Given a port where no edge is, then the message names the address and the setting."""

    async def ask() -> tuple[int, str]:
        async with running({**world.environ, "ADMIN_PORT": "1"}, "-m", "app", "edge", "stats") as process:
            return await process.ended(), process.text

    code, text = loop.run(ask())
    assert code == 1
    assert "No edge answers" in text
    assert "ADMIN_PORT" in text
