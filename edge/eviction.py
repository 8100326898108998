"""S3-FIFO: a map bounded by bytes that keeps what is asked for again, whatever is scanned past it.

After Yang et al., "FIFO queues are all you need for cache eviction" (SOSP 2023). What is new waits in a small queue; it
moves to the main queue only if it was asked for meanwhile, else it goes, and is remembered by its hash for a while.
What comes back then enters the main queue at once. A use only counts up, so that a hit writes to no shared structure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")

_SMALL_SHARE = 10  # the small queue has a tenth of the capacity
_MOST_USES = 3
_LARGEST_SHARE = 10  # nothing that takes more than a tenth of the capacity is kept


class _Node(Generic[K, V]):
    """One kept value; a queue still holds the node after its value was removed."""

    __slots__ = ("cost", "key", "main", "uses", "value")

    def __init__(self, key: K, value: V, cost: int) -> None:
        self.key = key
        self.value: V | None = value
        self.cost = cost
        self.uses = 0
        self.main = False


class S3Fifo(Generic[K, V]):
    """Values by key; `capacity` and costs are bytes. Not for use from several threads.

    `on_evict` is told of what had to go for want of room, not of what was removed.
    """

    def __init__(self, capacity: int, on_evict: Callable[[K, V], None] | None = None) -> None:
        self.capacity = capacity
        self.used = 0
        self._on_evict = on_evict
        self._nodes: dict[K, _Node[K, V]] = {}
        self._small: deque[_Node[K, V]] = deque()
        self._main: deque[_Node[K, V]] = deque()
        self._small_used = 0
        self._dead = 0
        self._ghosts: set[int] = set()
        self._ghost_queue: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, key: K) -> bool:
        return key in self._nodes

    @property
    def largest(self) -> int:
        """Return how many bytes one value may take."""
        return self.capacity // _LARGEST_SHARE

    def get(self, key: K) -> V | None:
        """Return the value of a key and count the use; None if there is none."""
        node = self._nodes.get(key)
        if node is None:
            return None
        if node.uses < _MOST_USES:
            node.uses += 1
        return node.value

    def peek(self, key: K) -> V | None:
        """Return the value of a key without counting the use."""
        node = self._nodes.get(key)
        return None if node is None else node.value

    def items(self) -> Iterator[tuple[K, V]]:
        """Yield every key and value; nothing may be added or removed meanwhile."""
        for key, node in self._nodes.items():
            yield key, cast("V", node.value)

    def put(self, key: K, value: V, cost: int) -> bool:
        """Keep a value of so many bytes in place of the key's last one; False if it is too large to be kept."""
        held = self._nodes.get(key)
        uses = held.uses if held is not None else 0
        was_main = held.main if held is not None else hash(key) in self._ghosts
        if held is not None:
            self.remove(key)
        if cost > self.largest:
            return False
        while self.used + cost > self.capacity:
            self._evict()
        node = _Node(key, value, cost)
        node.uses = uses
        node.main = was_main
        self._nodes[key] = node
        self.used += cost
        if was_main:
            self._ghosts.discard(hash(key))
            self._main.append(node)
        else:
            self._small.append(node)
            self._small_used += cost
        return True

    def remove(self, key: K) -> V | None:
        """Take a key out and return its value; None if there is none."""
        node = self._nodes.get(key)
        if node is None:
            return None
        value = self._release(node)
        self._dead += 1
        if self._dead > len(self._nodes) + 64:
            self._sweep()
        return value

    def clear(self) -> None:
        """Take everything out."""
        self._nodes.clear()
        self._small.clear()
        self._main.clear()
        self._ghosts.clear()
        self._ghost_queue.clear()
        self.used = self._small_used = self._dead = 0

    def _release(self, node: _Node[K, V]) -> V:
        value = cast("V", node.value)
        del self._nodes[node.key]
        node.value = None
        self.used -= node.cost
        if not node.main:
            self._small_used -= node.cost
        return value

    def _sweep(self) -> None:
        """Let go of the nodes that are only held by a queue."""
        self._small = deque(node for node in self._small if node.value is not None)
        self._main = deque(node for node in self._main if node.value is not None)
        self._dead = 0

    def _evict(self) -> None:
        """Let one value go."""
        while True:
            small = self._small_used * _SMALL_SHARE > self.capacity or not self._main
            node = (self._small if small else self._main).popleft()
            if node.value is None:
                self._dead -= 1
            elif small and node.uses > 1:
                node.main, node.uses = True, 0
                self._small_used -= node.cost
                self._main.append(node)
            elif not small and node.uses > 0:
                node.uses -= 1
                self._main.append(node)
            else:
                break
        value = self._release(node)
        if small:
            self._remember(hash(node.key))
        if self._on_evict is not None:
            self._on_evict(node.key, value)

    def _remember(self, ghost: int) -> None:
        """Remember a key that went from the small queue, for as long as about as many went after it as are kept."""
        self._ghosts.add(ghost)
        self._ghost_queue.append(ghost)
        while len(self._ghost_queue) > len(self._nodes) + 16:
            self._ghosts.discard(self._ghost_queue.popleft())
