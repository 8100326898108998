"""Reading header fields as HTTP caches must: lists, cache directives, ages and dates; pure.

What is malformed is read as absent, or, where that would make a response live longer, as already over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

LONGEST = 2**31
"""Seconds; a longer time is read as this one (RFC 9111 §1.2.2)."""

_ITEM = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*"?)+')
_DIRECTIVE = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]*))?')
_QUOTED_PAIR = re.compile(r"\\(.)")
_SECONDS = re.compile(r"[0-9]+")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH, _TIME = rf"(?P<month>{'|'.join(_MONTHS)})", r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = (
    re.compile(rf"(?:mon|tue|wed|thu|fri|sat|sun), (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} gmt"),
    re.compile(rf"(?:mon|tues|wednes|thurs|fri|satur|sun)day, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} gmt"),
    re.compile(rf"(?:mon|tue|wed|thu|fri|sat|sun) {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})"),
)
_LEAP_SECOND = 60
_YEARS_AHEAD = 50

# RFC 8941 §3.2, without inner lists, which no cache directive has.
_STRING, _TOKEN = r'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"', r"[A-Za-z*][\w!#$%&'*+.^`|~:/-]*"
_BARE = rf"(?:-?\d{{1,15}}(?:\.\d{{1,3}})?|{_STRING}|{_TOKEN}|\?[01]|:[\w+/=]*:)"
_KEY = r"[a-z*][a-z0-9_.*-]*"
_MEMBER = re.compile(rf"({_KEY})(?:=({_BARE}))?(?:; *{_KEY}(?:={_BARE})?)*", re.ASCII)


def items(values: Iterable[str]) -> list[str]:
    """Return the elements of a comma-separated list, over all its lines; commas in quotes separate nothing."""
    found = (element.strip() for value in values for element in _ITEM.findall(value))
    return [element for element in found if element]


def directives(values: Iterable[str]) -> Mapping[str, str | None]:
    """Return the directives of `Cache-Control` by name in lower case, the first of each (RFC 9111 §4.2.1, §5.2).

    The argument is None where there is none; quotes around it are taken off. What is malformed has an argument that is
    no number.
    """
    found: dict[str, str | None] = {}
    for element in items(values):
        match = _DIRECTIVE.fullmatch(element)
        if match is None:
            found.setdefault(element.partition("=")[0].strip().lower(), "")  # `max-age =60`
            continue
        argument = match[2]
        if argument is not None and argument.startswith('"'):
            argument = _QUOTED_PAIR.sub(r"\1", argument[1:-1])
        found.setdefault(match[1].lower(), argument)
    return found


def targeted(values: Iterable[str]) -> Mapping[str, str | None] | None:
    """Return the directives of `CDN-Cache-Control` (RFC 9213), None where it is absent, empty or malformed.

    It is a structured dictionary: the last of a name counts, and a number in quotes is no number.
    """
    found: dict[str, str | None] = {}
    for element in items(values):
        match = _MEMBER.fullmatch(element)
        if match is None:
            return None
        found.pop(match[1], None)
        if match[2] != "?0":
            found[match[1]] = match[2]
    if any(found.get(name) is not None and seconds(found[name]) is None for name in ("max-age", "s-maxage")):
        return None
    return found or None


def seconds(text: str | None) -> int | None:
    """Return a number of seconds (RFC 9111 §1.2.2), None for what is none."""
    if text is None or not _SECONDS.fullmatch(text):
        return None
    return min(int(text[:20]), LONGEST)


def age(values: Iterable[str]) -> int:
    """Return what `Age` says, 0 for nothing or nonsense; of several values the first counts (RFC 9111 §5.1)."""
    return next((seconds(element) or 0 for element in items(values)), 0)


def date(values: Iterable[str], now: float) -> float | None:
    """Return the Unix time of a date in any of HTTP's three formats (RFC 9110 §5.6.7).

    None where there is none, several, or a malformed one. A year of two digits that would be over 50 years after `now`
    is in the past.
    """
    given = list(values)
    if len(given) != 1:
        return None
    match = next((match for pattern in _DATES if (match := pattern.fullmatch(given[0].strip().lower()))), None)
    if match is None:
        return None
    parts = {name: int(text) for name, text in match.groupdict().items() if name != "month"}
    if len(match["year"]) == len("94"):
        year = datetime.fromtimestamp(now, UTC).year
        parts["year"] += year // 100 * 100
        parts["year"] -= 100 if parts["year"] > year + _YEARS_AHEAD else 0
    parts["second"] -= parts["second"] == _LEAP_SECOND
    try:
        return datetime(month=_MONTHS.index(match["month"]) + 1, tzinfo=UTC, **parts).timestamp()
    except ValueError:
        return None


def combined(headers: Mapping[str, str], name: str) -> str:
    """Return a field's value over all its lines (RFC 9110 §5.2): proxies may add a line instead of an element."""
    getall = getattr(headers, "getall", None)  # not by `isinstance`: an abstract class takes twenty times as long
    return headers.get(name, "") if getall is None else ", ".join(getall(name, ()))
