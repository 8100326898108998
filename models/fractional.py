"""Order keys of elements: text that sorts, with room between any two."""

from __future__ import annotations

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ORDER_DIGITS = 6
_LONGEST_ORDER = 64


def order_after(key: str) -> str:
    """Return an order key that sorts after `key`, six characters long as a rule; the very last of all stays as it is.

    Keys are compared as ASCII text, digits before capitals before small letters. The key's first six characters are
    counted up as a number, which leaves room for 62^6 keys, and for any number between two of them.
    """
    if not key:
        return "U" + "0" * (_ORDER_DIGITS - 1)
    head = key[:_ORDER_DIGITS].ljust(_ORDER_DIGITS, "0")
    if head == _ALPHABET[-1] * _ORDER_DIGITS:
        return key + "U" if len(key) < _LONGEST_ORDER else _next(key)
    number = 0
    for character in head:
        number = number * len(_ALPHABET) + _ALPHABET.index(character)
    digits = []
    number += 1
    for _ in range(_ORDER_DIGITS):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _next(key: str) -> str:
    """Return the next key of no greater length."""
    head = key.rstrip(_ALPHABET[-1])
    return head[:-1] + _ALPHABET[_ALPHABET.index(head[-1]) + 1] if head else key
