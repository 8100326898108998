"""Missing and forbidden are the same answer: for every field that takes an id, for everybody outside.

The schema is walked for arguments and input fields that take an id; each has a case in `CASES`, or this fails.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from beanie import PydanticObjectId

from models.audit import SEALS, AuditChain, AuditEvent
from models.register import DOCUMENTS
from schema import ids
from tests.following import Socket, socket, stream
from tests.images.samples import jpeg
from tests.passkeys import Device, add
from tests.platform import Json, Platform, User, added
from tests.tenants import CASES, NODES, taking_ids
from tests.test_asset import begin, picture

SECRET = "Xochitl"
"""A word in everything that organization A has, and nowhere else."""


@dataclass
class World:
    """Organization A with one of everything, and who asks for it."""

    platform: Platform
    existing: dict[str, str]
    own: Json
    owner: User
    outsider: User
    insider: User
    callers: dict[str, User | None] = field(default_factory=dict)

    def variables(self, operation: str, id_: str) -> Json:
        """Return the variables of an operation: the id in question, and the caller's own things."""
        return {"id": id_, **{name: value for name, value in self.own.items() if f"${name}:" in operation}}

    async def stored(self) -> str:
        """Return everything that organization A has, as text; but for the seals of its log, which come at any time."""
        key = ids.key(self.existing["Organization"], "Organization")
        design = ids.key(self.existing["Design"], "Design")
        of_a = {"$or": [{"_id": key}, {"organization": key}, {"design": design}]}
        handle = self.platform.database.handle
        kinds, seals = [kind for kind in DOCUMENTS if kind is not AuditChain], {AuditEvent: dict.fromkeys(SEALS, 0)}
        found = [
            await handle[kind.stored_in()].find(of_a, seals.get(kind)).sort("_id", 1).to_list(None) for kind in kinds
        ]
        return str(found)


@pytest.fixture(scope="module")
async def world(platform: Platform) -> World:
    """Build organization A, an outsider with an organization of their own, and a member of both."""
    ana, outsider, insider = [await platform.user(name) for name in (SECRET, "Eva", "Ida")]
    a = await ana.organization(f"{SECRET} Studio")
    project = await ana.project(a, title=f"{SECRET} house", description=SECRET)
    design = await ana.design(project, title=f"{SECRET} room", published=True)
    batch = uuid4().hex
    edit = await ana.edit(design, added("sofa", props={"name": SECRET}), batch=batch)
    version = await ana.do("saveVersion", "DesignVersion", {"designId": design, "name": f"{SECRET} first"})
    input_ = {"designId": design, "body": SECRET, "mentions": [ana.id]}
    comment = await ana.do("addComment", "Comment", input_)
    asset = await picture(ana, a, jpeg(64, 48))
    canvas = await ana.ask("query ($id: ID!) { design(id: $id) { canvas { elements { id } } } }", {"id": design})
    listed = " ".join(f"{name} {{ edges {{ node {{ id }} }} }}" for name in ("memberships", "mentions", "sessions"))
    mine = await ana.ask(f"{{ viewer {{ {listed} }} }}")
    await insider.join(a, "VIEWER")
    text = f'query Ours {{ listings(city: "{SECRET}") {{ totalCount }} }}'
    operation = await ana.do("registerOperation", "RegisteredOperation", {"organizationId": a, "document": text})
    key, _ = await ana.api_key(a)
    offered = {"organizationId": a, "email": f"{SECRET}@example.com", "role": "VIEWER"}
    invitation = await ana.do("inviteMember", "Invitation", offered)
    existing = {
        "Invitation": invitation["id"],
        "Organization": a,
        "ApiKey": key,
        "RegisteredOperation": operation["id"],
        "Project": project,
        "Design": design,
        "Comment": comment["id"],
        "Asset": asset["id"],
        "Upload": (await begin(ana, a))["id"],
        "Membership": mine["viewer"]["memberships"]["edges"][0]["node"]["id"],
        "User": ana.id,
        "Element": canvas["design"]["canvas"]["elements"][0]["id"],
        "Batch": batch,
        "DesignEdit": edit["inverse"],
        "DesignVersion": version["id"],
        "Passkey": (await add(ana, Device()))["id"],
        "Mention": mine["viewer"]["mentions"]["edges"][0]["node"]["id"],
        "Session": mine["viewer"]["sessions"]["edges"][0]["node"]["id"],
    }
    b = await outsider.organization()
    await insider.join(b, "OWNER")
    own_project = await outsider.project(b)
    own_design = await outsider.design(own_project)
    own_edit = await outsider.edit(own_design, added("chair"))
    own_version = await outsider.do("saveVersion", "DesignVersion", {"designId": own_design, "name": "V"})
    own_comment = await outsider.do("addComment", "Comment", {"designId": own_design, "body": "B"})
    own = {
        "comment": own_comment["id"],
        "version": own_version["id"],
        "organization": b,
        "project": own_project,
        "design": own_design,
        "email": ana.email,
        "edit": own_edit["inverse"],
    }
    callers = {"a member of another organization": outsider, "nobody": None}
    return World(platform, existing, own, ana, outsider, insider, callers)


