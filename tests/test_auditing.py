"""What actions write to the audit log: each mutation is decided upon, and writes exactly what is said of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from auth.chain import signed
from auth.signatures import Keys
from models.audit import AuditAction
from models.entity import now
from resolvers.api import api
from schema import ids
from tests.audit_cases import World
from tests.audited import AUDITED, UNAUDITED
from tests.platform import Platform, User

Row = dict[str, Any]


@pytest.fixture(scope="module")
async def people(platform: Platform) -> list[User]:
    """Sign up who is in every world."""
    return [await platform.user(name) for name in ("Ana", "Ben", "Eva")]


@pytest.fixture
async def world(people: list[User]) -> World:
    """Give a world of its own to each test."""
    return await World.make(*people)


class Log:
    """The entries that come from now on."""

    def __init__(self, platform: Platform) -> None:
        self._events = platform.database.handle["audit_events"]
        self._begun = now() - timedelta(seconds=5)
        self._known: set[object] = set()

    async def mark(self) -> Log:
        """Forget those that are there."""
        self._known = {row["_id"] for row in await self._rows()}
        return self

    async def new(self) -> list[Row]:
        """Return those that have come, the oldest first."""
        return [row for row in await self._rows() if row["_id"] not in self._known]

    async def _rows(self) -> list[Row]:
        order = [("created_at", 1), ("_id", 1)]
        rows: list[Row] = await self._events.find({"created_at": {"$gte": self._begun}}).sort(order).to_list()
        return rows


def test_every_mutation_is_decided_upon() -> None:
    """A new mutation fails the build until it is audited, or it is said why not; so does a decision about nothing."""
    mutations = api._schema.mutation_type  # noqa: SLF001 - graphql-core's schema
    assert mutations is not None
    assert set(mutations.fields) - AUDITED.keys() - UNAUDITED.keys() == set(), "add a line in tests/audited.py"
    assert (AUDITED.keys() | UNAUDITED.keys()) - set(mutations.fields) == set(), "there is no such mutation any more"
    assert AUDITED.keys() & UNAUDITED.keys() == set()
    assert all(len(reason) > 5 for reason in UNAUDITED.values())


@pytest.mark.parametrize("mutation", AUDITED)
async def test_a_mutation_writes_exactly_its_entries(world: World, mutation: str) -> None:
    """With who did it, where from, by which request, in whose log, signed; and nothing of what is personal."""
    case = AUDITED[mutation]
    await case.prepare(world)
    log = await Log(world.platform).mark()
    await case.run(world)
    entries = await log.new()
    assert [(row["action"], row["kind"]) for row in entries] == [*case.entries]
    keys = Keys(world.platform.settings.secret_key)
    for row in entries:
        assert row["address"] == "127.0.0.1"
        assert len(row["request"]) == 16
        assert (row["subject"] is None) is (row["kind"] == "")
        assert signed(keys, row)
        who = None if case.by is None else case.by(world)
        assert row["actor"] == (row["subject"] if who is None else ids.key(who.id, "User"))
        assert (row["session"] is None) is case.nobody
        own = {ids.key(world.organization, "Organization"), row["subject"] if mutation == "createOrganization" else ""}
        within = who is world.ana if case.within is None else case.within
        assert row["organization"] in (own if within else {None})
        for personal in (world.ana.email, world.ben.email, world.eva.email, "Ana", "Eva", "Estudio"):
            assert personal not in str(row)


@pytest.mark.parametrize(
    ("mutation", "type_", "name"),
    [
        ("publishDesign", "Design", "published"),
        ("unpublishDesign", "Design", "design"),
    ],
)
async def test_what_changes_nothing_is_no_entry(world: World, mutation: str, type_: str, name: str) -> None:
    """Given a design that is published (or is not) already, then asking again writes nothing."""
    log = await Log(world.platform).mark()
    await world.ana.by_id(mutation, type_, getattr(world, name))
    assert await log.new() == []


async def test_a_role_that_somebody_has_already_is_no_entry(world: World) -> None:
    """Given a viewer who is made one, then nothing is written; nor where a project's visibility changes nothing."""
    log = await Log(world.platform).mark()
    await world.ana.do("changeRole", "Membership", {"membershipId": world.membership, "role": "VIEWER"})
    await world.ana.do("showProject", "Project", {"id": world.project, "visibility": "PUBLIC", "status": "DRAFT"})
    input_ = {"organizationId": world.organization, "document": world.document.replace("Homes", "Houses")}
    await world.ana.do("registerOperation", "RegisteredOperation", input_)
    assert await log.new() == []


