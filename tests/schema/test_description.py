"""Plans in words."""

from __future__ import annotations

from app.http.registry import load
from resolvers.api import build
from schema.compiled.compiler import Compiler
from schema.compiled.description import commands, steps
from schema.compiled.shapes import Plan

API, PREPARER = build()


def plan(text: str) -> Plan:
    """Return the plan of a query."""
    prepared = PREPARER.prepare(text)
    return Compiler(API).compile(prepared.document, prepared.choose(None).node, {})


def registered(name: str) -> Plan:
    """Return the plan of a registered query."""
    return plan(next(body for body in load().values() if body.startswith(f"query {name}")))


def test_steps_stand_before_what_they_lead_to() -> None:
    """Given the gallery, then each step is one deeper and one wave later than the one above it."""
    found = [(step.depth, step.wave, step.text.partition(" → ")[0]) for step in steps(registered("Gallery"))]
    assert found == [
        (0, 1, "gallery: a page of a list"),
        (1, 2, "reference owner"),
        (1, 2, "reference organization"),
        (1, 2, "reference cover"),
        (1, 2, "list designs_by_project or published_designs_by_project, for each row"),
        (2, 3, "reference author"),
        (2, 3, "reference cover"),
    ]
    assert commands(registered("Gallery")) == 3


def test_what_is_read_is_what_is_selected() -> None:
    """Given two fields, then they and what orders the list are read, and nothing else."""
    (step,) = steps(plan("{ gallery { edges { node { id title cover { id } } } } }"))[:1]
    assert step.text == "gallery: a page of a list → Project(cover, showcased_at, title)"


def test_a_canvas_is_two_commands_and_a_count_is_none_more() -> None:
    """Given a canvas, then its snapshot counts twice; a count goes with its page."""
    canvas = plan('{ design(id: "x") { canvas { seq elements { key } } viewerHasLiked } }')
    assert [step.text.partition(" → ")[0] for step in steps(canvas)] == [
        "design: by id",
        "canvas, of one moment",
        "likes of the viewer",
    ]
    assert commands(canvas) == 3
    counted = plan("{ listings { totalCount } }")
    assert [step.text for step in steps(counted)] == ["listings: a page of a list, counted"]
    assert commands(counted) == 1


def test_what_follows_from_ids_has_the_wave_of_the_rows() -> None:
    """Given the home of somebody signed in, then the lists of who is known by id are read with them."""
    found = [(step.wave, step.text.partition(" → ")[0]) for step in steps(registered("ViewerHome"))]
    assert found == [
        (1, "viewer: by id"),
        (1, "list memberships_by_user, for each row"),
        (2, "reference organization"),
        (2, "list projects_by_organization or public_projects_by_organization, for each row"),
        (3, "reference cover"),
        (3, "list designs_by_project or published_designs_by_project, for each row, counted"),
    ]
    assert commands(registered("ViewerHome")) == 3