def missing(kind: str) -> str:
    """Return an id of a type that nothing has."""
    if kind == "Batch":
        return uuid4().hex
    key = PydanticObjectId()
    return str(ids.encode(kind, f"{key}:sofa" if kind == "Element" else key))


def neutral(answer: object, *known: str) -> str:
    """Return an answer as text, without the ids that it was asked with."""
    text = json.dumps(answer, sort_keys=True)
    for id_ in known:
        text = text.replace(id_, "<id>").replace(id_.rstrip("="), "<id>")
    return text


def test_every_field_that_takes_an_id_has_a_case() -> None:
    """A new argument or input field that takes an id fails the build until it has one; so does a case for nothing."""
    found = set(taking_ids())
    assert len(found) > 30
    assert found - CASES.keys() == set(), "add a Case"
    assert CASES.keys() - found == set(), "there is no such field any more"


async def _ask(world: World, operation: str, id_: str, caller: User | None) -> object:
    """Ask over HTTP, or over server-sent events where it is a subscription."""
    platform, token = world.platform, caller.token if caller else None
    variables = world.variables(operation, id_)
    if not operation.startswith("subscription"):
        return await platform.post(operation, variables, token)
    async with stream(platform.session, platform.api, operation, variables, token) as events:
        return await events.receive()


@pytest.mark.parametrize("coordinate", CASES)
async def test_an_existing_id_is_answered_as_a_missing_one(world: World, coordinate: str) -> None:
    """Over HTTP and SSE, for a member of another organization and for nobody; and nothing of A's changes."""
    case, before = CASES[coordinate], await world.stored()
    assert SECRET in before
    for kind in case.kinds:
        for who, caller in world.callers.items():
            there, not_there = world.existing[kind], missing(kind)
            seen = neutral(await _ask(world, case.operation, there, caller), there)
            unseen = neutral(await _ask(world, case.operation, not_there, caller), not_there)
            assert seen == unseen, (who, kind)
            assert SECRET not in seen
            assert "INTERNAL" not in seen
            assert "<id>" not in seen, "an answer that names the id says that it was understood"
    assert await world.stored() == before


@pytest.fixture(scope="module")
async def sockets(world: World) -> Any:
    """Open a WebSocket for each caller."""
    session, api_ = world.platform.session, world.platform.api
    async with (
        socket(session, api_, world.outsider.token) as outside,
        socket(session, api_) as nobody,
    ):
        yield {"a member of another organization": outside, "nobody": nobody}


