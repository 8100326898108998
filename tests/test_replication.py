"""Devices catch up: pull, push and stream of projects, designs and comments, through HTTP and WebSocket."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import WSMsgType
from beanie import PydanticObjectId

from app.explaining import explain
from models.replication import Change, Mark
from resolvers.following import Pace
from resolvers.pulling import changed, known
from tests.following import Socket, socket
from tests.platform import Json, Platform, User, added, another_api
from tests.replication import FIELDS, Device, new_id


@pytest.fixture(scope="module")
async def ana(platform: Platform) -> User:
    """Sign somebody up who works alone."""
    return await platform.user()


@pytest.fixture
async def studio(ana: User) -> str:
    """Found an organization."""
    return await ana.organization()


def about(organization: str) -> Any:
    """Return what picks an organization's copies."""
    return lambda copies: [copy for copy in copies.values() if copy["organizationId"] == organization]


async def test_a_device_pulls_everything_then_what_changed(platform: Platform) -> None:
    """Given what was made, changed and deleted, then a device has it, flat, and each change comes once."""
    eva = await platform.user("Eva")
    studio = await eva.organization()
    price = {"amount": 25_000_000, "currency": "EUR"}
    place = {"latitude": 40.4, "longitude": -3.7}
    project = await eva.project(studio, price=price, location=place, rooms=3, areaM2=80)
    design = await eva.design(project)
    remark = await eva.do("addComment", "Comment", {"designId": design, "body": "Más luz", "mentions": [eva.id]})
    projects, designs, comments = Device(eva, "Project"), Device(eva, "Design"), Device(eva, "Comment")
    await projects.until(lambda copies: project in copies)
    await designs.until(lambda copies: design in copies)
    await comments.until(lambda copies: remark["id"] in copies)
    copy = projects.copies[project]
    assert (copy["title"], copy["price"], copy["location"], copy["rooms"]) == ("Casa", price, place, 3)
    assert (copy["organizationId"], copy["ownerId"], copy["coverId"]) == (studio, eva.id, None)
    assert copy["address"] == {"street": "", "postalCode": "", "city": "Madrid", "country": "ES"}
    assert (designs.copies[design]["projectId"], designs.copies[design]["seq"]) == (project, 0)
    assert comments.copies[remark["id"]]["mentionIds"] == [eva.id]
    assert comments.copies[remark["id"]]["designId"] == design
    assert await projects.pull() == []

    await eva.edit(design, added("sofa"))
    await designs.until(lambda copies: copies[design]["seq"] == 1)
    await eva.do("updateProject", "Project", {"id": project, "title": "Villa"})
    await projects.until(lambda copies: copies[project]["title"] == "Villa")
    assert [document["id"] for document in projects.pages[-1]] == [project]
    await eva.by_id("deleteProject", "Deleted", project)
    await projects.until(lambda copies: not copies)
    await designs.until(lambda copies: not copies)
    await comments.until(lambda copies: not copies)
    assert projects.pages[-1][0] == {**dict.fromkeys(projects.pages[-1][0]), "id": project, "_deleted": True}


async def test_pages_follow_each_other(ana: User, studio: str) -> None:
    """Given more than fits a page, then pages of one bring each once, in the order of the changes."""
    made = [await ana.project(studio, title=f"Casa {number}") for number in range(5)]
    device = Device(ana, "Project")
    await device.until(lambda copies: len(about(studio)(copies)) == 5, limit=1)
    pulled = [page[0] for page in device.pages if page]
    assert [document["id"] for document in pulled if document["organizationId"] == studio] == made
    assert all(len(page) <= 1 for page in device.pages)
    again = Device(ana, "Project")
    await again.until(lambda copies: copies == device.copies, limit=2)


