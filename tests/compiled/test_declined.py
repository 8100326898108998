"""What plans leave to graphql-core: rows that are not as their document's class has them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from bson import Int64
from prometheus_client import REGISTRY

from schema import ids
from tests.platform import Json, Platform, User, added, another_api


class Case(NamedTuple):
    """A change of a stored document, a selection that shows what was changed, and the type that it is of."""

    collection: str
    changed: Json
    shows: str


_NAN = float("nan")
REFUSED = {
    "a number for a text": Case("projects", {"title": 5}, "title"),
    "null for a text": Case("projects", {"title": None}, "title"),
    "a list for a text": Case("designs", {"title": ["Sala"]}, "title"),
    "an unknown kind": Case("projects", {"kind": "CASTLE"}, "kind"),
    "a number for a kind": Case("elements", {"kind": 7}, "kind"),
    "a text for a time": Case("projects", {"created_at": "yesterday"}, "createdAt"),
    "a text for a number": Case("projects", {"area_m2": "large"}, "areaM2"),
    "a fraction for a whole number": Case("projects", {"rooms": 2.5}, "rooms"),
    "a text for an id": Case("projects", {"owner": "nobody"}, "owner { id }"),
    "a number for an id that may be missing": Case("designs", {"cover": 7}, "cover { id }"),
    "a text for an address": Case("projects", {"address": "here"}, "address { city }"),
    "an address without a city": Case("projects", {"address": {"country": "ES"}}, "address { country }"),
    "a price below nothing": Case("projects", {"price": {"amount": -1, "currency": "EUR"}}, "price { amount }"),
    "no number for a length": Case("elements", {"x": _NAN}, "x"),
    "an endless length": Case("elements", {"height": float("inf")}, "height"),
    "a text for props": Case("elements", {"props": "wooden"}, "props"),
    "no number for an anchor": Case("comments", {"anchor": {"x": _NAN}}, "anchor { x }"),
    "a text for a place": Case("comments", {"anchor": {"x": "left"}}, "anchor { element }"),
    "a flag that is none": Case("comments", {"edited_at": {}}, "editedAt"),
}
"""What a document's class refuses."""

TAKEN = {
    "a text that is a number": Case("designs", {"seq": "3"}, "seq"),
    "a whole number stored as another kind": Case("designs", {"like_count": 4.0}, "likeCount"),
    "a long number": Case("projects", {"rooms": Int64(4)}, "rooms"),
    "a flag for a number": Case("projects", {"area_m2": True}, "areaM2"),
    "a text for a length": Case("elements", {"y": "2.5"}, "y"),
    "a text that is a time": Case("comments", {"edited_at": "2026-02-01T10:00:00.5+02:00"}, "editedAt"),
    "a number that is a time": Case("comments", {"edited_at": 1_800_000_000}, "editedAt"),
    "anchors as texts": Case("comments", {"anchor": {"x": "1", "y": -0.0}}, "anchor { x y element }"),
}
"""What a document's class takes for something else."""


@dataclass
class Broken:
    """An API of its own, somebody who asks it, and one thing of each type that is theirs, by collection."""

    api: Platform
    user: User
    kept: dict[str, tuple[str, Any]] = field(default_factory=dict)

    async def change(self, case: Case) -> None:
        """Change what is stored, past all checks."""
        _, key = self.kept[case.collection]
        await self.api.database.handle[case.collection].update_one({"_id": key}, {"$set": case.changed})

    async def ask(self, case: Case, selection: str) -> tuple[list[Any], float]:
        """Ask until a plan was tried: return all answers, and how many of them plans have made."""
        kind, key = self.kept[case.collection]
        text = f"query Q{uuid4().hex} ($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {selection} }} }} }}"
        before, answers = plans(), list[Any]()
        async with asyncio.timeout(20):
            while plans() == before and not (answers and said()):
                variables = {"id": ids.encode(kind, key)}
                answers.append(await self.api.post(text, variables, self.user.token))
        return answers, plans() - before


def plans() -> float:
    """Return how many answers plans have made."""
    return REGISTRY.get_sample_value("origin_answers_total", {"executor": "plan"}) or 0.0


WARNINGS: list[str] = []


