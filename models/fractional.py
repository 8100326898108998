"""Order keys of elements: text that sorts, with room between any two.

Keys are compared as ASCII text, digits before capitals before small letters. They are read in blocks of six characters,
each a number below 62^6; what a key does not have counts as zeros, so there is nothing between `V` and `V0`.
"""

from __future__ import annotations

from random import Random
from typing import Final

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BLOCK: Final = 6
_IN_BLOCK: Final = len(_ALPHABET) ** _BLOCK
_LONGEST_ORDER: Final = 64
_LONGEST_SPREAD: Final = 18
_LEAST_STEP: Final = len(_ALPHABET)


def order_after(key: str) -> str:
    """Return an order key that sorts after `key`, six characters long as a rule; the very last of all stays as it is.

    The key's first block is counted up, which leaves room for 62^6 keys, and for any number between two of them.
    """
    if not key:
        return "U" + "0" * (_BLOCK - 1)
    number = _number(key, 0)
    if number == _IN_BLOCK - 1:
        return key + "U" if len(key) < _LONGEST_ORDER else _next(key)
    return _written(number + 1)


def spread(low: str, high: str | None, count: int, chance: Random) -> list[str] | None:
    """Return keys between two others ("" is the bottom, None the top), in order, about evenly apart, at most 18 long.

    None where so many would be too close: between any two there shall be room for dozens that are no longer than they.
    They are not exactly even, because whoever else makes keys here may well make the even ones.
    """
    head = ""
    for at in range(0, _LONGEST_SPREAD, _BLOCK):
        first, last = _number(low, at), _IN_BLOCK if high is None else _number(high, at)
        step = (last - first) // (count + 1)
        if step >= _LEAST_STEP:
            strayed = (chance.randrange(-step // 4, step // 4) for _ in range(count))
            return [head + _written(first + step * number + aside) for number, aside in enumerate(strayed, 1)]
        head += _written(first)
        if last > first:
            high = None  # from here on every key behind `low` is before `high`
    return None


def _number(key: str, at: int) -> int:
    """Read a block as a number."""
    number = 0
    for character in key[at : at + _BLOCK].ljust(_BLOCK, "0"):
        number = number * len(_ALPHABET) + _ALPHABET.index(character)
    return number


def _written(number: int) -> str:
    digits = []
    for _ in range(_BLOCK):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _next(key: str) -> str:
    """Return the next key of no greater length."""
    head = key.rstrip(_ALPHABET[-1])
    return head[:-1] + _ALPHABET[_ALPHABET.index(head[-1]) + 1] if head else key
