"""The blocks of large data: valid documents, true derived fields, a wide spread, the same every time."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest
from beanie.odm.utils.dump import get_dict
from bson import ObjectId

from app.demo.places import CITIES
from app.demo.vocabulary import ROOMS, STYLES
from app.demo.world import world
from app.seed.blocks import BLOCK, CROWDED, KINDS, Row, block
from models.comment import Comment
from models.design import Design, Like
from models.element import DesignEdit, Element
from models.entity import Entity
from models.organization import Membership, Organization
from models.project import Project
from models.user import Credential, User
from tests.platform import Platform

COVERS = {(room, style): [ObjectId()] for room in ROOMS for style in STYLES}
NUMBERS = (0, 1, 700)
WRITTEN = datetime(2030, 1, 1, tzinfo=UTC)

Blocks = dict[type[Entity], list[Row]]


@pytest.fixture(scope="module", name="blocks")
def fixture_blocks() -> Blocks:
    """Make the first two blocks and a late one, and join their rows."""
    made = [block(number, COVERS, "hash", WRITTEN).by_kind for number in NUMBERS]
    return {kind: [row for rows in made for row in rows[kind]] for kind in KINDS}


def by_id(rows: list[Row]) -> dict[Any, Row]:
    """Return rows by their ids."""
    return {row["_id"]: row for row in rows}


def grouped(rows: list[Row], name: str) -> dict[Any, list[Row]]:
    """Return rows by the value of a field."""
    groups: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_rows_are_what_the_documents_would_be(platform: Platform, blocks: Blocks, kind: type[Entity]) -> None:
    """Given rows, when they are read as documents, then these are valid, and would be written as the same rows."""
    assert blocks[kind]
    for row in blocks[kind]:
        assert get_dict(kind.model_validate(row), to_db=True) == row


def test_what_must_be_unique_is(blocks: Blocks) -> None:
    """No unique index will object."""
    unique: dict[type[Entity], tuple[str, ...]] = {
        User: ("email",),
        Organization: ("slug",),
        Project: ("slug",),
        Membership: ("organization", "user"),
        Like: ("design", "user"),
        DesignEdit: ("design", "seq"),
    }
    for kind, names in unique.items():
        assert max(Counter(tuple(row[name] for name in names) for row in blocks[kind]).values()) == 1
    for kind, rows in blocks.items():
        assert len(by_id(rows)) == len(rows), kind


def test_what_a_project_shows_is_true(blocks: Blocks) -> None:
    """When it was listed and showcased, and its cover, follow from its state and its designs."""
    designs = grouped(blocks[Design], "project")
    for project in blocks[Project]:
        public = (project["visibility"], project["status"]) == ("PUBLIC", "ACTIVE")
        published = [design["published_at"] for design in designs[project["_id"]] if design["published_at"]]
        assert (project["listed_at"] is not None) is public
        assert project["showcased_at"] == max(published, default=None)
        assert project["cover"] in {None, *(design["cover"] for design in designs[project["_id"]])}


def test_what_a_design_repeats_is_true(blocks: Blocks) -> None:
    """Whose it is, whether everybody sees it, how many like it, and how far its log is, agree with the others' rows."""
    projects, likes = by_id(blocks[Project]), grouped(blocks[Like], "design")
    logs, elements = grouped(blocks[DesignEdit], "design"), grouped(blocks[Element], "design")
    for design in blocks[Design]:
        project, id_ = projects[design["project"]], design["_id"]
        assert design["organization"] == project["organization"]
        assert design["project_public"] is (project["listed_at"] is not None)
        assert design["like_count"] == len(likes[id_])
        assert design["seq"] == len(logs[id_])
        assert design["created_at"] >= project["created_at"]
        assert not design["published_at"] or design["created_at"] <= design["published_at"]
        assert all(design["published_at"] <= like["created_at"] for like in likes[id_])
        assert [edit["key"] for log in logs[id_] for edit in log["edits"]] == [e["key"] for e in elements[id_]]
        assert [element["order"] for element in elements[id_]] == sorted(e["order"] for e in elements[id_])
    assert sum(design["seq"] for design in blocks[Design]) == len(NUMBERS)


