"""Real cursors, as graphql-core answers them, of the lists that most queries lead to."""

from __future__ import annotations

from typing import Any

import orjson

from tests.compiled.arguments import Pool
from tests.compiled.world import Asked, World

_ENTRIES = """{
  gallery(first: 100) { edges { cursor } }
  listings(first: 100) { edges { cursor } }
  prices: listings(first: 100, orderBy: PRICE) { edges { cursor } }
  nearby(first: 100, center: { latitude: 40.4, longitude: -3.7 }) { edges { cursor } }
}"""
_VIEWER = "{ viewer { memberships { edges { cursor } } passkeys { edges { cursor } } } }"
_PUBLIC = """{ listings(first: 3) { edges { node {
  id designs { edges { cursor } } organization { id projects { edges { cursor } } }
} } } }"""
_LISTS = {
    "Organization": ("projects", "members", "assets", "operations"),
    "Project": ("designs", "activity"),
    "Design": ("comments",),
    "Comment": ("replies",),
}


async def harvest(world: World, pool: Pool) -> None:
    """Fill the pool's cursors."""
    for name, connection in (await _ask(world, _ENTRIES, "nobody")).items():
        _keep(pool, "", name.replace("prices", "listings"), connection)
    for name, connection in (await _ask(world, _VIEWER, "several"))["viewer"].items():
        _keep(pool, "viewer", name, connection)
    for kind, names in _LISTS.items():
        lists = " ".join(f"{name}(first: 100) {{ edges {{ cursor }} }}" for name in names)
        for id_ in pool.hot[kind]:
            found = await _ask(world, f'{{ node(id: "{id_}") {{ ... on {kind} {{ {lists} }} }} }}', "several")
            for name, connection in (found["node"] or {}).items():
                _keep(pool, id_, name, connection)
    for edge in (await _ask(world, _PUBLIC, "nobody"))["listings"]["edges"]:
        node, organization = edge["node"], edge["node"]["organization"]
        _keep(pool, node["id"], "designs", node["designs"])
        _keep(pool, organization["id"], "projects", organization["projects"])


async def _ask(world: World, text: str, viewer: str) -> Any:
    body = orjson.loads((await world.by_core(Asked(text, None, {}, viewer))).body)
    assert "errors" not in body, body
    return body["data"]


def _keep(pool: Pool, at: str, name: str, connection: Any) -> None:
    """Keep a list's first cursor, one in the middle, and the last."""
    cursors = [edge["cursor"] for edge in connection["edges"]]
    if cursors:
        pool.cursors.setdefault((at, name), []).extend((cursors[0], cursors[len(cursors) // 2], cursors[-1]))
