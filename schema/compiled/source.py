"""Writing a Python function, line by line.

The text comes from our own declarations alone. Every value, a response's keys included, is a constant that the text
knows by a name made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Source:
    """A function in the making: `name(parameters)`."""

    def __init__(self, name: str, *parameters: str) -> None:
        self._name = name
        self._parameters = parameters
        self._constants: dict[str, Any] = {}
        self._names: dict[tuple[type, Any], str] = {}
        self._lines: list[str] = []
        self._indent = "    "
        self._fresh = 0

    def line(self, text: str) -> None:
        """Write a line."""
        self._lines.append(f"{self._indent}{text}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write what stands below a head."""
        self.line(head)
        self._indent += "    "
        yield
        self._indent = self._indent[4:]

    def fresh(self) -> str:
        """Return a name for a new variable."""
        self._fresh += 1
        return f"v{self._fresh}"

    def constant(self, value: Any) -> str:
        """Return the name of a constant; equal texts share one, anything else is told apart by identity."""
        key = (str, value) if type(value) is str else (type(value), id(value))
        if key not in self._names:
            self._names[key] = name = f"c{len(self._names)}"
            self._constants[name] = value
        return self._names[key]

    def assign(self, expression: str) -> str:
        """Write the assignment of an expression to a new variable, and return its name."""
        name = self.fresh()
        self.line(f"{name} = {expression}")
        return name

    @property
    def text(self) -> str:
        """The function's text. Constants are parameters with defaults, which Python finds faster than globals."""
        parameters = ", ".join((*self._parameters, *(f"{name}={name}" for name in self._constants)))
        return "\n".join((f"def {self._name}({parameters}):", *self._lines, ""))

    def build(self) -> Callable[..., Any]:
        """Return the function."""
        namespace = dict(self._constants)
        exec(compile(self.text, f"<plan: {self._name}>", "exec"), namespace)  # noqa: S102 - our own text, see above
        function: Callable[..., Any] = namespace[self._name]
        return function