def test_people_do_what_they_may(blocks: Blocks) -> None:
    """Makers may edit, those who comment are members, those who like exist, and each account has a password."""
    roles = {(row["organization"], row["user"]): row["role"] for row in blocks[Membership]}
    people = by_id(blocks[User])
    for rows, name in ((blocks[Project], "owner"), (blocks[Design], "author")):
        assert all(roles[row["organization"], row[name]] != "VIEWER" for row in rows)
    assert all((row["organization"], row["author"]) in roles for row in blocks[Comment])
    assert all(row["user"] in people for row in (*blocks[Like], *blocks[Membership]))
    assert by_id(blocks[Credential]).keys() == people.keys()
    owned = {organization for (organization, _), role in roles.items() if role == "OWNER"}
    assert owned == by_id(blocks[Organization]).keys()


def test_comments_are_threads(blocks: Blocks) -> None:
    """Answers follow a first remark on the same design; only first remarks point at something or are resolved."""
    comments, designs = by_id(blocks[Comment]), by_id(blocks[Design])
    for comment in comments.values():
        design = designs[comment["design"]]
        assert comment["organization"] == design["organization"]
        assert comment["created_at"] >= design["created_at"]
        if comment["parent"] is not None:
            parent = comments[comment["parent"]]
            assert (parent["parent"], parent["design"]) == (None, comment["design"])
            assert parent["created_at"] < comment["created_at"]
            assert comment["anchor"] is comment["resolved_at"] is comment["resolved_by"] is None
    assert {comment["anchor"] is None for comment in comments.values()} == {True, False}
    assert {comment["resolved_at"] is None for comment in comments.values()} == {True, False}


def test_values_are_spread_as_indexes_meet_them(blocks: Blocks) -> None:
    """Common and rare cities, all states, kinds and styles; something left out; large and small owners and lists."""
    projects, designs = blocks[Project], blocks[Design]
    cities = Counter(project["city_key"] for project in projects).most_common()
    assert len(cities) == len(CITIES)
    assert cities[0][1] > 5 * cities[-1][1]
    assert len({(project["status"], project["visibility"]) for project in projects}) == 6
    assert len({(project["kind"], project["style"]) for project in projects}) == 6 * 8
    for name in ("price", "price_amount", "rooms", "area_m2", "location", "showcased_at", "listed_at", "cover"):
        assert 0 < sum(project[name] is None for project in projects) < 0.4 * len(projects), name
    assert len({project["price_amount"] for project in projects}) > 0.8 * len(projects)
    assert 0.5 < sum(d["project_public"] and d["published_at"] is not None for d in designs) / len(designs) < 0.9
    owners = Counter(project["organization"] for project in projects).most_common()
    assert owners[0][1] > 100
    assert owners[-1][1] < 5
    rooms = Counter(design["project"] for design in designs)
    assert max(rooms.values()) == CROWDED
    assert 2.5 < (len(designs) - CROWDED) / (len(projects) - 1) < 3.5
    said = Counter(comment["design"] for comment in blocks[Comment])
    assert max(said.values()) >= CROWDED
    answers = Counter(comment["parent"] for comment in blocks[Comment] if comment["parent"])
    assert max(answers.values()) == CROWDED // 2 - 1


def test_one_organization_has_projects_everywhere(blocks: Blocks) -> None:
    """The giant is in the first block, and has projects in each."""
    giant = blocks[Organization][0]["_id"]
    for number in NUMBERS[1:]:
        rows = block(number, COVERS, "hash", WRITTEN).by_kind
        assert giant not in by_id(rows[Organization])
        assert sum(project["organization"] == giant for project in rows[Project]) > 10


@pytest.mark.parametrize("number", NUMBERS)
def test_a_block_is_always_the_same(number: int) -> None:
    """Given its number, then a block has as many designs as every other one, and the same rows every time."""
    made = block(number, COVERS, "hash", WRITTEN).by_kind
    assert made == block(number, COVERS, "hash", WRITTEN).by_kind
    assert len(made[Design]) == BLOCK


def test_the_past_grows(blocks: Blocks) -> None:
    """Each block's projects are older than those of the one before, and all is older than the demo.

    But for logs, which are from when they were written: they are trimmed when they are old.
    """
    oldest = min(organization.created_at for organization in world().organizations)
    assert {kind for kind, rows in blocks.items() if any(row["created_at"] >= oldest for row in rows)} == {DesignEdit}
    assert {row["created_at"] for row in blocks[DesignEdit]} == {WRITTEN}
    newest = min(row["created_at"] for row in block(4, COVERS, "", WRITTEN).by_kind[Project])
    assert all(row["created_at"] < newest for row in block(5, COVERS, "", WRITTEN).by_kind[Project])
    assert all(row["showcased_at"] is None or row["showcased_at"] < oldest for row in blocks[Project])
