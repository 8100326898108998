"""Documents as the test writes them with the driver."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from tests.coherence.world import CITIES, KINDS, STYLES, Row, World


def moment(value: int) -> datetime:
    """Return a time by which rows are ordered; several share one."""
    return datetime(2026, 2, 1 + value % 12, tzinfo=UTC)


def price(amount: int) -> Row:
    """Return a project's fields of its price."""
    return {"price": {"amount": amount, "currency": "EUR"}, "price_amount": amount, "price_currency": "EUR"}


def family(world: World, value: int, city: str | None = None) -> dict[str, Row]:
    """Return an owner, a picture, a shown project and a published design, by the names of their collections."""
    owner, picture, project = ObjectId(), ObjectId(), ObjectId()
    city, style, kind = city or CITIES[value % 2], STYLES[value // 2 % 2], KINDS[value // 4 % 2]
    slug, organization, when = secrets.token_hex(8), world.organization(0), moment(value)
    common = {"created_at": when, "organization": organization, "style": style}
    return {
        "users": {"_id": owner, "created_at": when, "email": f"{slug}@example.com", "name": "Eva", "locale": "en"},
        "assets": {"_id": picture, "created_at": when, "organization": organization, "content_hash": slug * 4}
        | {"media_type": "image/jpeg", "byte_size": 9, "width": 90, "height": 60, "placeholder": "", "alt": "Foto"}
        | {"dominant_color": "#808080", "focus": {"x": 0.5, "y": 0.5}},
        "projects": common
        | {"_id": project, "owner": owner, "title": "Piso", "slug": slug, "description": "", "kind": kind}
        | {"status": "ACTIVE", "visibility": "PUBLIC", "cover": picture, "city_key": city}
        | {"location": {"type": "Point", "coordinates": [-3.7 + value / 1000, 40.4]}, "area_m2": 50}
        | {"address": {"street": "", "postal_code": "", "city": city, "country": "ES"}, "rooms": value % 5}
        | {"listed_at": when, "showcased_at": when, **price(value * 50)},
        "designs": common
        | {"_id": ObjectId(), "project": project, "author": owner, "title": "Cocina", "room": "KITCHEN", "seq": 0}
        | {"cover": None, "published_at": when, "project_public": True, "like_count": 0},
    }


def note(world: World, made: dict[str, Row]) -> None:
    """Have the world know a family that was written."""
    project, design = made["projects"], made["designs"]
    world.users.append(made["users"]["_id"])
    world.assets.append(made["assets"]["_id"])
    world.projects[project["_id"]] = project["slug"]
    world.designs[design["_id"]] = project["_id"]


def element(design: Row, key: str, value: int) -> Row:
    """Return an object on a design's canvas."""
    return {
        "_id": f"{design['_id']}:{key}",
        "created_at": moment(value),
        "organization": design["organization"],
        "design": design["_id"],
        "key": key,
        "kind": "FURNITURE",
        "x": value,
        "y": 0,
        "width": 10,
        "height": 10,
        "rotation": 0,
        "parent": None,
        "order": "a0",
        "props": {},
        "removed": False,
    }


def edit(design: Row, batch: str, seq: int, author: Any) -> Row:
    """Return an entry in a design's log."""
    return {
        "_id": ObjectId(),
        "created_at": moment(seq),
        "design": design["_id"],
        "project": design["project"],
        "organization": design["organization"],
        "added": 1,
        "changed": 0,
        "removed": 0,
        "seq": seq,
        "batch": batch,
        "author": author,
        "base_seq": 0,
        "edits": [],
        "dropped": [],
        "inverse": [],
    }
