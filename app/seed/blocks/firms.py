"""Organizations, and who works there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bson import ObjectId

from app.demo.people import FIRMS
from app.demo.slugs import slugify
from app.demo.vocabulary import Role
from app.seed.blocks.rows import Rows, after, day, object_id
from models.organization import Membership, Organization
from models.user import Credential, User

FIRMS_PER_BLOCK = 40

_YEAR = timedelta(days=365)
_GIANT_YEARS = 50  # as old as its oldest project in the largest of databases
_ROLES: tuple[Role, ...] = ("OWNER", "ADMIN", "EDITOR", "VIEWER", "EDITOR", "EDITOR", "VIEWER")
_STAFF = (3, 4, 5, 6, 7)
_GIANT_STAFF = 40
_NAMES = tuple(name.split(maxsplit=1) for firm in FIRMS for name in firm.staff)
_FIRST_NAMES = tuple((first, slugify(first)) for first, _ in _NAMES)
_LAST_NAMES = tuple(last for _, last in _NAMES)


def _role(place: int) -> Role:
    return _ROLES[place % len(_ROLES)]


@dataclass(frozen=True, slots=True)
class Firm:
    """An organization with its people, the owner first; `makers` are those who may edit."""

    id: ObjectId
    people: tuple[ObjectId, ...]
    makers: tuple[ObjectId, ...]


def firms_of(block: int) -> list[Firm]:
    """Return a block's firms; the first of block 0 is the giant, which has projects in every block."""
    firms: list[Firm] = []
    first = 0
    for number in range(FIRMS_PER_BLOCK):
        size = _GIANT_STAFF if block == number == 0 else _STAFF[number % len(_STAFF)]
        people = tuple(object_id(User, block, first + place) for place in range(size))
        makers = tuple(person for place, person in enumerate(people) if _role(place) != "VIEWER")
        firms.append(Firm(object_id(Organization, block, number), people, makers))
        first += size
    return firms


GIANT = firms_of(0)[0]


def add_firms(rows: Rows, random: Random, firms: list[Firm], password_hash: str) -> None:
    """Add firms, their people, and who belongs where; each firm's owner looks at the next one's work."""
    for number, firm in enumerate(firms):
        like = random.choice(FIRMS)
        founded = after(random, day(rows.block) - _YEAR * (_GIANT_YEARS if firm == GIANT else 1), 300)
        name, slug = f"{like.name} {number + 1}", f"{like.slug}-{rows.block}-{number}"
        rows.add(Organization, founded, name=name, slug=slug, plan=like.plan)
        for place, person in enumerate(firm.people):
            first, mailbox = random.choice(_FIRST_NAMES)
            joined = after(random, founded, 20)
            rows.add(
                User,
                joined,
                email=f"{mailbox}.{rows.block}.{number}.{place}@{like.domain}",
                name=f"{first} {random.choice(_LAST_NAMES)}",
                locale=like.locale,
                avatar=None,
                email_verified_at=joined,
                erased=False,
            )
            rows.add(Credential, joined, _id=person, hash=password_hash)
            _join(rows, firm, person, _role(place), joined)
        _join(rows, firm, firms[number - 1].people[0], "VIEWER", day(rows.block))


def _join(rows: Rows, firm: Firm, person: ObjectId, role: Role, moment: datetime) -> None:
    rows.add(Membership, moment, organization=firm.id, user=person, role=role)