async def test_access_gained_and_lost_comes_as_documents(platform: Platform, ana: User) -> None:
    """Given somebody who joins, leaves and joins again, then they have all that is old, then none of it, then all."""
    first, second = await ana.organization(), await ana.organization()
    projects = [await ana.project(first), await ana.project(second), await ana.project(second)]
    bo = await ana.member(first, "VIEWER")
    device = Device(bo, "Project")
    await device.until(lambda copies: copies.keys() == {projects[0]})
    membership = await bo.join(second, "EDITOR")
    await device.until(lambda copies: copies.keys() == {*projects})
    query = "mutation ($id: ID!) { removeMember(membershipId: $id) { __typename } }"
    await ana.ask(query, {"id": membership})
    hidden = await ana.project(second)
    while device.copies.keys() != {projects[0]}:
        assert len(await device.pull(limit=1)) == 1
    assert await device.pull() == []
    assert hidden not in {document["id"] for page in device.pages for document in page}
    await bo.join(second, "EDITOR")
    await device.until(lambda copies: copies.keys() == {*projects, hidden})
    await ana.ask(query, {"id": bo.made[0]})
    await device.until(lambda copies: copies.keys() == {*projects[1:], hidden})


async def test_who_returns_amid_being_told_of_the_loss_has_everything(ana: User) -> None:
    """Given a device that has heard of half of a loss when its access comes back, then it has all again."""
    studio = await ana.organization()
    projects = {await ana.project(studio) for _ in range(4)}
    bo = await ana.member(studio, "VIEWER")
    device = Device(bo, "Project")
    await device.until(lambda copies: copies.keys() == projects)
    await ana.ask("mutation ($id: ID!) { removeMember(membershipId: $id) { __typename } }", {"id": bo.made[0]})
    await device.pull(limit=2)
    assert len(device.copies) == 2
    await bo.join(studio, "VIEWER")
    await device.until(lambda copies: copies.keys() == projects, limit=1)


