"""Relay global ids: base64 of `Type:<id>` (GraphQL Global Object Identification)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from beanie import PydanticObjectId
from bson import ObjectId
from bson.errors import InvalidId
from strawberry import ID

from models.errors import InvalidInputError


def encode(kind: str, id_: Any) -> ID:
    """Return the global id of a document of a GraphQL type."""
    return ID(encoder(kind)(id_))


def encoder(kind: str) -> Callable[[Any], str]:
    """Return what makes the global ids of documents of a GraphQL type; for many of them."""
    prefix = f"{kind}:".encode()

    def encoded(id_: Any) -> str:
        text = binascii.hexlify(id_.binary) if type(id_) is ObjectId else str(id_).encode()
        return binascii.b2a_base64(prefix + text, newline=False).decode()

    return encoded


def decode(global_id: str, *, path: tuple[str, ...] = ("id",)) -> tuple[str, str]:
    """Return (type, id); raises InvalidInputError for what is no global id."""
    try:
        kind, separator, id_ = base64.b64decode(global_id, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        separator = ""
    if not separator:
        raise InvalidInputError(f"{path[-1]}: {global_id[:60]!r} is not an id of this API.", path=path)
    return kind, id_


def key(global_id: str, kind: str, *, path: tuple[str, ...] = ("id",)) -> PydanticObjectId:
    """Return the document's id in a global id of one type.

    Raises:
        InvalidInputError: it is malformed, or the id of another type; names both types.

    """
    found, id_ = decode(global_id, path=path)
    if found != kind:
        raise InvalidInputError(f"{path[-1]}: expected the id of a {kind}, got one of a {found[:40]!r}.", path=path)
    return object_id(id_, path=path)


def object_id(text: str, *, path: tuple[str, ...] = ("id",)) -> PydanticObjectId:
    """Return a document's id; raises InvalidInputError for what is none."""
    try:
        return PydanticObjectId(text)
    except InvalidId as error:
        raise InvalidInputError(f"{path[-1]}: this id is malformed.", path=path) from error
