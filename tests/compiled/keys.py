"""Names in drawn documents: those that might break generated code, and response keys that agree with each other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import Final

NAMES: Final = (
    *("lambda", "None", "import", "class", "r", "rows", "run", "made", "shown", "at", "page", "columns", "canvas"),
    *(
        "c0",
        "c1",
        "v1",
        "k0",
        "__class__",
        "__init__",
        "_",
        "def",
        "exec",
        "ids",
        "title",
        "id",
        "name",
        "node",
        "data",
    ),
    *("x" * 300, "errors", "self", "True", "key", "edges"),
)

_Asked = tuple[str, str, str, str]  # the parent's type, the field, its arguments, its type


@dataclass
class Keys:
    """The response keys of one document.

    A key means one field with the same arguments in all of it, or fields of different types with one shape, so that
    whatever is drawn may be merged with whatever else.
    """

    chance: Random
    _taken: defaultdict[str, list[_Asked]] = field(default_factory=lambda: defaultdict(list))
    _fresh: int = 0

    def spell(self, parent: str, name: str, arguments: str, shape: str) -> str:
        """Spell a field with its arguments, under its own name or another that is free for it."""
        asked = (parent, name, arguments, shape)
        candidates = [name] if self.chance.random() < 0.75 else []
        for key in (*candidates, self.name(), self.name(), self._new(), self._new()):
            if all(_agree(asked, other) for other in self._taken[key]):
                self._taken[key].append(asked)
                return f"{name}{arguments}" if key == name else f"{key}: {name}{arguments}"
        raise AssertionError("a new name is always free")

    def name(self) -> str:
        """Draw a name for anything."""
        return self.chance.choice(NAMES) if self.chance.random() < 0.7 else self._new()

    def fields(self) -> dict[tuple[str, str], str]:
        """Return the fields by their parent's type and response key."""
        return {(parent, key): name for key, found in self._taken.items() for parent, name, _, _ in found}

    def _new(self) -> str:
        self._fresh += 1
        return f"n{self._fresh}"


def _agree(one: _Asked, other: _Asked) -> bool:
    """Whether two fields may have one response key."""
    apart = one[0] != other[0] and "Node" not in {one[0], other[0]}
    return one[3] == other[3] and (apart or one[1:3] == other[1:3])