def said() -> bool:
    """Whether a request was left to graphql-core with a warning."""
    return any("is left to graphql-core" in warning for warning in WARNINGS)


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Hear what the executor logs."""

    class Ear(logging.Handler):
        """Keeps messages."""

        def emit(self, record: logging.LogRecord) -> None:
            """Keep one."""
            WARNINGS.append(record.getMessage())

    ear, log = Ear(logging.WARNING), logging.getLogger("schema.compiled.executor")
    WARNINGS.clear()
    log.addHandler(ear)
    yield
    log.removeHandler(ear)


@pytest.fixture
async def broken(platform: Platform) -> AsyncIterator[Broken]:
    """Give an organization's things, which end with the test, and an API that has said nothing yet."""
    user = await platform.user()
    organization = await user.organization()
    project = await user.project(organization)
    design = await user.design(project)
    await user.edit(design, added("sofa"))
    comment = await user.do("addComment", "Comment", {"designId": design, "body": "Bien"})
    things = {"projects": ("Project", project), "designs": ("Design", design), "comments": ("Comment", comment["id"])}
    kept: dict[str, tuple[str, Any]] = {name: (kind, ids.key(id_, kind)) for name, (kind, id_) in things.items()}
    kept["elements"] = ("Element", f"{ids.key(design, 'Design')}:sofa")
    async with another_api(platform) as api:
        yield Broken(api, user, kept)
    for name, (_, key) in kept.items():
        await platform.database.handle[name].delete_one({"_id": key})


@pytest.mark.parametrize("name", REFUSED)
async def test_what_a_class_refuses_is_answered_as_before(broken: Broken, name: str) -> None:
    """Given such a value that is selected, then the answer is graphql-core's, with a plan and without; it is logged."""
    case = REFUSED[name]
    await broken.change(case)
    answers, made = await broken.ask(case, case.shows)
    assert made == 0
    assert said()
    assert len(answers) > 1
    assert all(answer == answers[0] for answer in answers)
    status, body = answers[0]
    assert status == 200
    assert body["data"] == {"node": None}
    assert body["errors"][0]["extensions"] == {"code": "INTERNAL"}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_selected_does_not_matter(broken: Broken, name: str) -> None:
    """Given such a value that is not selected, then a plan answers, with what is selected."""
    case = REFUSED[name]
    await broken.change(case)
    answers, made = await broken.ask(case, "id __typename")
    kind, key = broken.kept[case.collection]
    assert made == 1
    assert not said()
    assert answers[-1] == (200, {"data": {"node": {"id": ids.encode(kind, key), "__typename": kind}}})


@pytest.mark.parametrize("name", TAKEN)
async def test_what_a_class_converts_is_converted(broken: Broken, name: str) -> None:
    """Given a value that the class takes for another, then plans take it for the same."""
    case = TAKEN[name]
    await broken.change(case)
    answers, made = await broken.ask(case, case.shows)
    assert made == 1
    assert "errors" not in answers[0][1], answers[0]
    assert all(answer == answers[0] for answer in answers)


UNUSUAL = {
    "no id, for which the class makes a new one": Case("designs", {"author": None}, "author { id }"),
}


@pytest.mark.parametrize("name", UNUSUAL)
async def test_what_is_unusual_is_answered_as_before(broken: Broken, name: str) -> None:
    """Given a value that the class takes, however odd, then a hot query's answer stays what it was."""
    case = UNUSUAL[name]
    await broken.change(case)
    answers, _ = await broken.ask(case, case.shows)
    assert all(answer == answers[0] for answer in answers), answers[-1]


OUT_OF_BOUNDS = {
    "a text with spaces around it": Case("projects", {"title": " Casa  "}, "title"),
    "an empty text": Case("projects", {"title": ""}, "title"),
    "a text that is too long": Case("designs", {"title": "x" * 161}, "title"),
    "a number below its least": Case("projects", {"rooms": -1}, "rooms"),
    "a length beyond its most": Case("elements", {"x": 2e6}, "x"),
    "a key with spaces": Case("elements", {"key": "a b"}, "key"),
    "props with a name of MongoDB's": Case("elements", {"props": {"$a": 1}}, "props"),
}


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
async def test_what_breaks_a_rule_and_has_its_type_is_shown_as_it_is_stored(broken: Broken, name: str) -> None:
    """Given a script's value of the right type that breaks its document's rule, then a plan shows it; see ADR 24."""
    case = OUT_OF_BOUNDS[name]
    await broken.change(case)
    answers, made = await broken.ask(case, case.shows)
    assert made == 1
    assert not said()
    assert answers[-1] == (200, {"data": {"node": case.changed}})


async def test_what_graphql_cannot_show_is_an_error(broken: Broken) -> None:
    """Given a number that is no GraphQL Int, then graphql-core's error is the answer, and nothing is wrong with us."""
    case = Case("designs", {"like_count": 2**40}, "likeCount")
    await broken.change(case)
    kind, key = broken.kept["designs"]
    text = f"query Q{uuid4().hex} ($id: ID!) {{ node(id: $id) {{ ... on Design {{ likeCount }} }} }}"
    answers = [await broken.api.post(text, {"id": ids.encode(kind, key)}, broken.user.token) for _ in range(8)]
    assert all(answer == answers[0] for answer in answers)
    assert "Int cannot represent" in answers[0][1]["errors"][0]["message"]
    assert not said()
