"""Reading the audit log: who may, what the filters find, exports, and that each reading is an entry."""

from __future__ import annotations

import asyncio
import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from app.http.audit_lines import COLUMNS, as_csv, as_json
from schema import ids
from tests.platform import Json, Platform, User

FIELDS = """edges { cursor node { id action createdAt actorId actor { name } subjectKind subjectId address requestId
    sessionId apiKeyId details seq sealed } } pageInfo { hasNextPage endCursor } totalCount"""
LOG = f"""query ($id: ID!, $filter: AuditFilter, $first: Int, $after: String) {{
    auditEvents(organizationId: $id, filter: $filter, first: $first, after: $after) {{ {FIELDS} }} }}"""
OWN = f"""query ($actions: [AuditAction!], $first: Int, $after: String) {{
    securityEvents(actions: $actions, first: $first, after: $after) {{ {FIELDS} }} }}"""


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign up who owns what is read here."""
    return await platform.user("Ana")


@pytest.fixture(scope="module")
async def ben(platform: Platform) -> User:
    """Sign up somebody else."""
    return await platform.user("Ben")


@pytest.fixture
async def studio(ana: User) -> str:
    """Found an organization."""
    return await ana.organization()


async def read(user: User, organization: str, filter_: Json | None = None, **page: Any) -> Json:
    """Read a page of an organization's log."""
    found = await user.ask(LOG, {"id": organization, "filter": filter_, "first": 20, **page})
    page_: Json = found["auditEvents"]
    return page_


def actions(page: Json) -> list[str]:
    """Return what a page tells of."""
    return [edge["node"]["action"] for edge in page["edges"]]


JOINED = ("MEMBER_ADDED", "INVITATION_ACCEPTED", "INVITATION_SENT")
"""What the log says of somebody who was invited and has accepted, the newest first."""


async def _join(by: User, organization: str, other: User, role: str) -> str:
    input_ = {"organizationId": organization, "email": other.email, "role": role}
    invitation = await by.do("inviteMember", "Invitation", input_)
    return str((await other.do("acceptInvitation", "Membership", {"id": invitation["id"]}))["id"])


async def test_owners_read_what_was_done_the_newest_first(ana: User, ben: User, studio: str) -> None:
    """With who did what to what, when, from where."""
    membership = await _join(ana, studio, ben, "VIEWER")
    await ana.do("changeRole", "Membership", {"membershipId": membership, "role": "ADMIN"})
    page = await read(ana, studio)
    assert actions(page) == ["MEMBER_ROLE_CHANGED", *JOINED, "ORGANIZATION_CREATED"]
    node = page["edges"][0]["node"]
    assert (node["actorId"], node["actor"]["name"], node["address"]) == (ana.id, "Ana", "127.0.0.1")
    assert (node["subjectKind"], node["subjectId"]) == ("Membership", membership)
    assert node["details"] == {"user": str(ids.key(ben.id, "User")), "was": "VIEWER", "role": "ADMIN"}
    assert ids.decode(node["sessionId"])[0] == "Session"
    assert node["apiKeyId"] is None
    assert datetime.fromisoformat(node["createdAt"]) > datetime.now(UTC) - timedelta(minutes=5)


async def test_entries_are_sealed_a_moment_later(ana: User, studio: str) -> None:
    """The running relay numbers them from 1; what is shown says so."""
    async with asyncio.timeout(15):
        while not all(edge["node"]["sealed"] for edge in (await read(ana, studio))["edges"][-1:]):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)
    page = await read(ana, studio, {"actions": ["ORGANIZATION_CREATED"]})
    assert [edge["node"]["seq"] for edge in page["edges"]] == [1]


