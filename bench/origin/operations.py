"""The operations, and how each is asked of a server: always with GET, by its id where the server knows ids."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from app.http import registry
from bench.origin.subjects import PAGE, Subjects
from edge import plans
from schema import ids
from schema.prepared import document_id


@dataclass(frozen=True)
class Operation:
    """One operation: its document, the variables that are asked in turn, and whether somebody is signed in."""

    name: str
    text: str
    variables: Sequence[Mapping[str, Any]] = ({},)
    signed: bool = False

    @property
    def id(self) -> str:
        """Return the SHA-256 of its document."""
        return document_id(self.text)


Address = Callable[[Operation], tuple[str, dict[str, str]]]
"""How a server is asked for an operation: the path, and the parameters beside `variables`."""


def operations(subjects: Subjects) -> list[Operation]:
    """Return the operations about these subjects."""
    documents, known = registry.load(), {plan.name: plan.id for plan in plans.load().values()}

    def operation(name: str, *variables: Mapping[str, Any], signed: bool = False) -> Operation:
        return Operation(name, documents[known[name]], variables, signed)

    pages = [{"first": PAGE, "after": cursor} for cursor in subjects.cursors]
    return [
        operation("Gallery", {"first": PAGE}),
        replace(operation("Gallery", *pages), name="GalleryPages"),
        operation("DesignPage", {"id": ids.encode("Design", subjects.design)}),
        operation("ViewerHome", {}, signed=True),
        operation("ProjectCard", *({"slug": slug} for slug in subjects.slugs)),
    ]


def by_path(operation: Operation) -> tuple[str, dict[str, str]]:
    """Address an operation as the platform's web clients do."""
    return f"/graphql/{operation.id}", {}


def by_text(operation: Operation) -> tuple[str, dict[str, str]]:
    """Address an operation by its document."""
    return "/graphql", {"query": operation.text}


def by_mercurius(operation: Operation) -> tuple[str, dict[str, str]]:
    """Address an operation by its id as Mercurius has it."""
    return "/graphql", {"persisted": "true", "query": operation.id}


def by_apollo(operation: Operation) -> tuple[str, dict[str, str]]:
    """Address an operation by its id as Apollo's clients do."""
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": operation.id}}
    return "/graphql", {"extensions": json.dumps(extensions, separators=(",", ":"))}


def targets(address: Address, operation: Operation) -> list[str]:
    """Return the request targets of an operation, one for each of its variables."""
    path, parameters = address(operation)
    spelled = (json.dumps(given, separators=(",", ":")) for given in operation.variables)
    queries = ({**parameters, **({"variables": text} if text != "{}" else {})} for text in spelled)
    return [f"{path}?{urlencode(query)}" if query else path for query in queries]
