"""Plans of registered operations: what an answer depends on, derived, against what it does depend on.

For every stored attribute that a plan does not name, the attribute is changed in MongoDB and the answer stays the same,
byte for byte; for some that it names, the answer changes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import orjson
import pytest
from beanie import PydanticObjectId

from edge import plans
from edge.plans import Plan
from models.asset import Asset
from models.design import Design
from models.entity import Entity, now
from models.organization import Organization
from models.project import Project
from models.register import COLLECTIONS
from models.user import User
from schema import ids
from tests.platform import Platform

PLANS = {plan.name: plan for plan in plans.load().values() if plan.cacheable}
OTHERS: dict[str, Any] = {
    "address": {"street": "Otra", "postal_code": "1", "city": "Otra", "country": "PT"},
    "location": {"type": "Point", "coordinates": [1.0, 2.0]},
    "price": {"amount": 5, "currency": "USD"},
    "focus": {"x": 0.1, "y": 0.9},
    "kind": "OFFICE",
    "room": "TERRACE",
    "style": "MINIMAL",
    "status": "DRAFT",
    "visibility": "PRIVATE",
    "plan": "ENTERPRISE",
    "media_type": "image/gif",
    "content_hash": "f" * 64,
    "source_hash": "e" * 64,
    "dominant_color": "#123456",
    "locale": "fr",
    "city_key": "otra",
}
"""Other valid values of the attributes that cannot be anything of their type."""

ONLY_LEADING = {"organization", "published_at", "width", "height"}
"""Attributes that an answer reads without showing them: where else to look, whether to show, a picture's shape."""


@dataclass
class World:
    """One public project with all that it shows, by type, and how each operation asks for it."""

    documents: dict[str, Entity]
    variables: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
async def world(platform: Platform) -> World:
    """Make the documents."""
    organization = Organization(name="Estudio", slug=f"e-{uuid4().hex}")
    owner = User(email=f"{uuid4().hex}@example.com", name="Ana")
    asset = Asset(
        organization=organization.id,
        content_hash=secrets.token_hex(32),
        media_type="image/jpeg",
        byte_size=9,
        width=800,
        height=600,
    )
    moment, city = now(), f"Cádiz {uuid4().hex}"
    project = Project(
        organization=organization.id,
        owner=owner.id,
        title="Casa",
        slug=uuid4().hex,
        kind="HOUSE",
        status="ACTIVE",
        visibility="PUBLIC",
        style="BOHO",
        address={"city": city, "country": "ES"},
        location={"coordinates": [2.1, 41.3]},
        area_m2=80,
        rooms=3,
        price={"amount": 100, "currency": "EUR"},
        cover=asset.id,
        listed_at=moment,
        showcased_at=moment,
    )
    design = Design(
        project=project.id,
        organization=organization.id,
        author=owner.id,
        title="Salón",
        room="STUDY",
        style="BOHO",
        cover=asset.id,
        published_at=moment,
        project_public=True,
    )
    documents: list[Entity] = [organization, owner, asset, project, design]
    for document in documents:
        await document.insert()
    return World(
        {type(document).__name__: document for document in documents},
        {
            "Gallery": {"city": city},
            "Listings": {"city": city, "maxPrice": {"amount": 1000, "currency": "EUR"}},
            "PartnerListings": {"city": city},
            "ProjectPage": {"slug": project.slug},
            "ProjectCard": {"slug": project.slug},
            "DesignPage": {"id": ids.encode("Design", design.id)},
        },
    )


async def answer(platform: Platform, plan: Plan, variables: dict[str, Any]) -> tuple[bytes, str]:
    """Ask the API: (body, surrogate keys)."""
    query = urlencode({"variables": orjson.dumps(variables).decode()})
    headers = platform.edge_fetch(plan.id)
    async with platform.session.get(f"{platform.api}/graphql/{plan.id}?{query}", headers=headers) as response:
        assert response.status == 200
        return await response.read(), response.headers.get("Surrogate-Key", "")


