"""What is kept of what was told, and that who comes back is sent the same."""

from __future__ import annotations

import pytest

from app.http import streaming
from resolvers.recent import Recent
from tests.following import EVENTS, socket
from tests.platform import Platform, added


def test_the_latest_is_kept_within_bounds() -> None:
    """Given room for ten bytes, then what was told longest ago goes, and what is one reader's own is not kept."""
    recent = Recent(10)
    recent.keep("alike", 1, b"four")
    recent.keep("alike", 2, b"five5")
    recent.keep("alike", 1, b"another")
    recent.keep(None, 3, b"own")
    assert (recent.get("alike", 1), recent.get("alike", 2), recent.get(None, 3)) == (b"four", b"five5", None)
    recent.keep("other", 1, b"two")
    assert (recent.get("alike", 1), recent.get("alike", 2), recent.get("other", 1)) == (None, b"five5", b"two")
    recent.keep("large", 1, b"larger than all of it")
    assert [recent.get(alike, seq) for alike, seq in (("large", 1), ("alike", 2), ("other", 1))] == [None] * 3


async def test_who_comes_back_is_sent_what_was_made_before(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given somebody who follows, when others come and ask the same from the start, then no batch is executed again."""
    ana = await platform.user()
    organization = await ana.organization()
    design = await ana.design(await ana.project(organization))
    bea = await ana.member(organization, "VIEWER")
    async with socket(platform.session, platform.api, ana.token) as first:
        await first.send(EVENTS, {"id": design, "after": 0})
        for number in range(3):
            await ana.edit(design, added(f"e{number}"))
        told = [await first.event() for _ in range(3)]
        monkeypatch.setattr(streaming, "execute", None)  # whoever executes now fails
        for who in (ana, bea):
            async with socket(platform.session, platform.api, who.token) as back:
                await back.send(EVENTS, {"id": design, "after": 0})
                assert [await back.event() for _ in range(3)] == told
        monkeypatch.undo()
