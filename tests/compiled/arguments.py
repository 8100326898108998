"""What generated queries are asked with: ids, cursors and other values, the sensible ones most of the time."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    is_list_type,
    is_non_null_type,
)

from schema import ids
from tests.compiled.rows import CITIES, GONE, Row, oid

_KINDS: Final = {
    "organizations": "Organization",
    "users": "User",
    "memberships": "Membership",
    "assets": "Asset",
    "projects": "Project",
    "designs": "Design",
    "comments": "Comment",
    "mentions": "Mention",
    "design_versions": "DesignVersion",
    "design_edits": "DesignEdit",
    "elements": "Element",
    "operations": "RegisteredOperation",
    "passkeys": "Passkey",
    "api_keys": "ApiKey",
    "invitations": "Invitation",
    "sessions": "Session",
}
_MALFORMED: Final = (
    "",
    "x",
    "Project:1",
    base64.b64encode(b"Project").decode(),
    base64.b64encode(b"Project:zzz").decode(),
    base64.b64encode(b"Nothing:1").decode(),
    base64.b64encode(b"\xff\xfe:1").decode(),
    ids.encode("Design", "6" * 25),
    'a" b',
)
CENTRE: Final = {"latitude": 40.4, "longitude": -3.7}
_BAD_CURSORS: Final = ("", "x", "é", "AAAA", "____", base64.urlsafe_b64encode(b"\x05\x00\x00\x00\x00").decode())
_SCALARS: Final[dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]]] = {
    "first": ((1, 2, 3, 5, 20, 0, 1, 2, 3, 5, 20, 100), (0, 101, -1)),
    "currency": (("EUR",), ("USD",)),
    "amount": ((0, 1, 99, 100.0, 2**31, 10**14), (-1,)),
    "radiusM": ((1, 1000, 10_000, 200_000), (0, 200_001)),
    "width": ((1, 64, 100, 777, 5000), (0, -1)),
    "height": ((1, 64, 100, 777, 5000), (0, -1)),
    "widths": ((1, 64, 320, 777, 5000), (0, -1)),
    "aspectRatio": ((1.5, 1, 0.5, 10), (0, 10.5, -1)),
    "quality": ((-5, 1, 80, 1000), (0,)),
}
"""Values by argument: the usual ones, and some that are refused."""

_WRONG: Final[tuple[Any, ...]] = (
    None,
    "x",
    5,
    -1,
    2**40,
    1.5,
    True,
    [],
    [1],
    {},
    {"amount": 10**15, "currency": "EUR"},
    "NOPE",
    [None],
)
"""Values of variables, each of them wrong for most types."""


@dataclass
class Pool:
    """What there is to ask for.

    `cursors` are real ones, by the list's place: an entry field, or a global id and the name of a field.
    """

    slugs: list[str] = field(default_factory=list)
    ids: dict[str, list[str]] = field(default_factory=dict)
    hot: dict[str, list[str]] = field(default_factory=dict)
    cursors: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, rows: dict[str, list[Row]]) -> Pool:
        """Return what these documents offer."""
        known = {kind: [str(ids.encode(kind, row["_id"])) for row in rows[name]] for name, kind in _KINDS.items()}
        hot = {kind: found[:3] for kind, found in known.items()}
        hot["Design"].append(str(ids.encode("Design", oid("design", 5))))
        hot["Element"].append(known["Element"][7])  # one that lies in another
        return cls([row["slug"] for row in rows["projects"]], known, hot)

    def id(self, chance: Random, kinds: Iterable[str]) -> str:
        """Draw an id: of one of these types most of the time, of a thing that much leads from most of the time."""
        kind = chance.choice([*kinds])
        dice = chance.random()
        if dice < 0.5:
            return chance.choice(self.hot[kind])
        if dice < 0.9:
            return chance.choice(self.ids[kind])
        if dice < 0.95:
            return str(ids.encode(kind, f"{GONE}:x" if kind == "Element" else GONE))
        if dice < 0.98:
            return chance.choice(self.ids[chance.choice([*self.ids])])
        return chance.choice(_MALFORMED)

    def cursor(self, chance: Random, place: tuple[str, str]) -> str | None:
        """Draw a cursor for a list: one of its own if there is one, most of the time."""
        own, dice = self.cursors.get(place), chance.random()
        if own and dice < 0.95:
            return chance.choice(own)
        if dice < 0.9:
            return None
        other = chance.choice([*self.cursors.values()])
        return chance.choice(other) if dice < 0.98 else chance.choice(_BAD_CURSORS)

    def value(self, chance: Random, type_: Any, name: str, of: str = "") -> Any:
        """Draw a value of an input type for an argument or an input's field; `of` is the type of its field's answer."""
        if is_non_null_type(type_):
            return self._present(chance, type_.of_type, name, of)
        return None if chance.random() < 0.1 else self._present(chance, type_, name, of)

    def wrong(self, chance: Random) -> Any:
        """Draw a value that is wrong for most types."""
        return chance.choice(_WRONG)

    def _present(self, chance: Random, type_: Any, name: str, of: str) -> Any:
        if is_list_type(type_):
            count = 101 if chance.random() < 0.02 else chance.choice((0, 1, 2, 3, 6))
            return [self.value(chance, type_.of_type, name, of) for _ in range(count)]
        if isinstance(type_, GraphQLEnumType):
            found = chance.choice([*type_.values])
            self.drawn.add(f"{type_.name}.{found}")
            return found
        if isinstance(type_, GraphQLInputObjectType):
            return self._input(chance, type_)
        if name in {"id", "ids", "organizationId"}:
            of = "Organization" if name == "organizationId" else of
            return self.id(chance, [of] if of in self.ids else self.ids)
        return self._scalar(chance, type_.name, name)

    def _input(self, chance: Random, type_: GraphQLInputObjectType) -> dict[str, Any]:
        self.drawn |= {f"{type_.name}.{name}" for name in type_.fields}  # all of them are required
        if type_.name == "LocationInput":
            return dict(CENTRE) if chance.random() < 0.8 else {"latitude": chance.choice((90, 91, 0)), "longitude": 0.0}
        return {name: self.value(chance, declared.type, name) for name, declared in type_.fields.items()}

    def _scalar(self, chance: Random, kind: str, name: str) -> Any:
        if name == "slug":
            return chance.choice(self.slugs) if chance.random() < 0.9 else "no-such-slug"
        if name == "city":
            city = chance.choice(CITIES)
            return chance.choice((city, city.upper(), f" {city} ", city.lower(), "Nowhere"))
        if name in _SCALARS:
            usual, seldom = _SCALARS[name]
            return chance.choice(usual if chance.random() < 0.95 else seldom)
        return chance.choice((0, 1, 2, 3)) if kind == "Int" else chance.choice(("x", "Madrid", 'a "b" \\ ñ 🏡'))


def literal(value: Any, type_: Any) -> str:
    """Spell a value in a document."""
    kind = type_.of_type if is_non_null_type(type_) else type_
    if value is None:
        return "null"
    if is_list_type(kind):
        parts = [literal(part, kind.of_type) for part in value]
        return f"[{', '.join(parts)}]"
    if isinstance(kind, GraphQLEnumType):
        return str(value)
    if isinstance(kind, GraphQLInputObjectType):
        parts = [f"{name}: {literal(part, kind.fields[name].type)}" for name, part in value.items()]
        return f"{{{', '.join(parts)}}}"
    return json.dumps(value)
