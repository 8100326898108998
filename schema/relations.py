"""Declarations: a relation is said once, on one line of the type, and not written by hand.

Batching, cost, cache dependencies and the compiled executor all read the same line: `field.metadata`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry

from auth.viewer import Viewer
from schema.connection import connect, nothing
from schema.context import Info
from schema.lists import PageKey, check_first
from schema.node import Node, show

DEFAULT_FIRST = 20


def reference(kind: str, *, key: str, description: str) -> Any:
    """Declare one entity of type `kind`, whose id is the document's attribute `key`; null where there is none."""

    async def resolve(root: strawberry.Parent[Any], info: Info) -> Any:
        id_ = getattr(root.document, key)
        return None if id_ is None else show(await info.context.loaders.entity(kind).load(id_))

    return strawberry.field(
        resolver=resolve, description=description, metadata={"relation": "reference", "kind": kind, "needs": (key,)}
    )


def related(
    collection: str,
    *,
    by: str,
    description: str,
    public: str | None = None,
    visible: Callable[[Node, Viewer], bool] | None = None,
) -> Any:
    """Declare the connection over a collection whose equality field `by` is this entity's id.

    Members of the entity's organization (or who `visible` says) read `collection`; others read `public`, or nothing.
    """

    async def resolve(
        root: strawberry.Parent[Any], info: Info, first: int = DEFAULT_FIRST, after: str | None = None
    ) -> Any:
        viewer = info.context.viewer
        inside = visible(root, viewer) if visible else root.tenant() in viewer.roles
        name = collection if inside else public
        if name is None:
            return nothing()
        return await connect(info.context, name, PageKey(((by, root.document.id),), check_first(first), after))

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={
            "relation": "related",
            "collection": collection,
            "by": by,
            "public": public,
            "visible": visible,
            "needs": ("id",),
        },
    )


def computed(
    *needs: str,
    description: str,
    leads_to: str | None = None,
    loads: str | None = None,
    once: Callable[..., Callable[..., Any]] | None = None,
    **options: Any,
) -> Any:
    """Declare a field computed from these attributes of its own document, and, it may be, from a list of `leads_to`.

    A field that must read more names what it `loads`, as `schema.compiled.loads` knows it; others are plain functions.
    Where much of the work is the same for all documents, `once` does that: from `info` and the arguments it returns the
    function that makes the value from these attributes, in this order.
    """
    metadata: dict[str, Any] = {"needs": needs}
    metadata |= {} if leads_to is None else {"kind": leads_to}
    metadata |= {} if loads is None else {"loads": loads}
    metadata |= {} if once is None else {"once": once}
    return strawberry.field(description=description, metadata=metadata, **options)
