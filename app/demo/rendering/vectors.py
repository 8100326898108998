"""Arithmetic on arrays of vectors, `(3, n)`, written out because numpy's reductions over three rows are slow."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def dot(a: Array, b: Array) -> Array:
    """Return the inner products, `(n,)`."""
    total = a[0] * b[0]
    total = total + a[1] * b[1]
    answer: Array = total + a[2] * b[2]
    return answer


def length(a: Array) -> Array:
    """Return the lengths, `(n,)`."""
    return np.sqrt(dot(a, a))


def column(values: tuple[float, float, float]) -> Array:
    """Return three numbers as a `(3, 1)` array."""
    return np.array(values, np.float32)[:, None]