async def test_what_is_refused_is_no_entry(world: World) -> None:
    """Given somebody without the right, or without an organization, then nothing was done and nothing is written."""
    log = await Log(world.platform).mark()
    for user in (world.ben, world.eva):
        refused = [
            await user.by_id("deleteProject", "Deleted", world.project),
            await user.by_id("publishDesign", "Design", world.design),
            await user.by_id("removeOperation", "Deleted", world.operation),
            await user.by_id("deleteAsset", "Deleted", world.asset),
            await user.do("changeRole", "Membership", {"membershipId": world.membership, "role": "OWNER"}),
        ]
        assert {answer["code"] for answer in refused} == {"NOT_ALLOWED" if user is world.ben else "NOT_FOUND"}
    assert await log.new() == []


async def test_entries_say_what_was_changed(world: World) -> None:
    """The role before and after, whose it was, which designs went with a project, what a partner asks."""
    ana, log = world.ana, await Log(world.platform).mark()
    await ana.do("changeRole", "Membership", {"membershipId": world.membership, "role": "ADMIN"})
    await ana.do("showProject", "Project", {"id": world.public_project, "visibility": "PUBLIC", "status": "ARCHIVED"})
    await ana.by_id("deleteProject", "Deleted", world.public_project)
    changed, unpublished, deleted = await log.new()
    assert changed["details"] == {"user": str(ids.key(world.ben.id, "User")), "was": "VIEWER", "role": "ADMIN"}
    assert unpublished["action"] == "PROJECT_UNPUBLISHED"
    assert unpublished["details"] == {"visibility": "PUBLIC", "status": "ARCHIVED"}
    designs = {str(ids.key(design, "Design")) for design in (world.design, world.published)}
    assert {*deleted["details"]["designs"]} == designs


async def test_who_leaves_by_themselves_has_left(world: World) -> None:
    """Given a member who ends their own membership, then the entry says so."""
    log = await Log(world.platform).mark()
    await world.ben.ask("mutation ($i: ID!) { removeMember(membershipId: $i) { __typename } }", {"i": world.membership})
    assert [row["action"] for row in await log.new()] == ["MEMBER_LEFT"]


async def test_a_device_that_makes_and_publishes_at_once_writes_both(world: World, platform: Platform) -> None:
    """Given a pushed project that is public from its beginning, then its publication is an entry."""
    log, id_ = await Log(platform).mark(), str(ids.encode("Project", "6" * 24))
    new: Row = {"id": id_, "organizationId": world.organization, "title": "T", "kind": "HOUSE"}
    new |= {"address": {"city": "C", "country": "ES"}, "status": "ACTIVE", "visibility": "PUBLIC"}
    await world.push("Project", new, None)  # type: ignore[arg-type]  # a new one has no assumed state
    assert [row["action"] for row in await log.new()] == ["PROJECT_PUBLISHED"]


async def test_an_entry_outside_of_a_transaction_is_refused(platform: Platform) -> None:
    """Whoever forgets the transaction is told when the code first runs."""
    from auth.recording import record  # noqa: PLC0415 - used by this test alone
    from models.audit import AuditEvent  # noqa: PLC0415

    event = AuditEvent(action=AuditAction.SIGNED_IN)
    async with platform.database.client.start_session() as session:
        with pytest.raises(RuntimeError, match="transaction"):
            await record(Keys(platform.settings.secret_key), session, event)


async def test_an_action_that_fails_leaves_no_entry(platform: Platform, world: World) -> None:
    """Given two who take the same invitation back at once, then one is told of the conflict, and there is one entry."""
    input_ = {"organizationId": world.organization, "email": world.eva.email, "role": "VIEWER"}
    id_ = (await world.ana.do("inviteMember", "Invitation", input_))["id"]
    log = await Log(platform).mark()
    answers = await asyncio.gather(*(world.ana.by_id("revokeInvitation", "Invitation", id_) for _ in range(2)))
    assert sorted(answer["__typename"] for answer in answers) == ["Conflict", "Invitation"]
    assert [row["action"] for row in await log.new()] == ["INVITATION_REVOKED"]
