"""The demo's documents: what they repeat of each other, and when they are from."""

from __future__ import annotations

from datetime import UTC, datetime

from app.demo.world import world
from app.seed import SEED
from app.seed.documents import Documents, Drawn
from models.design import Design
from models.element import DesignEdit
from tests.platform import Platform

WRITTEN = datetime(2030, 1, 1, tzinfo=UTC)


def test_logs_begin_when_they_are_written(platform: Platform) -> None:
    """Given the demo, then its batches are as old as their rows, though its designs are from long before.

    Or they would be trimmed at once. And they say where they belong, and what they did.
    """
    assert platform.database  # to which documents are bound
    demo = world(SEED)
    drawing = Drawn("", "0" * 64, 1, 3, 2, "", "#000000")
    made = dict(Documents(demo, 0, {picture.key: drawing for picture in demo.pictures}, "", WRITTEN).batches())
    designs = {design.id: design for design in made["designs"] if isinstance(design, Design)}
    logs = [edit for edit in made["logs"] if isinstance(edit, DesignEdit)]
    assert {edit.design for edit in logs} == designs.keys()
    for edit in logs:
        design = designs[edit.design]
        assert (edit.project, edit.organization, edit.seq) == (design.project, design.organization, design.seq)
        assert (edit.added, edit.changed, edit.removed) == (len(edit.edits), 0, 0)
        assert design.created_at < edit.created_at == WRITTEN
