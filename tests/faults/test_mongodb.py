"""MongoDB's primary changes, and its change stream cannot tell what happened."""

from __future__ import annotations

from bson import ObjectId

from models.project import Project
from schema import ids
from tests.app.processes import running
from tests.faults.conftest import Stand
from tests.faults.traffic import Traffic

_MEGABYTE = 1024 * 1024
_UNREACHABLE = 503


async def test_a_primary_that_steps_down(stand: Stand, traffic: Traffic) -> None:
    """Given a primary that hands over, then every request is answered, mutations included."""
    await stand.mongodb.step_down()
    await traffic.write_once()
    await traffic.it_would_show()


async def test_a_primary_that_is_killed(stand: Stand, traffic: Traffic) -> None:
    """Given a primary that dies, then only what came while there was none may have been refused."""
    primary = await stand.mongodb.primary()
    with traffic.without(_UNREACHABLE):
        primary.kill()
        await primary.wait()
        await traffic.write_once()
        await traffic.it_would_show()
    await primary.start()


async def test_images_that_were_switched_off(stand: Stand, traffic: Traffic) -> None:
    """Given a watched collection without images, then its type is dropped, new relays say so, and `migrate` mends."""
    name, rows = Project.stored_in(), stand.world.rows
    await rows.command("collMod", name, changeStreamPreAndPostImages={"enabled": False})
    await traffic.write_once()
    await traffic.it_would_show()
    mark = len(stand.second_relay.lines)
    await stand.second_relay.start()
    assert "run `python -m app migrate`" in await stand.second_relay.said(f"Events of {name} lack", mark)
    async with running(stand.world.environ, "-m", "app", "migrate") as migrating:
        assert await migrating.ended() == 0
    (found,) = await (await rows.list_collections(filter={"name": name})).to_list()
    assert found["options"]["changeStreamPreAndPostImages"] == {"enabled": True}
    await stand.second_relay.kill()


async def test_a_document_whose_event_is_too_large(stand: Stand, traffic: Traffic) -> None:
    """Given a document of 9 MB that is changed by hand, then everything is dropped, and said, and the relay goes on."""
    mark, rows = len(stand.relay.lines), stand.world.rows.projects
    large = {"_id": ObjectId(), "slug": "x", "tags": "x" * 9 * _MEGABYTE}  # the relay asks for it, and no index has it
    await rows.insert_one(large)
    await rows.update_one({"_id": large["_id"]}, {"$set": {"title": "Grande"}})
    await traffic.write_once()
    await stand.relay.said("The history is lost: everything cached is dropped.", mark)
    await rows.delete_one({"_id": large["_id"]})
    await traffic.it_would_show()


async def test_a_history_that_no_longer_reaches_back(stand: Stand, traffic: Traffic) -> None:
    """Given a relay that was away for longer than MongoDB remembers, then everything is dropped, and said.

    A script has hidden a project meanwhile, of which no event tells any more: its designs are hidden too.
    """
    world = stand.world
    project = await world.project()
    page = {"id": ids.encode("Design", world.designs[project])}
    shown = await world.ask(world.edge, "DesignPage", page, Edge_As_Of=world.own_write())
    await stand.relay.kill()
    await traffic.write_once()
    await world.update(Project.stored_in(), project, {"visibility": "PRIVATE"})
    token, mark = world.own_write(), len(stand.relay.lines)
    await stand.mongodb.forget_what_happened()
    await stand.relay.start()
    await stand.relay.said("The history is lost: everything cached is dropped.", mark)
    await stand.applied()
    hidden = await world.ask(world.edge, "DesignPage", page, Edge_As_Of=token)
    assert b'"title":"Sal\xc3\xb3n"' in shown[2]
    assert hidden[2] == b'{"data":{"publicDesign":null}}'