def other(name: str, value: Any) -> Any:
    """Return another valid value for an attribute that has this one."""
    if name in OTHERS:
        return OTHERS[name]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return 2 * value + 1
    if isinstance(value, datetime) or name.endswith("_at"):
        return (value or datetime(2026, 1, 1, tzinfo=UTC)) + timedelta(days=1)
    if isinstance(value, str):
        return f"{value}x"
    return PydanticObjectId()


def decides(plan: Plan, kind: str) -> set[str]:
    """Return the attributes by which an operation's lists select and order a type: their changes move the lists."""
    chosen = [COLLECTIONS[name] for name in plan.collections]
    return {field for document, collection in chosen if document.__name__ == kind for field in collection.fields}


@pytest.mark.parametrize("name", sorted(PLANS))
async def test_what_a_plan_does_not_name_no_answer_shows(platform: Platform, world: World, name: str) -> None:
    """Given a registered public operation, when what its plan does not name changes, its answer does not."""
    plan, variables = PLANS[name], world.variables[name]
    before, _ = await answer(platform, plan, variables)
    tried = 0
    for kind in set(plan.types) & world.documents.keys():
        document = world.documents[kind]
        rows = platform.database.handle[document.stored_in()]
        stored = await rows.find_one({"_id": document.id})
        assert stored is not None
        for field in type(document).model_fields.keys() - {
            "id",
            "revision_id",  # Beanie's own, never stored
            "visibility",  # this one and the next the relay copies to designs, whose change then shows
            "status",
            *plan.fields.get(kind, type(document).model_fields),
            *decides(plan, kind),
        }:
            await rows.update_one({"_id": document.id}, {"$set": {field: other(field, stored.get(field))}})
            after, _ = await answer(platform, plan, variables)
            await rows.replace_one({"_id": document.id}, stored)
            assert after == before, f"{kind}.{field}"
            tried += 1
    assert tried > 5


@pytest.mark.parametrize("name", sorted(PLANS))
async def test_what_a_plan_names_its_answer_shows(platform: Platform, world: World, name: str) -> None:
    """Given a registered public operation, when an attribute that its plan names changes, its answer does too.

    But for what only tells where else to look: whose it is, which the answer shows through what is found there.
    """
    plan, variables = PLANS[name], world.variables[name]
    before, _ = await answer(platform, plan, variables)
    for kind in plan.fields.keys() & world.documents.keys():
        document = world.documents[kind]
        rows = platform.database.handle[document.stored_in()]
        stored = await rows.find_one({"_id": document.id})
        assert stored is not None
        for field in set(plan.fields[kind]) - ONLY_LEADING:
            await rows.update_one({"_id": document.id}, {"$set": {field: other(field, stored.get(field))}})
            after, _ = await answer(platform, plan, variables)
            await rows.replace_one({"_id": document.id}, stored)
            assert after != before, f"{kind}.{field}"


@pytest.mark.parametrize("name", sorted(PLANS))
async def test_an_answer_has_no_more_tags_than_its_plan_allows(platform: Platform, world: World, name: str) -> None:
    """Given a registered public operation, then its answer's tags stay within the bound."""
    plan = PLANS[name]
    _, tags = await answer(platform, plan, world.variables[name])
    assert 2 < len(tags.split()) <= plan.most_tags
    assert set(plan.fields) == set(plan.types)


async def test_an_absent_variable_and_a_null_one_ask_the_same(platform: Platform, world: World) -> None:
    """Given the variables that a plan takes for nullable, when they are null or absent, then the answer is the same."""
    for name, plan in PLANS.items():
        given = {key: value for key, value in world.variables[name].items() if key not in plan.nullable}
        absent, _ = await answer(platform, plan, given)
        null, _ = await answer(platform, plan, {**given, **dict.fromkeys(plan.nullable)})
        assert absent == null
    assert {"after", "city"} <= set(PLANS["Gallery"].nullable)
    assert "first" not in PLANS["Gallery"].nullable
