"""An application, not a distribution: its packages are the folders of this repository, and nothing installed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "name", ["app", "auth", "edge", "models", "resolvers", "schema", "storage", "tests", "workers"]
)
def test_each_package_lies_in_the_repository(name: str) -> None:
    """The names are generic: one that was installed would shadow ours, or be shadowed."""
    file = import_module(name).__file__
    assert file is not None
    assert Path(file).resolve() == ROOT / name / "__init__.py"


def test_every_feature_has_the_same_file_name_everywhere() -> None:
    """A feature is its document, its types, its resolvers and its tests."""
    for feature in ("organization", "project", "design", "element", "comment", "asset"):
        names = (f"models/{feature}.py", f"schema/{feature}.py", f"resolvers/{feature}.py", f"tests/test_{feature}.py")
        assert [name for name in names if not (ROOT / name).is_file()] == []
