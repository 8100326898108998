"""The demo world: as much as promised, consistent, and the same for the same seed."""

import math
from collections import Counter, defaultdict

import pytest

from app.demo.entities import Comment, World
from app.demo.places import CITY
from app.demo.slugs import slugify
from app.demo.vocabulary import ROLES, ROOMS, STYLES
from app.demo.world import NOW, world


@pytest.fixture(scope="module", name="demo")
def fixture_demo() -> World:
    """Build the world that `make run` loads."""
    return world()


def test_there_is_as_much_of_everything_as_promised(demo: World) -> None:
    """The counts of the issue hold."""
    published = Counter(design.project for design in demo.designs if design.published_at)

    assert len(demo.organizations) >= 6
    assert len(demo.projects) >= 120
    assert len({project.address.city for project in demo.projects}) >= 20
    assert len(demo.designs) >= 420
    assert sum(count >= 5 for count in published.values()) >= 25
    assert len(demo.pictures) >= 64
    assert {design.room for design in demo.designs} == set(ROOMS)
    assert {design.style for design in demo.designs} == set(STYLES)
    assert len(demo.comments) > 500
    assert len(demo.likes) > 1000


def test_the_same_seed_gives_the_same_world(demo: World) -> None:
    """Two runs agree to the last digit; another seed differs."""
    assert world() == demo
    assert repr(world()) == repr(demo)
    assert world(8) != demo


def test_every_organization_has_members_of_every_role(demo: World) -> None:
    """Nobody has to be invited to try a role out."""
    roles = defaultdict(set)
    for membership in demo.memberships:
        roles[membership.organization].add(membership.role)

    assert all(roles[organization.key] == set(ROLES) for organization in demo.organizations)


def test_a_person_is_a_member_once_per_organization(demo: World) -> None:
    """Membership is unique, and some people belong to two organizations."""
    pairs = [(membership.organization, membership.person) for membership in demo.memberships]

    assert len(set(pairs)) == len(pairs)
    assert max(Counter(person for _, person in pairs).values()) == 2


def test_emails_slugs_and_keys_are_unique(demo: World) -> None:
    """Unique indexes will not object, nor will mail ever leave for a real domain."""
    emails = [person.email for person in demo.people]
    slugs = [project.slug for project in demo.projects]

    assert len(set(emails)) == len(emails)
    assert all(email.endswith(".example") and email == email.casefold() and email.isascii() for email in emails)
    assert len(set(slugs)) == len(slugs)
    assert all(project.slug.startswith(slugify(project.title) + "-") for project in demo.projects)
    assert len({organization.slug for organization in demo.organizations}) == len(demo.organizations)
    for kind in (demo.organizations, demo.people, demo.pictures, demo.projects, demo.designs, demo.comments):
        keys = [record.key for record in kind]
        assert len(set(keys)) == len(keys)


def test_projects_lie_within_three_kilometres_of_their_city(demo: World) -> None:
    """Coordinates are true, and the country and currency are the city's."""
    for project in demo.projects:
        city, address = CITY[project.address.city], project.address
        north = (address.latitude - city.latitude) * 111.2
        east = (address.longitude - city.longitude) * 111.2 * math.cos(math.radians(city.latitude))

        assert math.hypot(north, east) < 3
        assert (address.country, project.currency) == (city.country, city.currency)
        assert "#" not in address.postal_code


def test_prices_suit_the_area_and_the_city(demo: World) -> None:
    """A price per square metre is that of the city, give or take a third."""
    for project in demo.projects:
        price = project.price / 100 / project.area_m2

        assert 0.7 < price / CITY[project.address.city].price < 1.4
        assert 1 <= project.rooms <= 20


def test_covers_show_the_room_and_style_of_their_design(demo: World) -> None:
    """A bathroom is not advertised with a kitchen."""
    pictures = {picture.key: picture.photograph for picture in demo.pictures}
    covers = defaultdict(set)
    for design in demo.designs:
        if design.cover:
            covers[design.project].add(design.cover)
            assert (pictures[design.cover].room, pictures[design.cover].style) == (design.room, design.style)
        assert design.cover or design.published_at is None

    assert all(project.cover in covers[project.key] for project in demo.projects if project.cover)
    assert sum(project.cover is not None for project in demo.projects) >= 120


def test_owners_and_authors_may_edit_what_they_made(demo: World) -> None:
    """They are members of the organization, and not viewers."""
    makers = {(m.organization, m.person) for m in demo.memberships if m.role != "VIEWER"}
    organizations = {project.key: project.organization for project in demo.projects}

    assert all((project.organization, project.owner) in makers for project in demo.projects)
    for design in demo.designs:
        assert (design.organization, design.author) in makers
        assert organizations[design.project] == design.organization


def test_comments_form_threads_with_valid_anchors(demo: World) -> None:
    """Replies follow their parent, members speak, anchors exist; some threads are resolved."""
    designs = {design.key: design for design in demo.designs}
    members = {(m.organization, m.person) for m in demo.memberships}
    seen: dict[str, Comment] = {}
    for comment in demo.comments:
        design = designs[comment.design]
        assert (design.organization, comment.author) in members
        if comment.parent:
            parent = seen[comment.parent]
            assert parent.parent is None
            assert parent.design == comment.design
            assert parent.created_at <= comment.created_at
            assert (comment.element, comment.point, comment.resolved_at) == (None, None, None)
        if comment.element is not None:
            assert design.elements[comment.element].kind == "FURNITURE"
        seen[comment.key] = comment

    kinds = {(comment.element is not None, comment.point is not None) for comment in demo.comments}
    assert len(kinds) == 4
    assert sum(comment.resolved_at is not None for comment in demo.comments) > 50


def test_likes_are_unique_and_of_published_designs(demo: World) -> None:
    """Nobody likes twice, nor before there was something to see."""
    published = {design.key: design.published_at for design in demo.designs}
    pairs = [(like.design, like.person) for like in demo.likes]

    assert len(set(pairs)) == len(pairs)
    for like in demo.likes:
        moment = published[like.design]
        assert moment is not None
        assert moment <= like.created_at <= NOW


def test_nothing_happens_after_the_reference_date(demo: World) -> None:
    """Times are spread over two years and end at the fixed day."""
    created = [project.created_at for project in demo.projects]
    resolved = [comment.resolved_at for comment in demo.comments if comment.resolved_at]

    assert max(created) <= NOW
    assert (NOW - min(created)).days > 500
    assert max(comment.created_at for comment in demo.comments) <= NOW
    assert max(resolved) <= NOW
    assert all(d.published_at is None or d.created_at <= d.published_at <= NOW for d in demo.designs)


def test_texts_vary_and_are_complete(demo: World) -> None:
    """No placeholder is left, and descriptions do not repeat each other."""
    texts = [project.description for project in demo.projects]

    assert len(set(texts)) > 0.9 * len(texts)
    assert len({project.title for project in demo.projects}) > 0.8 * len(demo.projects)
    assert not any("{" in text or ":Un" in text or "es:" in text or "de:" in text for text in texts)
