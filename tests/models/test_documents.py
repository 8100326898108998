"""Documents: slugs, folded names, derived fields, and how invariants are refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from beanie import PydanticObjectId
from bson import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from models.database import cluster_time, timestamp
from models.entity import camel, now
from models.errors import (
    ConflictError,
    CrowdedError,
    DomainError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    RateLimitedError,
)
from models.project import Address, Kind, Money, Project, Status, Visibility, fold_city, make_slug
from models.register import COLLECTIONS, DOCUMENTS
from models.user import User, fold_email
from tests.platform import Platform

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@given(st.text(max_size=200))
def test_a_slug_is_a_short_url_segment(title: str) -> None:
    """Given any title, then its slug is small letters, digits and single hyphens, with a random end."""
    slug = make_slug(title)
    assert re.fullmatch(r"([a-z0-9]+-)*[a-z0-9]{6}", slug)
    assert len(slug) <= 67


def test_a_slug_is_readable_and_never_the_same() -> None:
    """Given one title, when slugs are made of it, then they can be read and differ."""
    slugs = {make_slug("Ático en Malasaña, 3º — ¡único!") for _ in range(50)}
    assert len(slugs) == 50
    assert all(slug.startswith("atico-en-malasana-3o-unico-") for slug in slugs)


@pytest.mark.parametrize("name", ["A Coruña", " a  coruna ", "A CORUÑA", "A Corun\u0303a", "Ａ Coruña"])
def test_a_city_is_compared_without_case_accents_and_spaces(name: str) -> None:
    """Given spellings of one city, then they fold to the same key."""
    assert fold_city(name) == "a coruna"


@given(st.text(alphabet=st.characters(max_codepoint=0x2FFF), max_size=40))
def test_folding_a_city_again_changes_nothing(name: str) -> None:
    """Given any name, then a folded name is its own key."""
    assert fold_city(fold_city(name)) == fold_city(name)


@pytest.mark.parametrize(
    ("given_", "stored"),
    [("Ana@Example.COM", "ana@example.com"), ("  a@b.co\n", "a@b.co"), ("STRASSE@ß.de", "strasse@ss.de")],
)
def test_an_address_is_folded(given_: str, stored: str) -> None:
    """Given an e-mail address with capitals and spaces around, then it is stored without."""
    assert fold_email(given_) == stored
    assert fold_email(stored) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana",
        "ana@",
        "@b.co",
        "a@b",
        "a@.co",
        "a@b..co",
        "a b@c.co",
        "a@b@c.co",
        "x" * 65 + "@b.co",
        f"a@{'b' * 250}.co",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Given text without the shape of an address, when it is folded, then it is refused."""
    with pytest.raises(ValueError, match="not an e-mail address"):
        fold_email(text)


def project(**fields: object) -> Project:
    """Make a project."""
    return Project.make(
        **{
            "organization": PydanticObjectId(),
            "owner": PydanticObjectId(),
            "title": "Casa",
            "slug": "casa-abc",
            "kind": Kind.HOUSE,
            "address": Address(city="León", country="ES"),
            **fields,
        }
    )


def test_repeated_scalars_follow_what_they_repeat(platform: Platform) -> None:
    """Given a project, when its city or price changes, then the fields that lists select by change with it."""
    house = project(price=Money(amount=5, currency="EUR"))
    assert (house.city_key, house.price_amount, house.price_currency) == ("leon", 5, "EUR")
    house.change(price=None, address=Address(city="Vigo", country="ES"))
    assert (house.city_key, house.price_amount, house.price_currency) == ("vigo", None, None)
    house.change(city_key="other")
    assert house.city_key == "vigo"


def test_a_project_is_listed_from_when_it_is_seen_until_it_is_not(platform: Platform) -> None:
    """Given a draft, when it becomes public and active, then the moment is kept until either ends."""
    later, house = NOON.replace(hour=13), project()
    house.show(Visibility.PUBLIC, None, NOON)
    assert house.listed_at is None
    house.show(None, Status.ACTIVE, NOON)
    assert house.public
    assert house.listed_at == NOON
    house.show(Visibility.PUBLIC, Status.ACTIVE, later)
    assert house.listed_at == NOON
    house.show(None, Status.ARCHIVED, later)
    assert (house.public, house.listed_at, house.visibility) == (False, None, Visibility.PUBLIC)
    house.show(None, Status.ACTIVE, later)
    assert house.listed_at == later


def test_making_a_document_names_the_field_that_is_wrong(platform: Platform) -> None:
    """Given a bad value from outside, when a document is made of it, then the error names its path as the API does."""
    with pytest.raises(InvalidInputError, match="areaM2: Input should be greater than or equal to 1") as caught:
        project(area_m2=0)
    assert caught.value.path == ("areaM2",)
    with pytest.raises(InvalidInputError, match=r"address\.country") as caught:
        project(address={"city": "León", "country": "Spain"})
    assert caught.value.path == ("address", "country")
    with pytest.raises(InvalidInputError, match="email: this is not an e-mail address"):
        User.make(email="ana", name="Ana")


def test_a_refused_change_changes_nothing(platform: Platform) -> None:
    """Given a document, when one of several fields is wrong, then none is set."""
    ana = User.make(email="ANA@example.com", name="Ana")
    with pytest.raises(InvalidInputError, match="locale"):
        ana.change(name="Eva", locale="Spanish")
    assert (ana.email, ana.name, ana.locale) == ("ana@example.com", "Ana", "en")
    ana.change(name="Eva", locale="es-ES")
    assert (ana.name, ana.locale) == ("Eva", "es-ES")


def test_attributes_are_spelled_as_in_the_api() -> None:
    """Given attribute names, then each has one spelling in camel case."""
    assert [*map(camel, ("title", "area_m2", "published_at", "0"))] == ["title", "areaM2", "publishedAt", "0"]


def test_the_present_is_what_mongodb_keeps() -> None:
    """Given the clock, then a time has whole milliseconds, so that it equals what is read back."""
    assert now().microsecond % 1000 == 0
    assert now().tzinfo is UTC


def test_every_failure_has_a_code_of_its_own() -> None:
    """Given the tree of errors, then codes differ, and an error carries its message and path."""
    errors: list[DomainError] = [
        NotSignedInError(),
        NotFoundError("Design", path=("id",)),
        NotAllowedError("no"),
        InvalidInputError("no"),
        ConflictError("no"),
        RateLimitedError("no", 1.5),
        CrowdedError("no"),
    ]
    assert len({error.code for error in errors}) == len(errors)
    assert (errors[1].message, errors[1].path) == ("There is no such Design.", ("id",))
    assert "Authorization: Bearer" in errors[0].message


def test_names_in_the_register_are_unique() -> None:
    """Given the register, then no two documents share a MongoDB collection and no two lists a name."""
    assert len({document.stored_in() for document in DOCUMENTS}) == len(DOCUMENTS)
    assert len(COLLECTIONS) == sum(len(document.collections) for document in DOCUMENTS)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_mongodbs_clock_is_one_number_and_back(time: int, increment: int) -> None:
    """Given any cluster time, then its number orders as it does and tells it again."""
    moment = Timestamp(time, increment)
    assert timestamp(cluster_time(moment)) == moment
    assert cluster_time(moment) < 2**64
