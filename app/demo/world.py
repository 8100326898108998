"""The demo world: who, what, where and when, from one seed."""

from datetime import UTC, datetime, timedelta
from random import Random

from app.demo.conversation import conversations, likes
from app.demo.entities import Membership, Organization, Person, World
from app.demo.people import FIRMS, Firm
from app.demo.portfolio import build_portfolio
from app.demo.slugs import slugify
from app.demo.vocabulary import Role

NOW = datetime(2026, 11, 1, tzinfo=UTC)
"""The day on which the demo world stands still."""

_ROLES: tuple[Role, ...] = ("OWNER", "ADMIN", "EDITOR", "VIEWER", "EDITOR", "EDITOR", "VIEWER")


def world(seed: int = 7) -> World:
    """Return the whole demo world; the same for the same seed."""
    random = Random(seed)  # noqa: S311 — demo data, no secret
    organizations: list[Organization] = []
    people: list[Person] = []
    memberships: list[Membership] = []
    for number, firm in enumerate(FIRMS):
        founded = NOW - timedelta(days=760 + 11 * number, hours=3 * number)
        organization = Organization(f"organization-{number}", firm.name, firm.slug, firm.plan, founded)
        organizations.append(organization)
        for name, role in zip(firm.staff, _ROLES, strict=False):
            joined = founded + timedelta(
                days=random.randint(0, 20) if role != "OWNER" else 0, minutes=random.randint(0, 600)
            )
            person = Person(f"person-{len(people)}", name, _email(name, firm), firm.locale, joined)
            people.append(person)
            memberships.append(Membership(organization.key, person.key, role, joined))
    memberships += _guests(random, organizations, memberships)
    portfolio = build_portfolio(random, organizations, memberships, NOW)
    return World(
        tuple(organizations),
        tuple(people),
        tuple(memberships),
        tuple(portfolio.pictures),
        tuple(portfolio.projects),
        tuple(portfolio.designs),
        tuple(conversations(random, portfolio.designs, memberships, NOW)),
        tuple(likes(random, portfolio.designs, people, NOW)),
    )


def _email(name: str, firm: Firm) -> str:
    return f"{slugify(name.split(maxsplit=1)[0])}@{firm.domain}"


def _guests(random: Random, organizations: list[Organization], memberships: list[Membership]) -> list[Membership]:
    """Let one editor of each firm look at the next firm's work, so that some people belong to two organizations."""
    guests: list[Membership] = []
    for number, organization in enumerate(organizations):
        host = organizations[(number + 1) % len(organizations)]
        editor = random.choice([m for m in memberships if m.organization == organization.key and m.role == "EDITOR"])
        guests.append(Membership(host.key, editor.person, "VIEWER", NOW - timedelta(days=random.randint(30, 500))))
    return guests
