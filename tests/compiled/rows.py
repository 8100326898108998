"""A small world with holes, as the driver stores it: every id and every text is the same in each run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import Any, Final

from bson import Int64, ObjectId

from models.project import fold_city

Row = dict[str, Any]

ROLES: Final = {"owner": "OWNER", "admin": "ADMIN", "editor": "EDITOR", "viewer": "VIEWER"}
TEXTS: Final = (
    "Casa",
    'Él dijo: "¿por qué no?"',
    "日本の家 🏡",
    "a\\b\n\tc\u2028d",
    "</script><b>&amp;",
    "x" * 110,
    "ñandú\u0000 zero",
    "{r['_id']!r} %s {}",
)
CITIES: Final = ("Madrid", "Ávila", "SAN SEBASTIÁN", "Łódź")
STYLES: Final = ("BOHO", "MINIMAL", "JAPANDI", None)
KINDS: Final = ("HOUSE", "LOFT", "STUDIO")
FLOATS: Final = (0, -0.0, 1, 1.5, -1e6, 1e6, 0.1, 1e-7, 123456.789, Int64(7))
PROPS: Final[tuple[Row, ...]] = (
    {},
    {"name": 'Sofá "grande"', "deep": {"list": [1, 2.5, None, True, {"a": []}], "empty": {}}},
    {"big": 2**62, "small": -(2**63), "float": 1e300, "zero": -0.0, "ünï": "ключ"},
    {"kind": "x", "__typename": "Element", "id": None},
)
AMOUNTS: Final = (0, 1, 99, 2**31, 10**14, Int64(5))


def oid(*name: object) -> ObjectId:
    """Return the id of a thing of this world by its name."""
    return ObjectId(blake2b(":".join(map(str, name)).encode(), digest_size=12).hexdigest())


GONE: Final = oid("gone")
"""An id that nothing has."""


def moment(number: int) -> datetime:
    """Return a time by which rows are ordered: several share one, some have milliseconds."""
    return datetime(2026, 2, 1, tzinfo=UTC) + timedelta(hours=number // 3, milliseconds=number // 3 % 2 * 7)


def documents() -> dict[str, list[Row]]:
    """Return all documents, by the names of their collections."""
    return {
        "organizations": [*_organizations()],
        "users": [*_users()],
        "memberships": [*_memberships()],
        "assets": [*_assets()],
        "projects": [*_projects()],
        "designs": [*_designs()],
        "comments": [*_comments()],
        "mentions": [*_mentions()],
        "design_versions": [*_versions()],
        "design_edits": [*_edits()],
        "elements": [*_elements()],
        "operations": [*_operations()],
        "api_keys": [*_api_keys()],
        "invitations": [*_invitations()],
        "likes": [*_likes()],
        "passkeys": [*_passkeys()],
        "sessions": [*_sessions()],
    }


def _organizations() -> Iterator[Row]:
    for number, name in enumerate(("a", "b", "c", "empty")):
        row = {"_id": oid("organization", name), "created_at": moment(number), "name": TEXTS[number], "slug": name}
        yield row if name == "b" else {**row, "plan": ("FREE", "PRO", "ENTERPRISE")[number % 3]}


def _users() -> Iterator[Row]:
    for number, name in enumerate((*ROLES, "several", "outsider", "stranger", *range(12))):
        row = {"_id": oid("user", name), "created_at": moment(number), "name": TEXTS[number % len(TEXTS)]}
        row |= {"email": f"{name}@example.com"}
        if number % 3:
            row |= {"locale": "es-ES" if number % 2 else "en"}
        if number % 4:
            row |= {"avatar": (None, GONE, oid("asset", 1), oid("asset", 2))[number % 4]}
        yield {**row, "nobody_knows": {"this": ["attribute"]}}


def _memberships() -> Iterator[Row]:
    pairs = [("a", name, role) for name, role in ROLES.items()]
    pairs += [("a", "several", "OWNER"), ("b", "several", "VIEWER"), ("gone", "several", "EDITOR")]
    pairs += [("c", "stranger", "OWNER"), ("a", "ghost", "ADMIN")]
    pairs += [("a", str(number), "VIEWER") for number in range(18)]  # the last six have no document
    for number, (organization, user, role) in enumerate(pairs):
        key = GONE if organization == "gone" else oid("organization", organization)
        who = oid("user", user)
        yield {"_id": oid("membership", number), "created_at": moment(number), "organization": key, "user": who} | {
            "role": role
        }


def _assets() -> Iterator[Row]:
    for number in range(25):
        row = {"_id": oid("asset", number), "created_at": moment(number)}
        row |= {"organization": oid("organization", "ab"[number % 8 == 7])}
        row |= {"content_hash": sha256(str(number).encode()).hexdigest(), "byte_size": 1 + number * 10**5}
        row |= {"media_type": ("image/jpeg", "image/png", "image/avif")[number % 3]}
        row |= {"width": 1 + number * 37, "height": 1 + number**3}
        if number % 3:
            row |= {"placeholder": "1QcSHQRnh493V4dIh4eXh1h4kJUI", "dominant_color": "#0a0b0c"}
            row |= {"location": {"type": "Point", "coordinates": [-3.7 + number / 100, 40.4]}} if number % 4 else {}
            row |= {"alt": TEXTS[number % len(TEXTS)], "focus": ({"x": 1, "y": 0}, {"x": 0.25}, {})[number // 3 % 3]}
        yield row


def _projects() -> Iterator[Row]:
    for number in range(38):
        organization = oid("organization", "b" if number % 6 == 5 else "c" if number % 9 == 8 else "a")
        row: Row = {"_id": oid("project", number), "created_at": moment(number), "slug": f"slug-{number}"}
        row |= {"organization": GONE if number == 13 else organization, "kind": KINDS[number % 3]}
        row |= {"owner": GONE if number % 7 == 6 else oid("user", number % 12), "title": TEXTS[number % len(TEXTS)]}
        city = CITIES[number % 4]
        row |= {"address": {"city": city, "country": "ES"}, "city_key": fold_city(city)}
        if number % 5 != 4:  # the others are drafts, private, and say little
            row |= {"status": "ARCHIVED" if number % 11 == 10 else "ACTIVE"}
            row |= {"visibility": "PRIVATE" if number % 10 == 7 else "PUBLIC"}
            row |= {"style": STYLES[number % 4], "description": TEXTS[-number % len(TEXTS)]}
            row |= {"address": {**row["address"], "street": f"Calle {number}", "postal_code": ""}}
            row |= {"listed_at": moment(number) if number % 8 else None, "showcased_at": moment(number // 2)}
            row |= {"area_m2": number * 10 or None, "rooms": number % 4, "cover": _cover(number)}
            place = [[-3.7, 40.4 + number / 1000], [-3, 40], [180.0, -90.0]][number % 3]
            row |= {"location": {"type": "Point", "coordinates": place} if number % 4 else None}
        if number % 4 == 1:
            amount = AMOUNTS[number // 4 % len(AMOUNTS)]
            row |= {"price": {"amount": amount, "currency": "EUR"}, "price_amount": amount, "price_currency": "EUR"}
        yield row


def _cover(number: int) -> ObjectId | None:
    return (None, GONE, oid("asset", number % 25))[number % 3]


def _designs() -> Iterator[Row]:
    for number in range(60):
        project = number % 5 * 2 if number < 30 else 0 if number < 55 else 5
        row = {"_id": oid("design", number), "created_at": moment(number), "title": TEXTS[number % len(TEXTS)]}
        row |= {"project": GONE if number == 7 else oid("project", project)}
        row |= {"organization": oid("organization", "b" if project == 5 else "a"), "room": "STUDY", "style": "BOHO"}
        row |= {"author": GONE if number % 9 == 8 else oid("user", number % 12)}
        if number % 4:
            row |= {"seq": number % 6, "like_count": number * 1000, "cover": _cover(number)}
        if number % 3:
            row |= {"project_public": number % 5 != 2, "published_at": moment(number // 2) if number % 7 else None}
        if number == 10:
            del row["created_at"]
        yield row


def _comments() -> Iterator[Row]:
    for number in range(135):
        design = oid("design", 0 if number < 104 else number % 4)
        row = {"_id": oid("comment", number), "created_at": moment(number), "design": design}
        row |= {"organization": oid("organization", "a"), "body": TEXTS[number % len(TEXTS)]}
        row |= {"author": GONE if number % 10 == 9 else oid("user", number % 12), "parent": None}
        if number > 120:
            row |= {"parent": GONE if number == 130 else oid("comment", number % 3)}
        if number % 3:
            row |= {"edited_at": moment(number + 2), "resolved_at": (None, moment(number + 4))[number % 2]}
            row |= {"resolved_by": (None, GONE, oid("user", number % 12))[number // 3 % 3]}
        if number % 4:
            point = {"x": FLOATS[number % len(FLOATS)], "y": FLOATS[-number % len(FLOATS)]}
            row |= {"anchor": (None, {"element": "sofa"}, point, {**point, "element": None}, {})[number // 4 % 5]}
        if row["parent"] is None and number % 5 == 0:
            del row["parent"]
        if number % 7:
            mentioned = [oid("user", "owner"), GONE, oid("user", number % 12)]
            row |= {"orphaned": number % 7 == 3, "mentions": mentioned[: number % 4]}
        yield row


def _mentions() -> Iterator[Row]:
    for number in range(30):
        who = ("owner", "viewer", "several", "outsider", "stranger")[number % 5]
        row = {"_id": oid("mention", number), "created_at": moment(number), "user": oid("user", who)}
        row |= {"comment": GONE if number % 6 == 5 else oid("comment", number * 4), "design": oid("design", 0)}
        yield {**row, "organization": oid("organization", "ab"[number % 10 == 9])}


def _versions() -> Iterator[Row]:
    for number in range(26):
        row = {"_id": oid("version", number), "created_at": moment(number), "name": TEXTS[number % len(TEXTS)]}
        row |= {"design": GONE if number % 9 == 8 else oid("design", number % 3), "seq": number * 7}
        row |= {"organization": oid("organization", "ab"[number % 10 == 9])}
        if number % 3:
            row |= {"automatic": number % 2 == 0, "author": (None, GONE, oid("user", number % 12))[number // 3 % 3]}
        yield row


def _edits() -> Iterator[Row]:
    for number in range(45):
        row = {"_id": oid("edit", number), "created_at": moment(number), "seq": number, "base_seq": 0}
        row |= {"design": GONE if number % 9 == 8 else oid("design", number % 4), "batch": TEXTS[number % len(TEXTS)]}
        row |= {"author": GONE if number % 10 == 9 else oid("user", number % 12)}
        row |= {"edits": [{"edit": "remove", "key": "sofa", "keys": ["sofa"]}], "dropped": [], "inverse": []}
        if number % 11:  # the others are from before batches said where they belong
            row |= {"project": oid("project", 0 if number < 30 else number % 3)}
            row |= {"organization": oid("organization", "ab"[number % 10 == 9])}
        yield row | {"added": number, "changed": number % 3, "removed": number % 2} if number % 4 else row


def _elements() -> Iterator[Row]:
    for number in range(48):
        x, y = (FLOATS[(number + place) % len(FLOATS)] for place in range(2))
        design = (0, 0, 0, 1, 5, 70)[number % 6]  # 5 has removed ones alone, 70 is no design
        row = {"_id": f"{oid('design', design)}:key-{number}", "created_at": moment(number), "key": f"key-{number}"}
        row |= {"organization": oid("organization", "a"), "design": oid("design", design), "kind": "FURNITURE"}
        row |= {"x": x, "y": y, "width": (0, 10, 2.5, 1e6)[number % 4], "height": abs(x), "order": f"a{number // 4}"}
        if number % 3:
            row |= {"rotation": (-360, 45.5, -0.0)[number % 3], "props": PROPS[number % len(PROPS)]}
            row |= {"parent": (None, "key-0", "gone")[number // 3 % 3], "removed": number % 8 == 1}
        yield {**row, "removed": True} if design == 5 else row


def _operations() -> Iterator[Row]:
    for number in range(4):
        body = f'query Ours{number} {{ listings(city: "{TEXTS[number % 3][:4]}") {{ totalCount }} }}'
        row = {"_id": oid("operation", number), "created_at": moment(number), "name": f"Ours{number}", "body": body}
        row |= {"organization": oid("organization", "ab"[number == 3]), "cost": 2, "max_age": 300 * number}
        row |= {"document_id": sha256(body.encode()).hexdigest(), "scope": ("PUBLIC", "VIEWER")[number % 2]}
        yield {**row, "created_by": GONE if number == 2 else oid("user", "owner")}


def _api_keys() -> Iterator[Row]:
    for number in range(5):
        row: Row = {"_id": oid("api key", number), "created_at": moment(number), "name": TEXTS[number]}
        row |= {"organization": oid("organization", "ab"[number == 4]), "prefix": f"dp_live_{number}abc"}
        row |= {"hash": sha256(f"key {number}".encode()).hexdigest(), "scopes": ["READ_PUBLIC", "READ_ORGANIZATION"]}
        if number % 2:
            row |= {"operations": [sha256(b"one").hexdigest()], "origins": ["https://a.example", "https://b.example"]}
            row |= {"expires_at": moment(99), "revoked_at": moment(50), "last_used": moment(3)}
        yield {**row, "created_by": GONE if number == 2 else oid("user", "owner")}


def _invitations() -> Iterator[Row]:
    for number in range(9):
        email = f"{number}@example.com"
        row = {"_id": oid("invitation", number), "created_at": moment(number), "email": email}
        row |= {"organization": oid("organization", "ab"[number == 8]), "recipient": sha256(email.encode()).hexdigest()}
        row |= {"role": ("VIEWER", "ADMIN")[number % 2], "status": "DECLINED" if number % 5 == 4 else "PENDING"}
        row |= {"invited_by": GONE if number == 2 else oid("user", "owner")}
        yield {**row, "expires_at": moment(number + 100)}


def _likes() -> Iterator[Row]:
    for number in range(24):
        who = ("owner", "viewer", "several", "outsider")[number % 4]
        row = {"_id": oid("like", number), "created_at": moment(number), "design": oid("design", number // 2)}
        yield {**row, "user": oid("user", who), "active": number % 5 != 4, "pending": False}


def _passkeys() -> Iterator[Row]:
    for number in range(18):
        who = ("owner", "viewer", "owner", "several", "outsider")[number % 5]
        row = {"_id": oid("passkey", number), "created_at": moment(number), "user": oid("user", who)}
        row |= {"name": TEXTS[number % len(TEXTS)][:60], "credential": f"credential-{number}", "public_key": b"\x00key"}
        row |= {"sign_count": number, "syncs": number % 2 == 0}
        yield {**row, "backed_up": number % 4 == 0, "last_used_at": moment(number + 3)} if number % 3 else row


def _sessions() -> Iterator[Row]:
    for number in range(26):
        who = ("owner", "viewer", "several", "outsider")[number // 3 % 4]
        row = {"_id": oid("session", number), "created_at": moment(number), "user": oid("user", who)}
        row |= {"expires_at": moment(number + 900), "ended_at": moment(number + 5) if number % 5 == 4 else None}
        row |= {"token": f"hash {number}", "salt": b"salt"}
        if number % 4:
            row |= {"agent": (TEXTS[number % len(TEXTS)], "Mozilla/5.0 (X11; Linux) Firefox/1")[number % 2]}
            row |= {"address": "192.0.2.1", "methods": (["PASSWORD"], ["PASSWORD", "TOTP"], ["PASSKEY"])[number % 3]}
            row |= {"refreshed_at": (None, moment(number + 2))[number // 4 % 2], "authenticated_at": moment(number)}
        else:
            row |= {"authenticated_at": moment(number)}
        yield row