@pytest.mark.parametrize("coordinate", CASES)
async def test_it_is_so_over_websocket(world: World, sockets: dict[str, Socket], coordinate: str) -> None:
    """Queries, mutations and subscriptions alike."""
    case = CASES[coordinate]
    for kind in case.kinds:
        for who, opened in sockets.items():
            there, not_there = world.existing[kind], missing(kind)
            answers = [
                neutral(await opened.first(case.operation, world.variables(case.operation, id_)), id_)
                for id_ in (there, not_there)
            ]
            assert answers[0] == answers[1], (who, kind)
            assert SECRET not in answers[0]


async def test_node_answers_members_for_every_type(world: World, platform: Platform) -> None:
    """The kinds that `node` is tried with are all that it knows, and outsiders get them among others as null.

    API keys are for those who may manage them.
    """
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    kinds = [kind for kind in NODES if kind not in {"User", "Comment", "Passkey", "Invitation", "Session"}]
    wanted = [world.existing[kind] for kind in kinds]
    found = await world.insider.ask(query, {"ids": wanted})
    there = [{"__typename": kind, "id": id_} for kind, id_ in zip(kinds, wanted, strict=True)]
    assert found["nodes"] == [None if kind == "ApiKey" else node for kind, node in zip(kinds, there, strict=True)]
    assert (await world.owner.ask(query, {"ids": [world.existing["ApiKey"]]}))["nodes"] == [
        {"__typename": "ApiKey", "id": world.existing["ApiKey"]}
    ]
    own = world.own["project"]
    mixed = await world.outsider.ask(query, {"ids": [*wanted, own, missing("Project"), world.outsider.id]})
    assert mixed["nodes"] == [
        *([None] * len(wanted)),
        {"__typename": "Project", "id": own},
        None,
        {"__typename": "User", "id": world.outsider.id},
    ]
    assert (await platform.ask(query, {"ids": [*wanted, own]}))["nodes"] == [None] * (len(wanted) + 1)


async def test_a_private_slug_is_as_good_as_none(world: World, platform: Platform) -> None:
    """`publicProject` answers null for both, whoever asks."""
    query = "query ($slug: String!) { publicProject(slug: $slug) { title } }"
    key = ids.key(world.existing["Project"], "Project")
    stored = await platform.database.handle["projects"].find_one({"_id": key})
    assert stored is not None
    for caller in (None, world.outsider, world.insider):
        token = caller.token if caller else None
        private = await platform.post(query, {"slug": stored["slug"]}, token)
        assert private == await platform.post(query, {"slug": "no-such-slug"}, token)


async def test_a_cursor_of_another_tenants_list_opens_nothing(world: World) -> None:
    """Cursors are bound to their list; one of A's members list is refused in B's."""
    query = "query ($id: ID!, $after: String) { organization(id: $id) { members(after: $after) { edges { cursor } } } }"
    members = (await world.insider.ask(query, {"id": world.existing["Organization"]}))["organization"]["members"]
    cursor = members["edges"][0]["cursor"]
    own = (await world.outsider.ask("{ viewer { memberships { edges { node { organization { id } } } } } }"))["viewer"]
    b = own["memberships"]["edges"][0]["node"]["organization"]["id"]
    _, body = await world.platform.post(query, {"id": b, "after": cursor}, world.outsider.token)
    assert body["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "path": ["after"]}


async def test_a_member_is_told_the_difference(world: World) -> None:
    """So the cases above ask for something that is there, in words that find it. It comes last, since it changes A."""
    order = sorted(CASES, key=lambda name: "delete" in name or "remove" in name)
    for coordinate in order:
        case = CASES[coordinate]
        told = set()
        for kind in case.kinds:
            there, not_there = world.existing[kind], missing(kind)
            seen = neutral(await _ask(world, case.operation, there, world.insider), there)
            unseen = neutral(await _ask(world, case.operation, not_there, world.insider), not_there)
            told.add(seen != unseen)
        assert (True in told) is case.told, coordinate
