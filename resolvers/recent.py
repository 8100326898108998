"""What was told of a design lately, so that it is not made again for everybody who comes back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

_MOST_BYTES: Final = 1 << 20


class Recent:
    """Payloads by what those have in common who are sent the same, and by the numbers of batches."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._payloads: OrderedDict[tuple[Hashable, int], bytes] = OrderedDict()

    def get(self, alike: Hashable | None, seq: int) -> bytes | None:
        """Return what was told; None where it is not known any more."""
        return self._payloads.get((alike, seq))

    def keep(self, alike: Hashable | None, seq: int, payload: bytes) -> None:
        """Keep what is told of a batch, and forget what was told longest ago; what is one reader's own is not kept."""
        if alike is None or (alike, seq) in self._payloads:
            return
        self._payloads[alike, seq] = payload
        self._bytes += len(payload)
        while self._bytes > self._most_bytes:
            self._bytes -= len(self._payloads.popitem(last=False)[1])