@pytest.mark.parametrize("position", ["", "rubbish", "Project:x:y", "Project:x:y.0000", "Ünï"])
async def test_what_is_no_checkpoint_is_refused(ana: User, platform: Platform, position: str) -> None:
    """It says so, and how to begin anew."""
    query = "query ($at: CheckpointInput) { pullProjects(checkpoint: $at, limit: 1) { checkpoint { position } } }"
    _, body = await platform.post(query, {"at": {"position": position}}, ana.token)
    assert body["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "path": ["checkpoint", "position"]}
    assert "begin anew" in body["errors"][0]["message"]


async def test_a_checkpoint_is_good_for_its_device_alone(platform: Platform, ana: User, studio: str) -> None:
    """One of somebody else's, or of another list, opens nothing: it would tell which documents there are."""
    bo = await ana.member(studio, "VIEWER")
    device = Device(ana, "Project")
    await device.pull()
    pull = "query ($at: CheckpointInput) { found: %s(checkpoint: $at, limit: 9) { documents { id } } }"
    for user, field, words in ((bo, "pullProjects", "somebody else's"), (ana, "pullDesigns", "another list")):
        _, body = await platform.post(pull % field, {"at": device.checkpoint}, user.token)
        assert words in body["errors"][0]["message"]


@pytest.mark.parametrize("limit", [0, -1, 501])
async def test_a_limit_is_bounded(ana: User, platform: Platform, limit: int) -> None:
    """From 1 to 500."""
    _, body = await platform.post(f"{{ pullDesigns(limit: {limit}) {{ documents {{ id }} }} }}", {}, ana.token)
    assert body["errors"][0]["message"] == f"limit: from 1 to 500, not {limit}."


async def test_nobody_pulls_pushes_or_streams_unless_signed_in(platform: Platform) -> None:
    """Each says that one must sign in."""
    pulled = await platform.post("{ pullComments(limit: 1) { documents { id } } }")
    pushed = await platform.post("mutation { pushComments(rows: []) { id } }")
    async with socket(platform.session, platform.api) as events:
        streamed = await events.first("subscription { streamComments { documents { id } } }")
    for body in (pulled[1], pushed[1], streamed):
        assert body["errors"][0]["extensions"]["code"] == "NOT_SIGNED_IN"


@pytest.mark.parametrize(
    ("query", "order"),
    [
        (known("Project", PydanticObjectId(), Mark("5", "Project:6")), "_id"),
        (changed("Project", PydanticObjectId(), "5"), "position"),
    ],
)
async def test_a_page_is_read_along_an_index(platform: Platform, query: Json, order: str) -> None:
    """MongoDB neither scans the log nor sorts it, however long it is."""
    find = {"find": Change.stored_in(), "filter": query, "sort": {order: 1}, "limit": 500}
    (read,) = await explain(platform.database.handle, find)
    assert read.faults == set()
    assert read.indexes


def fresh_project(organization: str, **fields: Any) -> Json:
    """Return a project as a device makes one."""
    address = {"street": "", "postalCode": "", "city": "León", "country": "ES"}
    shape = {"organizationId": organization, "title": "Ático", "kind": "LOFT", "address": address}
    return {"id": new_id("Project"), "_deleted": False, **shape, **fields}


async def test_a_device_pushes_what_it_made(ana: User, studio: str) -> None:
    """Given a project, its design and a comment made offline, then they are there as made; pushing again is fine."""
    project = fresh_project(studio, rooms=2, visibility="PUBLIC", status="ACTIVE", description="Sol")
    design = {"id": new_id("Design"), "projectId": project["id"], "title": "Sala", "room": "STUDY", "style": "BOHO"}
    design |= {"publishedAt": "2026-01-01T00:00:00Z"}
    anchor = {"element": None, "x": 10.5, "y": 20}
    remark = {"id": new_id("Comment"), "designId": design["id"], "body": "¿Y si no?", "anchor": anchor}
    reply = {"id": new_id("Comment"), "designId": design["id"], "parentId": remark["id"], "body": "Pues no."}
    settled = remark | {"id": new_id("Comment"), "resolvedAt": "2026-01-01T00:00:00Z", "mentionIds": [ana.id]}
    projects, designs, comments = Device(ana, "Project"), Device(ana, "Design"), Device(ana, "Comment")
    for _ in range(2):
        assert await projects.push((project, None)) == []
        assert await designs.push((design, None)) == []
        assert await comments.push((remark, None), (reply, None), (settled, None)) == []
    await projects.until(lambda copies: project["id"] in copies)
    await designs.until(lambda copies: design["id"] in copies)
    await comments.until(lambda copies: {remark["id"], reply["id"], settled["id"]} <= copies.keys())
    assert projects.copies[project["id"]].items() >= project.items()
    assert projects.copies[project["id"]]["ownerId"] == ana.id
    assert designs.copies[design["id"]]["publishedAt"] > "2026-02"  # the moment is ours to say
    assert comments.copies[remark["id"]]["anchor"] == anchor
    assert comments.copies[reply["id"]]["parentId"] == remark["id"]
    assert comments.copies[settled["id"]]["resolverId"] == ana.id
    assert comments.copies[settled["id"]]["mentionIds"] == [ana.id]
    shown = await ana.ask("query ($id: ID!) { publicDesign(id: $id) { title } }", {"id": design["id"]})
    assert shown["publicDesign"] == {"title": "Sala"}


async def test_a_change_is_made_where_the_document_is_as_the_device_took_it_for(ana: User, studio: str) -> None:
    """Given two devices that change the same field, then the second is answered with what the first made of it."""
    project = fresh_project(studio)
    device = Device(ana, "Project")
    await device.push((project, None))
    assert await device.push((project | {"title": "Uno", "rooms": 4}, project)) == []
    (conflict,) = await device.push((project | {"title": "Dos"}, project))
    assert (conflict["title"], conflict["rooms"], conflict["_deleted"], conflict["refusal"]) == ("Uno", 4, False, None)
    known = {name: value for name, value in conflict.items() if name != "refusal"}
    assert await device.push((known | {"title": "Dos", "price": {"amount": 1, "currency": "EUR"}}, known)) == []
    assert await device.push((known | {"title": "Dos", "price": {"amount": 1, "currency": "EUR"}}, known)) == []
    await device.until(lambda copies: copies.get(project["id"], {}).get("title") == "Dos")
    assert device.copies[project["id"]]["price"] == {"amount": 1, "currency": "EUR"}


async def test_what_only_the_server_changes_is_no_conflict(ana: User, studio: str) -> None:
    """Given a design that was drawn on meanwhile, then its new title is taken all the same."""
    device = Device(ana, "Design")
    design = await ana.design(await ana.project(studio))
    known = (await device.until(lambda copies: design in copies))[design]
    await ana.edit(design, added("sofa"))
    assert await device.push((known | {"title": "Otra"}, known)) == []
    copy = (await device.until(lambda copies: copies[design]["title"] == "Otra"))[design]
    assert copy["seq"] == 1
    assert await device.push((copy | {"publishedAt": "2026-01-01T00:00:00Z"}, copy)) == []
    published = (await device.until(lambda copies: copies[design]["publishedAt"]))[design]
    assert await device.push((published | {"publishedAt": None}, published)) == []
    await device.until(lambda copies: copies[design]["publishedAt"] is None)


async def test_deleting_from_a_device(ana: User, studio: str) -> None:
    """Given a copy that is deleted, then so is the document; twice is once, and what is gone cannot be changed."""
    design = await ana.design(await ana.project(studio))
    await ana.do("addComment", "Comment", {"designId": design, "body": "Fuera"})
    devices = [Device(ana, kind) for kind in ("Comment", "Design", "Project")]
    for device in devices:
        await device.until(about(studio))
        (known,) = about(studio)(device.copies)
        assert await device.push((known | {"_deleted": True}, known)) == []
        assert await device.push((known | {"_deleted": True}, known)) == []
        (conflict,) = await device.push((known, known))
        assert conflict.items() >= {"id": known["id"], "_deleted": True, "refusal": None}.items()
        await device.until(lambda copies: not about(studio)(copies))
        (conflict,) = await device.push((known, None))  # as if it had been made here, and nobody had answered
        assert conflict["_deleted"] is True


async def test_what_may_not_be_changed_so_says_why(ana: User, studio: str) -> None:
    """Given changes that are refused, then each is answered by the document as it is, with the reason."""
    project, bo = await ana.project(studio), await ana.member(studio, "VIEWER")
    device = Device(bo, "Project")
    known = (await device.until(lambda copies: project in copies))[project]
    (viewer,) = await device.push((known | {"title": "Mía"}, known))
    assert viewer["title"] == "Casa"
    assert viewer["refusal"] == "Your role here, VIEWER, lacks EDIT."
    device = Device(ana, "Project")
    known = (await device.until(lambda copies: project in copies))[project]
    wrong, right = known | {"title": "  "}, known | {"rooms": 7}
    (refused,) = await device.push((wrong, known), (right, known))
    assert refused["title"] == "Casa"
    assert refused["refusal"].startswith("title: ")
    assert (await device.until(lambda copies: copies[project]["rooms"] == 7))[project]["title"] == "Casa"
    bare = {"id": new_id("Project"), "title": "Sin más"}
    (refused,) = await device.push((bare, None))
    assert (refused["_deleted"], refused["refusal"]) == (True, "organizationId: a new Project needs it.")
    remark = (await ana.do("addComment", "Comment", {"designId": await ana.design(project), "body": "Aquí"}))["id"]
    comments = Device(ana, "Comment")
    there = (await comments.until(lambda copies: remark in copies))[remark]
    (refused,) = await comments.push((there | {"anchor": {"element": "x", "x": None, "y": None}}, there))
    assert "stays where it was made" in refused["refusal"]
    assert await comments.push((there | {"body": "Allá", "mentionIds": [bo.id]}, there)) == []
    await comments.until(lambda copies: copies[remark]["mentionIds"] == [bo.id] and copies[remark]["editedAt"])


async def test_others_documents_are_as_good_as_gone(platform: Platform, ana: User, studio: str) -> None:
    """Given an id of another organization's, then an outsider's push changes nothing, and is told nothing."""
    project = await ana.project(studio)
    eva = await platform.user("Eva")
    device = Device(eva, "Project")
    state = fresh_project(await eva.organization(), id=project)
    for assumed in (None, state):
        (told,) = await device.push((state, assumed))
        assert told["_deleted"] is True
        assert told["title"] is None
    found = await ana.ask("query ($id: ID!) { project(id: $id) { title } }", {"id": project})
    assert found["project"] == {"title": "Casa"}


async def test_what_comes_before_its_owner_waits_for_it(platform: Platform, ana: User, studio: str) -> None:
    """Given a design pushed before its project, then it is to come again and not lost; what is gone is told."""
    project = fresh_project(studio)
    early = {"id": new_id("Design"), "projectId": project["id"], "title": "Sala", "room": "STUDY", "style": "BOHO"}
    there = early | {"id": new_id("Design"), "projectId": await ana.project(studio)}
    device = Device(ana, "Design")
    variables = {"rows": device.rows((early, None), (there, None))}
    _, body = await platform.post(device.mutation, variables, ana.token)
    assert body["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert body["errors"][0]["extensions"]["path"] == ["rows", "0", "newDocumentState", "projectId"]
    await device.until(lambda copies: there["id"] in copies)
    await Device(ana, "Project").push((project, None))
    assert await device.push((early, None), (there, None)) == []
    await Device(ana, "Project").push((project | {"_deleted": True}, project))
    late = early | {"id": new_id("Design"), "organizationId": studio}
    await Device(ana, "Project").until(lambda copies: project["id"] not in copies)
    (refused,) = await device.push((late, None))
    assert (refused["_deleted"], refused["refusal"]) == (True, "There is no such Project.")
    foreign = late | {"organizationId": new_id("Organization"), "projectId": new_id("Project")}
    (refused,) = await device.push((foreign, None))
    assert refused["refusal"] == "There is no such Project."


async def test_what_is_no_row_is_refused_before_anything_is_done(platform: Platform, ana: User, studio: str) -> None:
    """An id of another type, or too many rows: an error that names it, and nothing is changed."""
    device = Device(ana, "Project")
    good, wrong = fresh_project(studio), fresh_project(studio, id=new_id("Design"))
    _, body = await platform.post(device.mutation, {"rows": device.rows((good, None), (wrong, None))}, ana.token)
    assert body["errors"][0]["extensions"]["path"] == ["rows", "1", "newDocumentState", "id"]
    many = device.rows(*[(fresh_project(studio), None)] * 501)
    _, body = await platform.post(device.mutation, {"rows": many}, ana.token)
    assert body["errors"][0]["message"] == "rows: at most 500 at once, not 501."
    found = await ana.ask("query ($id: ID!) { organization(id: $id) { projects { totalCount } } }", {"id": studio})
    assert found["organization"]["projects"]["totalCount"] == 0


async def told(events: Socket, device: Device) -> None:
    """Take over the next of a stream."""
    message = await events.receive()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    device.take(next(iter(message["payload"]["data"].values())))


async def test_a_stream_tells_of_changes_and_of_access(platform: Platform, ana: User, studio: str) -> None:
    """Given a device that streams, then it hears of what is made, changed, deleted, of access gained and lost."""
    other = await ana.organization()
    old = await ana.project(other)
    bo = await ana.member(studio, "VIEWER")
    device = Device(bo, "Project")
    text = f"subscription {{ streamProjects {{ documents {{ {FIELDS['Project']} }} checkpoint {{ position }} }} }}"
    async with (
        another_api(platform, pace=Pace(heartbeat=3600, look=0.2)) as own,
        socket(own.session, own.api, bo.token) as events,
    ):
        await events.send(text)
        project = await ana.project(studio)
        while project not in device.copies:
            await told(events, device)
        await ana.do("updateProject", "Project", {"id": project, "title": "Villa"})
        while device.copies[project]["title"] != "Villa":
            await told(events, device)
        membership = await bo.join(other, "VIEWER")
        while old not in device.copies:
            await told(events, device)
        query = "mutation ($id: ID!) { removeMember(membershipId: $id) { __typename } }"
        await ana.ask(query, {"id": membership})
        while old in device.copies:
            await told(events, device)
        await ana.by_id("deleteProject", "Deleted", project)
        while project in device.copies:
            await told(events, device)
        assert await device.pull() == []  # the checkpoint of a stream is good for pulling
        leave = "mutation ($token: String!) { signOut(refreshToken: $token) { __typename } }"
        await bo.ask(leave, {"token": bo.refresh_token})
        message = await events.ws.receive()
        while message.type is WSMsgType.TEXT:  # the stream may be quicker to see it than the socket
            message = await events.ws.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 4401)
