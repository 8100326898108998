"""A guard: what an answer depends on is recorded by loaders, so nothing else may read while a cacheable one is made.

An answer that read past its loaders would be kept without the tag that drops it, and stay when what it shows changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NoReturn

_WHY = "What may be cached is read by loaders alone, which record it; see CONTRIBUTING.md."
_ONLY: ContextVar[bool] = ContextVar("recorded only", default=False)


class UnrecordedReadError(Exception):
    """A fault of ours: an operation whose answer may be cached asked the database past its loaders."""


@contextmanager
def recorded_only() -> Iterator[None]:
    """Refuse, in this block and the tasks that it starts, every command to the database that is no loader's."""
    token = _ONLY.set(True)
    try:
        yield
    finally:
        _ONLY.reset(token)


class Refusing:
    """Stands in for a collection that may not be asked now: whatever is wanted of it is refused."""

    def __getattr__(self, name: str) -> NoReturn:
        raise UnrecordedReadError(_WHY)


def refused() -> bool:
    """Whether only loaders may read now."""
    return _ONLY.get()


def check_unrecorded() -> None:
    """Raise UnrecordedReadError inside `recorded_only`; called by all ways to the database but the loaders'."""
    if _ONLY.get():
        raise UnrecordedReadError(_WHY)