@pytest.mark.parametrize("role", ["ADMIN", "EDITOR", "VIEWER"])
async def test_members_who_are_no_owners_may_not(ana: User, ben: User, studio: str, role: str) -> None:
    """They learn what they lack; and nothing of it is written in the log."""
    await _join(ana, studio, ben, role)
    _, body = await ana.platform.post(LOG, {"id": studio}, ben.token)
    assert body["data"] is None
    assert body["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
    assert "AUDIT_READ" not in actions(await read(ana, studio))


async def test_each_reading_is_one_entry_that_says_what_was_asked(ana: User, studio: str) -> None:
    """Given two pages, then two entries, with the filters; the page itself does not show its own."""
    subject = str(ids.encode("Project", "6" * 24))
    filter_ = {"actions": ["MEMBER_ADDED"], "actorId": ana.id, "subjectId": subject, "from": "2026-01-01T00:00:00Z"}
    assert actions(await read(ana, studio, filter_, first=7)) == []
    page = await read(ana, studio)
    assert actions(page) == ["AUDIT_READ", "ORGANIZATION_CREATED"]
    assert page["edges"][0]["node"]["details"] == {
        "actions": ["MEMBER_ADDED"],
        "by": str(ids.key(ana.id, "User")),
        "about": "6" * 24,
        "from": "2026-01-01T00:00:00+00:00",
        "first": 7,
        "further": False,
    }


async def test_the_filters_find_what_they_say(ana: User, ben: User, studio: str) -> None:
    """By action, by who acted, by what was acted on, by time, and all of them together."""
    membership = await _join(ana, studio, ben, "OWNER")
    project = await ben.public_project(studio)
    between = (await read(ana, studio))["edges"][0]["node"]["createdAt"]
    await ana.do("changeRole", "Membership", {"membershipId": membership, "role": "OWNER"})  # which it is
    await ana.by_id("deleteProject", "Deleted", project)
    only = {"actions": ["PROJECT_PUBLISHED", "PROJECT_DELETED", "MEMBER_ADDED"]}
    assert actions(await read(ana, studio, only)) == ["PROJECT_DELETED", "PROJECT_PUBLISHED", "MEMBER_ADDED"]
    assert actions(await read(ana, studio, {"actorId": ben.id})) == ["PROJECT_PUBLISHED", *JOINED[:2]]
    assert actions(await read(ana, studio, {"subjectId": project})) == ["PROJECT_DELETED", "PROJECT_PUBLISHED"]
    assert actions(await read(ana, studio, {**only, "to": between})) == ["MEMBER_ADDED"]
    assert actions(await read(ana, studio, {**only, "from": between})) == ["PROJECT_DELETED", "PROJECT_PUBLISHED"]
    assert actions(await read(ana, studio, {**only, "actorId": ana.id, "subjectId": project})) == ["PROJECT_DELETED"]


async def test_pages_show_every_entry_once(ana: User, studio: str, platform: Platform) -> None:
    """Given entries of one time and of several, then pages by their cursors neither skip nor repeat any."""
    key, moment = ids.key(studio, "Organization"), datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {
            "organization": key,
            "action": "DESIGN_DELETED",
            "created_at": moment + timedelta(seconds=number // 4),
            "seq": 0,
        }
        | {"_id": ObjectId(), "details": {"number": number}}
        for number in range(23)
    ]
    rows = [row | {"seq": 1000 + number, "mac": "m"} for number, row in enumerate(rows)]
    await platform.database.handle["audit_events"].insert_many(rows)
    seen, after, only = list[int](), None, {"actions": ["DESIGN_DELETED"]}
    while True:
        page = await read(ana, studio, only, first=5, after=after)
        seen += [edge["node"]["details"]["number"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == [*range(23)]
    assert [number // 4 for number in seen] == sorted((number // 4 for number in seen), reverse=True)
    _, body = await platform.post(LOG, {"id": studio, "after": after}, ana.token)  # of the narrowed list
    assert body["errors"][0]["extensions"]["path"] == ["after"]
    await platform.database.handle["audit_events"].delete_many({"organization": key, "mac": "m"})


@pytest.mark.parametrize(
    ("filter_", "path"),
    [
        ({"actorId": "x"}, ["filter", "actorId"]),
        ({"subjectId": "x"}, ["filter", "subjectId"]),
        ({"actorId": str(ids.encode("Project", "6" * 24))}, ["filter", "actorId"]),
    ],
)
async def test_what_is_no_filter_is_refused(ana: User, studio: str, filter_: Json, path: list[str]) -> None:
    """The path leads to what is wrong."""
    _, body = await ana.platform.post(LOG, {"id": studio, "filter": filter_}, ana.token)
    assert body["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "path": path}


async def test_an_entry_is_no_node(ana: User, studio: str) -> None:
    """`node` would read the log without a word of it in the log."""
    entry = (await read(ana, studio))["edges"][0]["node"]["id"]
    _, body = await ana.platform.post("query ($id: ID!) { node(id: $id) { id } }", {"id": entry}, ana.token)
    assert body["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


async def test_everybody_sees_what_was_done_with_their_own_account(platform: Platform, ana: User) -> None:
    """Signing up and in, and nothing of anybody else; reading it is an entry, shown where it is asked for."""
    eva = await platform.user("Eva")
    await platform.ask(
        "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }",
        {"input": {"email": eva.email, "password": "correct horse battery"}},
    )
    await eva.organization()
    own = [(await eva.ask(OWN))["securityEvents"] for _ in range(2)]
    assert [actions(page) for page in own] == [["SIGNED_IN", "SIGNED_IN", "EMAIL_VERIFIED", "ACCOUNT_OPENED"]] * 2
    read_ = (await eva.ask(OWN, {"actions": ["AUDIT_READ"]}))["securityEvents"]
    assert actions(read_) == ["AUDIT_READ"] * 2
    for edge in own[0]["edges"]:
        assert eva.id in {edge["node"]["actorId"], edge["node"]["subjectId"]}
    first = (await eva.ask(OWN, {"first": 1}))["securityEvents"]
    second = (await eva.ask(OWN, {"first": 1, "after": first["pageInfo"]["endCursor"]}))["securityEvents"]
    assert actions(first) + actions(second) == ["SIGNED_IN", "SIGNED_IN"]
    _, body = await platform.post(OWN)
    assert body["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"
    _, body = await platform.post(OWN, {"after": first["pageInfo"]["endCursor"]}, ana.token)  # bound to Eva's list
    assert body["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


async def export(
    platform: Platform, organization: str, user: User | None, format_: str = "jsonl", *, base: str = "", query: str = ""
) -> tuple[int, str, str]:
    """Export a log: (status, media type, text)."""
    headers = {"Authorization": f"Bearer {user.token}"} if user else {}
    url = f"{base or platform.api}/audit/{quote(organization, safe='')}.{format_}{query}"
    async with platform.session.get(url, headers=headers) as response:
        return response.status, response.content_type, await response.text()


async def test_export_as_json_lines_and_csv(platform: Platform, ana: User, ben: User, studio: str) -> None:
    """The oldest first, also through the front door, and that it was exported is an entry."""
    membership = await _join(ana, studio, ben, "VIEWER")
    status, type_, text = await export(platform, studio, ana)
    assert (status, type_) == (200, "application/jsonl")
    rows = [orjson.loads(line) for line in text.splitlines()]
    assert [row["action"] for row in rows] == ["ORGANIZATION_CREATED", *reversed(JOINED)]
    assert rows[3]["subject"] == str(ids.key(membership, "Membership"))
    assert {*rows[0]} == {*COLUMNS}
    status, type_, text = await export(platform, studio, ana, "csv", base=platform.edge)
    assert (status, type_) == (200, "text/csv")
    head, *lines = csv.reader(StringIO(text))
    assert head == [*COLUMNS]
    assert [line[2] for line in lines] == ["ORGANIZATION_CREATED", *reversed(JOINED), "AUDIT_EXPORTED"]
    page = await read(ana, studio, {"actions": ["AUDIT_EXPORTED"]})
    assert [edge["node"]["details"]["format"] for edge in page["edges"]] == ["csv", "jsonl"]


async def test_an_export_is_narrowed_as_it_is_asked(platform: Platform, ana: User, ben: User, studio: str) -> None:
    """By time and action; what is no time or no parameter is refused before anything is written."""
    await _join(ana, studio, ben, "VIEWER")
    _, _, text = await export(platform, studio, ana, query="?from=2026-01-01&action=MEMBER_ADDED&action=MEMBER_LEFT")
    assert [orjson.loads(line)["action"] for line in text.splitlines()] == ["MEMBER_ADDED"]
    assert (await export(platform, studio, ana, query="?to=2026-01-01T00:00:00Z"))[2] == ""
    for query in ("?from=x", "?action=NOTHING", "?actor=x", "?subject=x", "?since=2026-01-01"):
        status, _, text = await export(platform, studio, ana, query=query)
        assert (status, orjson.loads(text)["errors"][0]["extensions"]["code"]) == (400, "INVALID_INPUT")
    assert len((await read(ana, studio, {"actions": ["AUDIT_EXPORTED"]}))["edges"]) == 2


async def test_attack_exporting_what_is_anothers(platform: Platform, ana: User, ben: User, studio: str) -> None:
    """Nobody is told to sign in, outsiders that there is no such organization, members that they may not."""
    none = str(ids.encode("Organization", ObjectId()))
    assert (await export(platform, studio, None))[0] == 401
    assert await export(platform, studio, ben) == await export(platform, none, ben)
    assert (await export(platform, studio, ben))[0] == 404
    assert await export(platform, studio, None) == await export(platform, none, None)
    await _join(ana, studio, ben, "ADMIN")
    status, _, text = await export(platform, studio, ben)
    assert (status, orjson.loads(text)["errors"][0]["extensions"]["code"]) == (403, "NOT_ALLOWED")
    assert (await export(platform, studio, ana, "xlsx"))[0] == 404
    forged = User(platform, "", "", "forged", "")
    assert (await export(platform, studio, forged))[0] == 401
    assert "AUDIT_EXPORTED" not in actions(await read(ana, studio))


ROW: Json = {
    "_id": ObjectId("65f000000000000000000001"),
    "created_at": datetime(2026, 11, 27, 12, 0, 0, 5000, tzinfo=UTC),
    "action": "MEMBER_ADDED",
    "actor": None,
    "details": {"role": "ADMIN"},
    "seq": 3,
}


@given(st.sampled_from(["address", "request", "kind"]), st.sampled_from("=+-@\t\r\n"), st.text(max_size=10))
def test_attack_formulas_in_a_spreadsheet(name: str, sign: str, text: str) -> None:
    """Given a cell that a spreadsheet would run, then it is shown as text; every line has all cells."""
    (cells,) = csv.reader(StringIO(as_csv(ROW | {name: f"{sign}{text}"}).decode(), newline=""))
    assert len(cells) == len(COLUMNS)
    assert cells[COLUMNS.index(name)] == f"'{sign}{text}"
    assert cells[COLUMNS.index("details")] == '{"role":"ADMIN"}'


def test_a_line_of_json_says_all() -> None:
    """Ids are hexadecimal, times are UTC with milliseconds."""
    row = orjson.loads(as_json(ROW))
    assert row["id"] == "65f000000000000000000001"
    assert row["at"] == "2026-11-27T12:00:00.005+00:00"
    assert (row["actor"], row["details"], row["seq"]) == (None, {"role": "ADMIN"}, 3)
